// SPDX-License-Identifier: MIT
/*
 * Any sequence of configuration writes: identity and capabilities never
 * change, a decoded BAR is aligned and does not wrap.
 */
#include <assert.h>
#include <string.h>

#include "pci/config.h"
#include "util/fuzz.h"
#include "vkfd_hw/pci.h"

#define VRAM_BYTES (64ull << 20)

static void check(const struct pci_config *config)
{
	for (unsigned int i = 0; i < PCI_CONFIG_BYTES; i++) {
		u8 fixed = (u8) ~(config->writable[i] | config->clears[i]);

		assert((config->value[i] & fixed) == (config->reset[i] & fixed));
	}
	for (unsigned int bar = 0; bar < PCI_BARS; bar++) {
		u64 bytes = config->bar_bytes[bar];
		u64 bus = pci_config_bar(config, bar);

		assert(!bus || !(bus & (bytes - 1)));
		assert(!bus || bus + (bytes - 1) >= bus);
	}
}

/* Input: records of offset (2 bytes), length (1), data; length 0 is a reset. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pci_config config;

	pci_config_init(&config, VRAM_BYTES);
	while (len >= 3) {
		u16 offset;
		size_t count = data[2];
		unsigned int effects;
		u8 seen[256];

		memcpy(&offset, data, sizeof(offset));
		data += 3;
		len -= 3;
		if (count > len)
			count = len;
		if (!count)
			pci_config_flr(&config);
		else if (pci_config_write(&config, offset, data, count, &effects))
			assert(pci_config_read(&config, offset, seen, count));
		else
			assert(offset + count > PCI_CONFIG_BYTES);
		data += count;
		len -= count;
		check(&config);
	}
	return 0;
}
