/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_PCI_CONFIG_H
#define VKFD_DEVICE_PCI_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include "vkfd_hw/types.h"

/*
 * PCI Express configuration space of one GPU, as bytes with two masks: which
 * bits a write changes, and which a written one clears. Nothing here acts; a
 * write only says which parts of the device have to look again.
 */
#define PCI_CONFIG_BYTES 4096u
#define PCI_BARS	 6u

struct pci_config {
	u8 value[PCI_CONFIG_BYTES];
	u8 writable[PCI_CONFIG_BYTES];
	u8 clears[PCI_CONFIG_BYTES]; /* RW1C: writing 1 clears the bit */
	u8 reset[PCI_CONFIG_BYTES];  /* values after a conventional reset */
	u64 bar_bytes[PCI_BARS];     /* 0: none, or the upper half of the one below */
};

/* What a write touched; several may be set. */
enum pci_config_effect {
	PCI_EFFECT_DECODE = 1 << 0, /* a BAR or memory enable */
	PCI_EFFECT_FLR = 1 << 1,    /* function level reset was asked for */
};

void pci_config_init(struct pci_config *config, u64 vram_bytes);

/* All registers as at power on. */
void pci_config_reset(struct pci_config *config);
/*
 * Function level reset. BAR addresses stay: QEMU answers BAR reads itself and
 * would not tell the guest that they were lost.
 */
void pci_config_flr(struct pci_config *config);

/* False if [offset, offset + len) is not inside configuration space. */
bool pci_config_read(const struct pci_config *config, u64 offset, void *dst, size_t len);
bool pci_config_write(struct pci_config *config, u64 offset, const void *src, size_t len,
		      unsigned int *effects);

/* Bus address at which @bar answers, 0 if it is not decoded or would wrap. */
u64 pci_config_bar(const struct pci_config *config, unsigned int bar);
bool pci_config_msi_enabled(const struct pci_config *config);

#endif
