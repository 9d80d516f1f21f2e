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
 * 64-bit prefetchable, trapped. BAR4 registers, 32-bit, trapped.
 */
#define VKFD_BAR_VRAM		0
#define VKFD_BAR_DOORBELL	2
#define VKFD_BAR_REGS		4

#define VKFD_DOORBELL_BAR_BYTES	0x800000u
#define VKFD_REGS_BAR_BYTES	0x10000u

/*
 * One MSI vector: the IH ring has new entries. No MSI-X: QEMU 11.1 aborts when
 * a vfio-user device that has it is unplugged.
 */
#define VKFD_MSI_VECTORS	1

#define VKFD_MAX_GPUS		8

#endif
