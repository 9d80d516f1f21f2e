// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: page tables in VRAM
 *
 * One &struct vkfd_pt is a table: 4 KiB of VRAM that the device walks, written
 * by plain CPU stores through the BAR, and a copy in RAM, because reading VRAM
 * back is slow and the device must not be able to mislead the driver. VRAM for
 * tables comes from mem/ through &vkfd_device.pt_mem.
 *
 * Stores are 64 bits, so a walker sees an old or a new entry, never a mixture.
 *
 * Locks: none here; mmu_vm.c says who may call what.
 */
#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/slab.h>

#include "core/device.h"
#include "core/regio.h"
#include "mmu/mmu_pt.h"
#include "mmu/mmu_pte.h"
#include "mmu/mmu_vm.h"

static void pt_clear_vram(struct vkfd_device *dev, u64 vram_offset)
{
	int idx;

	if (!vkfd_io_enter(dev, &idx))
		return;
	memset_io(dev->vram + vram_offset, 0, VKFD_PT_BYTES);
	wmb(); /* zeroes before the pointer that makes them reachable */
	vkfd_io_exit(idx);
}

/**
 * vkfd_pt_create() - Allocate an empty table
 * @dev:   GPU.
 * @level: 0 for a PTB; above it there is room for children.
 *
 * Context: May sleep and evict.
 * Return: The table, or ERR_PTR(-ENOMEM, -ENOSPC, -ENODEV).
 */
struct vkfd_pt *vkfd_pt_create(struct vkfd_device *dev, unsigned int level)
{
	struct vkfd_pt *pt;
	int err = -ENOMEM;

	pt = kzalloc_obj(*pt, GFP_KERNEL_ACCOUNT);
	if (!pt)
		return ERR_PTR(-ENOMEM);
	pt->shadow = kzalloc_objs(*pt->shadow, VKFD_PT_ENTRIES, GFP_KERNEL_ACCOUNT);
	if (!pt->shadow)
		goto err_free_pt;
	if (level) {
		pt->children = kzalloc_objs(*pt->children, VKFD_PT_ENTRIES, GFP_KERNEL_ACCOUNT);
		if (!pt->children)
			goto err_free_shadow;
	}
	err = dev->pt_mem->alloc(dev, &pt->vram_offset);
	if (err)
		goto err_free_children;
	pt_clear_vram(dev, pt->vram_offset);
	return pt;

err_free_children:
	kfree(pt->children);
err_free_shadow:
	kfree(pt->shadow);
err_free_pt:
	kfree(pt);
	return ERR_PTR(err);
}

/**
 * vkfd_pt_destroy() - Free a table and everything below it
 * @dev: GPU, which does not walk it any more.
 * @pt:  Table; at most four levels deep.
 *
 * Context: May sleep.
 */
void vkfd_pt_destroy(struct vkfd_device *dev, struct vkfd_pt *pt)
{
	unsigned int i;

	for (i = 0; pt->children && i < VKFD_PT_ENTRIES; i++)
		if (pt->children[i])
			vkfd_pt_destroy(dev, pt->children[i]);
	dev->pt_mem->free(dev, pt->vram_offset);
	kfree(pt->children);
	kfree(pt->shadow);
	kfree(pt);
}

/**
 * vkfd_pt_hive() - Address by which the device knows a table
 * @dev: GPU.
 * @pt:  Table.
 *
 * Context: Any.
 * Return: Hive address.
 */
u64 vkfd_pt_hive(struct vkfd_device *dev, const struct vkfd_pt *pt)
{
	return VKFD_HIVE_ADDR(dev->hw.node, pt->vram_offset);
}

/**
 * vkfd_pt_store() - Write one entry, in VRAM and shadow
 * @dev:   GPU.
 * @pt:    Table.
 * @index: Which entry.
 * @entry: New value.
 *
 * After vkfd_io_close() only the shadow is written.
 *
 * Context: Any; the caller serialises stores to @pt and has called
 * vkfd_io_enter(), whatever it returned.
 */
void vkfd_pt_store(struct vkfd_device *dev, struct vkfd_pt *pt, unsigned int index, u64 entry)
{
	pt->shadow[index] = entry;
	if (!READ_ONCE(dev->io_closed))
		writeq(entry, dev->vram + pt->vram_offset + index * sizeof(u64));
}

/**
 * vkfd_pt_write() - Write a table and all below it to VRAM, as the shadow has them
 * @dev:     GPU.
 * @pt:      Table.
 * @entries: Lock of the entries.
 *
 * Context: The caller keeps tables from coming and going.
 */
void vkfd_pt_write(struct vkfd_device *dev, struct vkfd_pt *pt, spinlock_t *entries)
{
	unsigned int i;
	int idx;

	if (!vkfd_io_enter(dev, &idx))
		return;
	spin_lock(entries);
	memcpy_toio(dev->vram + pt->vram_offset, pt->shadow, VKFD_PT_BYTES);
	spin_unlock(entries);
	vkfd_io_exit(idx);
	for (i = 0; pt->children && i < VKFD_PT_ENTRIES; i++)
		if (pt->children[i])
			vkfd_pt_write(dev, pt->children[i], entries);
	cond_resched();
}

/**
 * vkfd_pt_child() - Table below an entry
 * @pt:    Table above level 0.
 * @index: Which entry.
 *
 * Context: Any, no lock.
 * Return: The table or NULL.
 */
struct vkfd_pt *vkfd_pt_child(const struct vkfd_pt *pt, unsigned int index)
{
	return smp_load_acquire(&pt->children[index]); /* pairs with vkfd_pt_grow() */
}

/**
 * vkfd_pt_grow() - Make sure a table exists below an entry
 * @dev:   GPU.
 * @pt:    Table of @level, above 0.
 * @index: Which entry.
 * @level: Level of @pt.
 *
 * Context: May sleep and evict; the caller holds the table mutex.
 * Return: 0, -ENOMEM, -ENOSPC, -ENODEV.
 */
int vkfd_pt_grow(struct vkfd_device *dev, struct vkfd_pt *pt, unsigned int index,
		 unsigned int level)
{
	struct vkfd_pt *child;
	bool io;
	int idx;

	if (pt->children[index])
		return 0;
	child = vkfd_pt_create(dev, level - 1);
	if (IS_ERR(child))
		return PTR_ERR(child);
	io = vkfd_io_enter(dev, &idx);
	vkfd_pt_store(dev, pt, index, vkfd_pde(vkfd_pt_hive(dev, child)));
	if (io)
		vkfd_io_exit(idx);
	smp_store_release(&pt->children[index], child); /* entry and content first */
	return 0;
}
