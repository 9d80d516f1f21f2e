/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_PCI_BAR_H
#define VKFD_DEVICE_PCI_BAR_H

#include "gpu.h"
#include "mem/vram.h"
#include "pci/config.h"
#include "pci/msi.h"
#include "util/log.h"

/*
 * One PCI function: what a guest reaches of a GPU. Configuration space and
 * BARs are used by one thread at a time (the connection's); MSI by any.
 */
struct pci_function {
	struct pci_config config;
	struct msi msi;
	struct gpu *gpu;   /* borrowed; set once, before the first access */
	struct vram *vram; /* borrowed */
	struct log *log;   /* borrowed, may be NULL */
	u64 decoded[PCI_BARS]; /* what gpu_set_bar() was told last */
	u64 odd_accesses;      /* dropped because outside a BAR */
};

/* The owner sets function->gpu afterwards: a GPU raises interrupts through us. */
void pci_function_init(struct pci_function *function, struct vram *vram, struct log *log);
void pci_function_fini(struct pci_function *function);

/* Conventional reset: configuration space, MSI state and the engines. */
void pci_function_reset(struct pci_function *function);

/*
 * Accesses as a client of any size sends them. A BAR access is cut into
 * naturally aligned ones of 8, 4, 2 and 1 bytes. False: outside the region.
 */
bool pci_config_access(struct pci_function *function, u64 offset, u8 *data, size_t len, bool write);
bool pci_bar_access(struct pci_function *function, unsigned int bar, u64 offset, u8 *data,
		    size_t len, bool write);

#endif
