/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_HW_PCI_H
#define VKFD_HW_PCI_H

/*
 * PCI identity and BARs of the virtual GPU. The id is ours; AMD's numbers
 * appear only in the KFD topology that the driver publishes.
 */
#define VKFD_PCI_VENDOR_ID	0x1234
#define VKFD_PCI_DEVICE_ID	0x564b	/* "VK" */
#define VKFD_PCI_SUBSYSTEM_ID	0x0001
#define VKFD_PCI_REVISION	0x02
#define VKFD_PCI_CLASS		0x120000 /* processing accelerator */

/*
 * BAR0/1 VRAM, 64-bit prefetchable, memory-mappable whole. BAR2/3 doorbells,
 * 64-bit prefetchable, trapped. BAR4 registers, 32-bit, trapped. BAR5 MSI-X
 * table and pending bits, 32-bit.
 */
#define VKFD_BAR_VRAM		0
#define VKFD_BAR_DOORBELL	2
#define VKFD_BAR_REGS		4
#define VKFD_BAR_MSIX		5

#define VKFD_DOORBELL_BAR_BYTES	0x800000u
#define VKFD_REGS_BAR_BYTES	0x10000u
#define VKFD_MSIX_BAR_BYTES	0x1000u
#define VKFD_MSIX_TABLE_OFFSET	0x000u
#define VKFD_MSIX_PBA_OFFSET	0x800u

/* Vector 0 announces new IH ring entries, vector 1 a fatal device error. */
#define VKFD_MSIX_IH		0
#define VKFD_MSIX_ERROR		1
#define VKFD_MSIX_VECTORS	2

#define VKFD_MAX_GPUS		8

#endif
