// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: register and doorbell access
 *
 * The only file that touches BAR4 and the kernel's doorbell frame. Whoever uses
 * a mapping of the device, here or the page tables in VRAM, does so between
 * vkfd_io_enter() and vkfd_io_exit(); vkfd_io_close() at the end of remove waits
 * for them and refuses the rest. drm_dev_enter() would close too early: after
 * drm_dev_unplug() the engines must still bring device pages back to RAM.
 *
 * A dead device answers all-ones; since some registers may hold that, HW_MAGIC,
 * which cannot, is asked before the device is given up.
 *
 * Each access traps into the device process, so the data path stays away.
 */
#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/srcu.h>

#include "core/device.h"
#include "core/regio.h"
#include "vkfd_hw/doorbell.h"

DEFINE_STATIC_SRCU(vkfd_io_srcu);

/**
 * vkfd_io_enter() - Begin to use the device's mappings
 * @dev: GPU.
 * @idx: Out: for vkfd_io_exit().
 *
 * Context: Any but NMI; what is between may sleep.
 * Return: False after vkfd_io_close(): do not touch them, do not exit.
 */
bool vkfd_io_enter(struct vkfd_device *dev, int *idx)
{
	*idx = srcu_read_lock(&vkfd_io_srcu);
	if (!READ_ONCE(dev->io_closed))
		return true;
	srcu_read_unlock(&vkfd_io_srcu, *idx);
	return false;
}

/**
 * vkfd_io_exit() - End what vkfd_io_enter() began
 * @idx: From vkfd_io_enter().
 *
 * Context: Any but NMI.
 */
void vkfd_io_exit(int idx)
{
	srcu_read_unlock(&vkfd_io_srcu, idx);
}

/**
 * vkfd_io_close() - The mappings are about to vanish
 * @dev: GPU.
 *
 * Context: Remove, probe failure and PCI reset; waits for users of any GPU's mappings.
 */
void vkfd_io_close(struct vkfd_device *dev)
{
	WRITE_ONCE(dev->io_closed, true);
	synchronize_srcu(&vkfd_io_srcu);
}

/**
 * vkfd_io_open() - The mappings can be used again
 * @dev: GPU, after vkfd_io_close().
 *
 * Context: End of a PCI reset.
 */
void vkfd_io_open(struct vkfd_device *dev)
{
	WRITE_ONCE(dev->io_closed, false);
}

static void check_gone(struct vkfd_device *dev)
{
	if (ioread32(dev->regs + VKFD_REG_HW_MAGIC) == ~0u)
		vkfd_device_mark_lost(dev, "registers read all-ones");
}

/**
 * vkfd_reg_read() - Read a 32-bit register
 * @dev:    GPU.
 * @offset: Byte offset in BAR4.
 *
 * Context: Any that may be slow; about 100 us under TCG.
 * Return: The value, or all-ones when the device is lost.
 */
u32 vkfd_reg_read(struct vkfd_device *dev, u32 offset)
{
	u32 value = ~0u;
	int idx;

	if (vkfd_device_is_lost(dev) || !vkfd_io_enter(dev, &idx))
		return value;
	value = ioread32(dev->regs + offset);
	if (value == ~0u)
		check_gone(dev);
	vkfd_io_exit(idx);
	return value;
}

/**
 * vkfd_reg_read64() - Read a register pair at once
 * @dev:    GPU.
 * @offset: Byte offset of the low half, 8-byte aligned.
 *
 * Context: As vkfd_reg_read().
 * Return: The value, or all-ones when the device is lost.
 */
u64 vkfd_reg_read64(struct vkfd_device *dev, u32 offset)
{
	u64 value = ~0ULL;
	int idx;

	if (vkfd_device_is_lost(dev) || !vkfd_io_enter(dev, &idx))
		return value;
	value = readq(dev->regs + offset);
	if (value == ~0ULL)
		check_gone(dev);
	vkfd_io_exit(idx);
	return value;
}

/**
 * vkfd_reg_write() - Write a 32-bit register
 * @dev:    GPU.
 * @offset: Byte offset in BAR4.
 * @value:  Value; dropped when the device is lost.
 *
 * Context: As vkfd_reg_read().
 */
void vkfd_reg_write(struct vkfd_device *dev, u32 offset, u32 value)
{
	int idx;

	if (vkfd_device_is_lost(dev) || !vkfd_io_enter(dev, &idx))
		return;
	iowrite32(value, dev->regs + offset);
	vkfd_io_exit(idx);
}

/**
 * vkfd_reg_write64() - Write a register pair at once
 * @dev:    GPU.
 * @offset: Byte offset of the low half, 8-byte aligned.
 * @value:  Value; dropped when the device is lost.
 *
 * Context: As vkfd_reg_read().
 */
void vkfd_reg_write64(struct vkfd_device *dev, u32 offset, u64 value)
{
	int idx;

	if (vkfd_device_is_lost(dev) || !vkfd_io_enter(dev, &idx))
		return;
	writeq(value, dev->regs + offset);
	vkfd_io_exit(idx);
}

static bool reset_by(struct vkfd_device *dev, u32 how)
{
	u32 status;
	int idx;

	if (!vkfd_io_enter(dev, &idx))
		return false;
	iowrite32(how, dev->regs + VKFD_REG_RESET);
	status = ioread32(dev->regs + VKFD_REG_STATUS);
	vkfd_io_exit(idx);
	return status != ~0u && (status & VKFD_STATUS_READY);
}

/**
 * vkfd_reg_reset() - Stop the device, whatever state it is in; VRAM keeps its content
 * @dev: GPU.
 *
 * Context: Any but NMI.
 * Return: True if the device answered and says it is ready.
 */
bool vkfd_reg_reset(struct vkfd_device *dev)
{
	return reset_by(dev, VKFD_RESET_ENGINES);
}

/**
 * vkfd_reg_reset_all() - As vkfd_reg_reset(), and VRAM loses its content
 * @dev: GPU.
 *
 * Context: As vkfd_reg_reset(); takes the time to clear VRAM.
 * Return: As vkfd_reg_reset().
 */
bool vkfd_reg_reset_all(struct vkfd_device *dev)
{
	return reset_by(dev, VKFD_RESET_ALL);
}

/**
 * vkfd_kernel_doorbell() - Ring a queue of the kernel
 * @dev:   GPU.
 * @slot:  Slot in frame 0.
 * @value: Write pointer.
 *
 * Everything stored to memory before, coherent or write-combined VRAM, is
 * visible to the device before the doorbell is.
 *
 * Context: Any, one trapped store.
 */
void vkfd_kernel_doorbell(struct vkfd_device *dev, u32 slot, u64 value)
{
	int idx;

	if (vkfd_device_is_lost(dev) || !vkfd_io_enter(dev, &idx))
		return;
	wmb(); /* rings and write-combined page tables before the doorbell */
	writeq(value, dev->doorbell0 + 8 * slot);
	vkfd_io_exit(idx);
}

/**
 * vkfd_clock() - Device clock
 * @dev: GPU.
 *
 * Context: As vkfd_reg_read().
 * Return: Ticks of VKFD_CLOCK_HZ, all-ones when the device is lost.
 */
u64 vkfd_clock(struct vkfd_device *dev)
{
	return vkfd_reg_read64(dev, VKFD_REG_CLOCK_LO);
}
