/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_CORE_REGIO_H
#define VKFD_CORE_REGIO_H

#include <linux/types.h>

struct vkfd_device;

/*
 * Mappings of the device (registers, doorbells, VRAM stores by the kernel) may be
 * used only between vkfd_io_enter() and vkfd_io_exit(); false: gone, do not exit.
 * Spinlocks may be taken between them. vkfd_io_close() is for
 * vkfd_drv.c, and with vkfd_io_open() for a PCI reset.
 *
 * The only door to BAR4. A 32-bit read of all-ones of a register that cannot
 * hold it marks the device lost. Each access traps (about 100 us under TCG):
 * nothing on the data path may call these.
 */
bool vkfd_io_enter(struct vkfd_device *dev, int *idx);
void vkfd_io_exit(int idx);
void vkfd_io_close(struct vkfd_device *dev);
void vkfd_io_open(struct vkfd_device *dev);

u32 vkfd_reg_read(struct vkfd_device *dev, u32 offset);
u64 vkfd_reg_read64(struct vkfd_device *dev, u32 offset);
void vkfd_reg_write(struct vkfd_device *dev, u32 offset, u32 value);
void vkfd_reg_write64(struct vkfd_device *dev, u32 offset, u64 value);
/*
 * Stops every engine and forgets all queues and contexts, and reads STATUS back
 * so that nothing of the device touches memory afterwards. Works on a lost device
 * too. True if it answered.
 */
bool vkfd_reg_reset(struct vkfd_device *dev);
bool vkfd_reg_reset_all(struct vkfd_device *dev);
/* One store to a slot of doorbell frame 0; orders earlier memory writes before it. */
void vkfd_kernel_doorbell(struct vkfd_device *dev, u32 slot, u64 value);
/* Device clock (VKFD_CLOCK_HZ), one trapped read. */
u64 vkfd_clock(struct vkfd_device *dev);

#endif
