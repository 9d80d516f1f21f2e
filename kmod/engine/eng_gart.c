// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: GART
 *
 * Owns the translation table of the kernel's context: one entry for each page
 * of the copy windows, at the end of VRAM. Here it is cleared and announced to
 * the device; afterwards only packets of the copy engine write it, in order
 * with the copies that use it, so no lock exists.
 *
 * One 2 MiB page of VRAM is taken out of circulation, which keeps what mem/
 * hands out a multiple of 2 MiB; what the table leaves of it is scratch space,
 * but for a mark that tells whether VRAM lost its content.
 */
#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/sizes.h>
#include <drm/drm_managed.h>

#include "core/device.h"
#include "core/regio.h"
#include "engine/eng_gart.h"
#include "vkfd_hw/addr.h"
#include "vkfd_hw/pte.h"

#define GART_PAGES	(VKFD_GART_WINDOWS * VKFD_GART_WINDOW_PAGES)
#define GART_TABLE_BYTES (GART_PAGES * sizeof(u64))
/* In the word below the table: who finds it after a reset knows that VRAM kept its content. */
#define VRAM_MARK	0x5652414d6b657074ULL

struct vkfd_gart {
	/** @table: byte offset in VRAM. */
	u64 table;
};

/**
 * vkfd_gart_reserved_bytes() - VRAM at the end that belongs to this file
 * @dev: GPU.
 *
 * Context: Any.
 * Return: Bytes.
 */
u64 vkfd_gart_reserved_bytes(struct vkfd_device *dev)
{
	return SZ_2M;
}

static void __iomem *vram_mark(struct vkfd_device *dev)
{
	return dev->vram + dev->gart->table - sizeof(u64);
}

/**
 * vkfd_gart_vram_kept() - Does VRAM hold what it held at vkfd_gart_restart()?
 * @dev: GPU that was reset.
 *
 * Context: The reviver.
 * Return: False if its content is gone, or it cannot be read.
 */
bool vkfd_gart_vram_kept(struct vkfd_device *dev)
{
	bool kept;
	int idx;

	if (!vkfd_io_enter(dev, &idx))
		return false;
	kept = readq(vram_mark(dev)) == VRAM_MARK;
	vkfd_io_exit(idx);
	return kept;
}

/**
 * vkfd_gart_restart() - Clear the table and enable translation, also after a reset
 * @dev: GPU.
 *
 * Context: Probe and the reviver.
 */
void vkfd_gart_restart(struct vkfd_device *dev)
{
	memset_io(dev->vram + dev->gart->table, 0, GART_TABLE_BYTES);
	writeq(VRAM_MARK, vram_mark(dev));
	wmb(); /* write-combined zeroes before the device may look */
	vkfd_reg_write64(dev, VKFD_REG_GART_TABLE_LO, vkfd_gart_pte_addr(dev, 0, 0));
	vkfd_reg_write(dev, VKFD_REG_GART_PAGES, GART_PAGES);
	vkfd_reg_write(dev, VKFD_REG_GART_FLUSH, 1);
}

/**
 * vkfd_gart_init() - Clear the table and enable translation
 * @dev: GPU.
 *
 * Context: Probe.
 * Return: 0, -ENOMEM, -ENOSPC too little VRAM.
 */
int vkfd_gart_init(struct vkfd_device *dev)
{
	struct vkfd_gart *gart;

	if (dev->hw.vram_bytes <= vkfd_gart_reserved_bytes(dev))
		return -ENOSPC;
	gart = drmm_kzalloc(&dev->drm, sizeof(*gart), GFP_KERNEL);
	if (!gart)
		return -ENOMEM;
	gart->table = dev->hw.vram_bytes - GART_TABLE_BYTES;
	dev->gart = gart;
	vkfd_gart_restart(dev);
	return 0;
}

/**
 * vkfd_gart_fini() - Disable translation
 * @dev: GPU; no copy is in flight.
 *
 * Context: Probe failure and remove.
 */
void vkfd_gart_fini(struct vkfd_device *dev)
{
	vkfd_reg_write(dev, VKFD_REG_GART_PAGES, 0);
	vkfd_reg_write(dev, VKFD_REG_GART_FLUSH, 1);
}

/**
 * vkfd_gart_pte_addr() - Where an entry of the table is
 * @dev:    GPU.
 * @window: Copy window.
 * @page:   Page of the window.
 *
 * Context: Any.
 * Return: Hive address.
 */
u64 vkfd_gart_pte_addr(struct vkfd_device *dev, unsigned int window, unsigned int page)
{
	u64 index = window * VKFD_GART_WINDOW_PAGES + page;

	return VKFD_HIVE_ADDR(dev->hw.node, dev->gart->table + index * sizeof(u64));
}

/**
 * vkfd_gart_mc_addr() - Address by which the copy engine reaches a window's page
 * @dev:    GPU.
 * @window: Copy window.
 * @page:   Page of the window.
 *
 * Context: Any.
 * Return: Address in context 0.
 */
u64 vkfd_gart_mc_addr(struct vkfd_device *dev, unsigned int window, unsigned int page)
{
	return VKFD_MC_GART_BASE + (u64)(window * VKFD_GART_WINDOW_PAGES + page) * SZ_4K;
}

/**
 * vkfd_gart_pte() - Entry for a system page
 * @bus: Bus address, 4 KiB aligned.
 *
 * Context: Any.
 * Return: The entry.
 */
u64 vkfd_gart_pte(dma_addr_t bus)
{
	return (bus & VKFD_PTE_ADDR_MASK) | VKFD_PTE_VALID | VKFD_PTE_SYSTEM | VKFD_PTE_SNOOPED |
	       VKFD_PTE_READABLE | VKFD_PTE_WRITEABLE;
}

/**
 * vkfd_gart_scratch() - VRAM for the self-test
 * @dev:   GPU.
 * @bytes: Out: length.
 *
 * Context: Any.
 * Return: Byte offset in VRAM.
 */
u64 vkfd_gart_scratch(struct vkfd_device *dev, u64 *bytes)
{
	*bytes = SZ_1M;
	return dev->hw.vram_bytes - vkfd_gart_reserved_bytes(dev);
}
