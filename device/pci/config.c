// SPDX-License-Identifier: MIT
/*
 * Configuration space: a type 0 header, the MSI and the PCI Express
 * capability, no extended capabilities. The layout is one table of registers;
 * everything not listed reads 0 and ignores writes.
 */
#include "pci/config.h"

#include <linux/pci_regs.h>
#include <string.h>

#include "vkfd_hw/pci.h"

#define CAP_MSI 0x40u /* 64-bit address, no mask bits: 14 bytes */
#define CAP_EXP 0x50u

#define COMMAND_WRITABLE                                                                         \
	(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY | PCI_COMMAND_SERR |       \
	 PCI_COMMAND_INTX_DISABLE)
#define STATUS_CLEARS                                                                            \
	(PCI_STATUS_PARITY | PCI_STATUS_SIG_TARGET_ABORT | PCI_STATUS_REC_TARGET_ABORT |         \
	 PCI_STATUS_REC_MASTER_ABORT | PCI_STATUS_SIG_SYSTEM_ERROR | PCI_STATUS_DETECTED_PARITY)

#define EXP_FLAGS   (2u | PCI_EXP_TYPE_ENDPOINT << 4)
#define EXP_DEVCAP  (PCI_EXP_DEVCAP_RBER | PCI_EXP_DEVCAP_FLR)
#define EXP_DEVCTL_WRITABLE                                                                      \
	(PCI_EXP_DEVCTL_CERE | PCI_EXP_DEVCTL_NFERE | PCI_EXP_DEVCTL_FERE |                      \
	 PCI_EXP_DEVCTL_URRE | PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_PAYLOAD |                \
	 PCI_EXP_DEVCTL_NOSNOOP_EN | PCI_EXP_DEVCTL_READRQ)
#define EXP_DEVSTA_CLEARS                                                                        \
	(PCI_EXP_DEVSTA_CED | PCI_EXP_DEVSTA_NFED | PCI_EXP_DEVSTA_FED | PCI_EXP_DEVSTA_URD)
#define EXP_LINK (PCI_EXP_LNKCAP_SLS_16_0GB | 16u << 4)
#define EXP_LNKCTL_WRITABLE                                                                      \
	(PCI_EXP_LNKCTL_ASPMC | PCI_EXP_LNKCTL_RCB | PCI_EXP_LNKCTL_CCC | PCI_EXP_LNKCTL_ES)

/* One register: where, how wide, what it holds after reset, what a write may do. */
struct config_reg {
	u16 offset;
	u8 bytes;
	u32 reset;
	u32 writable;
	u32 clears;
};

static const struct config_reg config_regs[] = {
	{ PCI_VENDOR_ID, 2, VKFD_PCI_VENDOR_ID, 0, 0 },
	{ PCI_DEVICE_ID, 2, VKFD_PCI_DEVICE_ID, 0, 0 },
	{ PCI_COMMAND, 2, 0, COMMAND_WRITABLE, 0 },
	{ PCI_STATUS, 2, PCI_STATUS_CAP_LIST, 0, STATUS_CLEARS },
	{ PCI_CLASS_REVISION, 4, (u32)VKFD_PCI_CLASS << 8 | VKFD_PCI_REVISION, 0, 0 },
	{ PCI_CACHE_LINE_SIZE, 1, 0, 0xff, 0 },
	{ PCI_SUBSYSTEM_VENDOR_ID, 2, VKFD_PCI_VENDOR_ID, 0, 0 },
	{ PCI_SUBSYSTEM_ID, 2, VKFD_PCI_SUBSYSTEM_ID, 0, 0 },
	{ PCI_CAPABILITY_LIST, 1, CAP_MSI, 0, 0 },
	{ PCI_INTERRUPT_LINE, 1, 0, 0xff, 0 },

	{ CAP_MSI, 2, PCI_CAP_ID_MSI | CAP_EXP << 8, 0, 0 },
	{ CAP_MSI + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_64BIT, PCI_MSI_FLAGS_ENABLE, 0 },
	{ CAP_MSI + PCI_MSI_ADDRESS_LO, 4, 0, 0xfffffffc, 0 },
	{ CAP_MSI + PCI_MSI_ADDRESS_HI, 4, 0, 0xffffffff, 0 },
	{ CAP_MSI + PCI_MSI_DATA_64, 2, 0, 0xffff, 0 },

	{ CAP_EXP, 2, PCI_CAP_ID_EXP, 0, 0 },
	{ CAP_EXP + PCI_EXP_FLAGS, 2, EXP_FLAGS, 0, 0 },
	{ CAP_EXP + PCI_EXP_DEVCAP, 4, EXP_DEVCAP, 0, 0 },
	{ CAP_EXP + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_READRQ_512B,
	  EXP_DEVCTL_WRITABLE, 0 },
	{ CAP_EXP + PCI_EXP_DEVSTA, 2, 0, 0, EXP_DEVSTA_CLEARS },
	{ CAP_EXP + PCI_EXP_LNKCAP, 4, EXP_LINK, 0, 0 },
	{ CAP_EXP + PCI_EXP_LNKCTL, 2, 0, EXP_LNKCTL_WRITABLE, 0 },
	{ CAP_EXP + PCI_EXP_LNKSTA, 2, EXP_LINK, 0, 0 },
	{ CAP_EXP + PCI_EXP_LNKCAP2, 4, 0x1e, 0, 0 }, /* 2.5 to 16 GT/s */
	{ CAP_EXP + PCI_EXP_LNKCTL2, 2, PCI_EXP_LNKCTL2_TLS_16_0GT, PCI_EXP_LNKCTL2_TLS, 0 },
};

static void put_le(u8 *dst, u64 value, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		dst[i] = (u8)(value >> (8 * i));
}

static u64 get_le(const u8 *src, unsigned int bytes)
{
	u64 value = 0;

	for (unsigned int i = bytes; i-- > 0;)
		value = value << 8 | src[i];
	return value;
}

/* @flags are the low type bits; a 64-bit BAR takes the next one as well. */
static void bar_init(struct pci_config *config, unsigned int bar, u64 bytes, u32 flags)
{
	u32 offset = PCI_BASE_ADDRESS_0 + 4 * bar;
	unsigned int width = (flags & PCI_BASE_ADDRESS_MEM_TYPE_64) ? 8 : 4;

	config->bar_bytes[bar] = bytes;
	put_le(&config->reset[offset], flags, width);
	put_le(&config->writable[offset], ~(bytes - 1), width);
}

void pci_config_init(struct pci_config *config, u64 vram_bytes)
{
	const u32 wide = PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH;

	memset(config, 0, sizeof(*config));
	for (size_t i = 0; i < sizeof(config_regs) / sizeof(config_regs[0]); i++) {
		const struct config_reg *reg = &config_regs[i];

		put_le(&config->reset[reg->offset], reg->reset, reg->bytes);
		put_le(&config->writable[reg->offset], reg->writable, reg->bytes);
		put_le(&config->clears[reg->offset], reg->clears, reg->bytes);
	}
	bar_init(config, VKFD_BAR_VRAM, vram_bytes, wide);
	bar_init(config, VKFD_BAR_DOORBELL, VKFD_DOORBELL_BAR_BYTES, wide);
	bar_init(config, VKFD_BAR_REGS, VKFD_REGS_BAR_BYTES, 0);
	pci_config_reset(config);
}

void pci_config_reset(struct pci_config *config)
{
	memcpy(config->value, config->reset, sizeof(config->value));
}

void pci_config_flr(struct pci_config *config)
{
	u8 bars[4 * PCI_BARS];

	memcpy(bars, &config->value[PCI_BASE_ADDRESS_0], sizeof(bars));
	pci_config_reset(config);
	memcpy(&config->value[PCI_BASE_ADDRESS_0], bars, sizeof(bars));
}

bool pci_config_read(const struct pci_config *config, u64 offset, void *dst, size_t len)
{
	if (len > PCI_CONFIG_BYTES || offset > PCI_CONFIG_BYTES - len)
		return false;
	memcpy(dst, &config->value[offset], len);
	return true;
}

static bool touches(u64 offset, size_t len, u64 start, u64 bytes)
{
	return offset < start + bytes && start < offset + len;
}

/* The reset request reads as 0 and is not stored: it is only an effect. */
static bool asks_flr(u64 offset, const u8 *src, size_t len)
{
	const u64 high = CAP_EXP + PCI_EXP_DEVCTL + 1;

	return touches(offset, len, high, 1) && src[high - offset] & PCI_EXP_DEVCTL_BCR_FLR >> 8;
}

bool pci_config_write(struct pci_config *config, u64 offset, const void *src, size_t len,
		      unsigned int *effects)
{
	const u8 *data = src;

	*effects = 0;
	if (len > PCI_CONFIG_BYTES || offset > PCI_CONFIG_BYTES - len)
		return false;
	for (size_t i = 0; i < len; i++) {
		u8 *value = &config->value[offset + i];
		u8 writable = config->writable[offset + i];
		u8 clears = config->clears[offset + i];

		*value = (u8)((*value & ~writable) | (data[i] & writable));
		*value &= (u8) ~(data[i] & clears);
	}
	if (touches(offset, len, PCI_COMMAND, 2) ||
	    touches(offset, len, PCI_BASE_ADDRESS_0, 4ull * PCI_BARS))
		*effects |= PCI_EFFECT_DECODE;
	if (asks_flr(offset, data, len))
		*effects |= PCI_EFFECT_FLR;
	return true;
}

u64 pci_config_bar(const struct pci_config *config, unsigned int bar)
{
	u32 offset = PCI_BASE_ADDRESS_0 + 4 * bar;
	u64 bytes = config->bar_bytes[bar];
	u64 bus;

	if (!bytes || !(get_le(&config->value[PCI_COMMAND], 2) & PCI_COMMAND_MEMORY))
		return 0;
	bus = get_le(&config->value[offset],
		     (config->value[offset] & PCI_BASE_ADDRESS_MEM_TYPE_64) ? 8 : 4);
	bus &= ~(bytes - 1);
	/* All ones is the sizing pattern, never an address. */
	return bus > UINT64_MAX - bytes ? 0 : bus;
}

bool pci_config_msi_enabled(const struct pci_config *config)
{
	return get_le(&config->value[CAP_MSI + PCI_MSI_FLAGS], 2) & PCI_MSI_FLAGS_ENABLE;
}
