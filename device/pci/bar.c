// SPDX-License-Identifier: MIT
/*
 * Routes accesses to the parts of the device and carries out what a write to
 * configuration space asks for. Little endian on both sides.
 */
#include "pci/bar.h"

#include <string.h>

#include "vkfd_hw/pci.h"

void pci_function_init(struct pci_function *function, struct vram *vram, struct log *log)
{
	memset(function, 0, sizeof(*function));
	pci_config_init(&function->config, vram->bytes);
	msi_init(&function->msi);
	function->vram = vram;
	function->log = log;
}

void pci_function_fini(struct pci_function *function)
{
	msi_fini(&function->msi);
}

/* Tells the GPU which BARs moved, appeared or went away. */
static void update_decode(struct pci_function *function)
{
	for (unsigned int bar = 0; bar < PCI_BARS; bar++) {
		u64 bus = pci_config_bar(&function->config, bar);

		if (bus == function->decoded[bar])
			continue;
		function->decoded[bar] = bus;
		gpu_set_bar(function->gpu, bar, bus, function->config.bar_bytes[bar]);
	}
}

void pci_function_reset(struct pci_function *function)
{
	pci_config_reset(&function->config);
	gpu_reset(function->gpu);
	msi_reset(&function->msi);
	update_decode(function);
}

static void function_level_reset(struct pci_function *function)
{
	log_line(function->log, "function level reset");
	pci_config_flr(&function->config);
	gpu_reset(function->gpu);
	msi_reset(&function->msi);
}

bool pci_config_access(struct pci_function *function, u64 offset, u8 *data, size_t len, bool write)
{
	unsigned int effects;

	if (!write)
		return pci_config_read(&function->config, offset, data, len);
	if (!pci_config_write(&function->config, offset, data, len, &effects))
		return false;
	if (effects & PCI_EFFECT_FLR)
		function_level_reset(function);
	if (effects & (PCI_EFFECT_DECODE | PCI_EFFECT_FLR))
		update_decode(function);
	return true;
}

/* Largest naturally aligned access at @offset that is not longer than @len. */
static unsigned int access_bytes(u64 offset, size_t len)
{
	unsigned int bytes = 8;

	while (bytes > len || offset & (bytes - 1))
		bytes /= 2;
	return bytes;
}

static u64 bar_read(struct pci_function *function, unsigned int bar, u64 offset, unsigned int bytes)
{
	switch (bar) {
	case VKFD_BAR_DOORBELL:
		return gpu_doorbell_read(function->gpu, offset, bytes);
	case VKFD_BAR_REGS:
		return gpu_reg_read(function->gpu, offset, bytes);
	default: /* no other BAR has a size */
		return ~0ull;
	}
}

static void bar_write(struct pci_function *function, unsigned int bar, u64 offset, u64 value,
		      unsigned int bytes)
{
	switch (bar) {
	case VKFD_BAR_DOORBELL:
		gpu_doorbell_write(function->gpu, offset, value, bytes);
		break;
	case VKFD_BAR_REGS:
		gpu_reg_write(function->gpu, offset, value, bytes);
		break;
	default:
		break;
	}
}

static void bar_access_trapped(struct pci_function *function, unsigned int bar, u64 offset, u8 *data,
			       size_t len, bool write)
{
	while (len) {
		unsigned int bytes = access_bytes(offset, len);
		u64 value = 0;

		if (write) {
			memcpy(&value, data, bytes);
			bar_write(function, bar, offset, value, bytes);
		} else {
			value = bar_read(function, bar, offset, bytes);
			memcpy(data, &value, bytes);
		}
		offset += bytes;
		data += bytes;
		len -= bytes;
	}
}

/* VRAM is normally mapped; a client may still go through us, word by word or in bulk. */
static void bar_access_vram(struct pci_function *function, u64 offset, u8 *data, size_t len, bool write)
{
	u64 word = 0;
	bool single = (len == 4 || len == 8) && !(offset & (len - 1));

	if (single && write) {
		memcpy(&word, data, len);
		vram_store(function->vram, offset, word, (unsigned int)len);
	} else if (single) {
		vram_load(function->vram, offset, &word, (unsigned int)len);
		memcpy(data, &word, len);
	} else if (write) {
		vram_write(function->vram, offset, data, len);
	} else {
		vram_read(function->vram, offset, data, len);
	}
}

bool pci_bar_access(struct pci_function *function, unsigned int bar, u64 offset, u8 *data,
		    size_t len, bool write)
{
	if (bar >= PCI_BARS || !span_fits(offset, len, function->config.bar_bytes[bar])) {
		if (!function->odd_accesses++)
			log_line(function->log, "access outside BAR%u at 0x%llx; more are only counted", bar,
				 (unsigned long long)offset);
		return false;
	}
	if (bar == VKFD_BAR_VRAM)
		bar_access_vram(function, offset, data, len, write);
	else
		bar_access_trapped(function, bar, offset, data, len, write);
	return true;
}
