// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: GPU address space
 *
 * Owns the page-table tree of one (process, GPU) and its context in the device.
 * Called by mem/ for buffers and by svm/ for ranges, the latter also from inside
 * MMU notifiers, where nothing may be allocated: vkfd_vm_prealloc() makes all
 * tables before, and they stay until the space is destroyed.
 *
 * A 2 MiB leaf replaces the pointer in the PDB0; the PTB behind it stays, empty.
 * Removing any part of a leaf, or mapping something smaller into it, puts the
 * pointer back, so the rest of the 2 MiB faults and is mapped again.
 *
 * A fragment says that its neighbours are contiguous. When part of a fragment
 * changes, the entries that remain get fragment 0 first.
 *
 * A reset of the GPU takes the contexts away, not the tables: they are in VRAM,
 * and what the CPU changes meanwhile it stores there all the same. So giving the
 * device its contexts back is enough.
 *
 * Locks: &vkfd_device.vms_lock around contexts, outside all but the process lock.
 * &vkfd_vm.tables, a mutex, while tables are added. &vkfd_vm.entries, a
 * spinlock held for at most one table, around entries: callers serialise on
 * their own VA interval, but two neighbours may share a table.
 *
 * Refused: addresses outside the 47-bit space; mapping without tables.
 */
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "core/device.h"
#include "core/regio.h"
#include "engine/eng_kiq.h"
#include "mmu/mmu_pt.h"
#include "mmu/mmu_pte.h"
#include "mmu/mmu_vm.h"
#include "vkfd_hw/addr.h"

#define VM_END		(VKFD_GPUVM_LIMIT + 1)
#define PTB_BYTES	BIT_ULL(VKFD_PT_SHIFT(1))	/* what one PTB, or one leaf, covers */
#define LEVEL_ROOT	(VKFD_PT_LEVELS - 1)

struct vkfd_vm {
	struct vkfd_device *dev;
	/** @link: &vkfd_device.vms; changes with the context, under vms_lock. */
	struct list_head link;
	u32 pasid;
	u32 ctx;
	bool retry;
	/** @tba: handler that the device knows, and @tma, what it gets; under vms_lock. */
	u64 tba, tma;
	struct vkfd_pt *root;
	/** @tables: while tables are added. */
	struct mutex tables;
	/** @entries: entries and counts of the tables. */
	spinlock_t entries;
};

/** struct vm_slot - the PDB0 entry that covers an address, and the PTB below it */
struct vm_slot {
	struct vkfd_pt *pdb0;
	unsigned int index;
	struct vkfd_pt *ptb;
};

static int ctx_set(struct vkfd_vm *vm)
{
	struct vkfd_kiq_cmd cmd = {
		.op = VKFD_KIQ_CTX_SET,
		.ctx = {
			.ctx = vm->ctx,
			.pasid = vm->pasid,
			.flags = vm->retry ? VKFD_CTX_RETRY : 0,
			.root = vkfd_pt_hive(vm->dev, vm->root),
		},
	};

	return vkfd_kiq_run(vm->dev, &cmd);
}

static int ctx_trap(struct vkfd_vm *vm, u64 tba, u64 tma)
{
	struct vkfd_kiq_cmd cmd = {
		.op = VKFD_KIQ_CTX_TRAP,
		.trap = { .ctx = vm->ctx, .tba = tba, .tma = tma },
	};

	return vkfd_kiq_run(vm->dev, &cmd);
}

static int ctx_add(struct vkfd_vm *vm)
{
	struct vkfd_device *dev = vm->dev;
	int err;

	mutex_lock(&dev->vms_lock);
	err = ctx_set(vm);
	if (!err)
		list_add_tail(&vm->link, &dev->vms);
	mutex_unlock(&dev->vms_lock);
	return err;
}

static int ctx_clear(struct vkfd_vm *vm)
{
	struct vkfd_kiq_cmd cmd = { .op = VKFD_KIQ_CTX_CLEAR, .ctx.ctx = vm->ctx };
	int err;

	mutex_lock(&vm->dev->vms_lock);
	err = vkfd_kiq_run(vm->dev, &cmd);
	list_del(&vm->link);
	mutex_unlock(&vm->dev->vms_lock);
	return err;
}

/**
 * vkfd_vms_restore() - After a reset: the device knows every space again
 * @dev: GPU whose KIQ works.
 *
 * Its TLB is empty and no user queue exists, so what was changed while it was
 * lost, without a flush, is what it will find.
 *
 * Context: The reviver, may sleep.
 * Return: 0 or as vkfd_kiq_run().
 */
int vkfd_vms_restore(struct vkfd_device *dev)
{
	struct vkfd_vm *vm;
	int err = 0;

	mutex_lock(&dev->vms_lock);
	list_for_each_entry(vm, &dev->vms, link) {
		err = ctx_set(vm) ?: ctx_trap(vm, vm->tba, vm->tma);
		if (err)
			break;
	}
	mutex_unlock(&dev->vms_lock);
	return err;
}

/**
 * vkfd_vms_write_tables() - VRAM lost its content: write all tables again
 * @dev: GPU that does not walk them.
 *
 * Context: The reviver; stores of others to entries may go on.
 */
void vkfd_vms_write_tables(struct vkfd_device *dev)
{
	struct vkfd_vm *vm;

	mutex_lock(&dev->vms_lock);
	list_for_each_entry(vm, &dev->vms, link) {
		mutex_lock(&vm->tables);
		vkfd_pt_write(dev, vm->root, &vm->entries);
		mutex_unlock(&vm->tables);
	}
	mutex_unlock(&dev->vms_lock);
}

/**
 * vkfd_vm_create() - Address space of one (process, GPU)
 * @dev:   GPU.
 * @pasid: Name of the process in interrupts.
 * @retry: XNACK mode.
 *
 * Context: May sleep and evict.
 * Return: The space, or ERR_PTR(-ENOMEM, -ENOSPC no context or VRAM, -ENODEV,
 * -EINVAL refused by the device).
 */
struct vkfd_vm *vkfd_vm_create(struct vkfd_device *dev, u32 pasid, bool retry)
{
	struct vkfd_vm *vm = kzalloc_obj(*vm);
	int err;

	if (!vm)
		return ERR_PTR(-ENOMEM);
	vm->dev = dev;
	vm->pasid = pasid;
	vm->retry = retry;
	mutex_init(&vm->tables);
	spin_lock_init(&vm->entries);
	err = ida_alloc_range(&dev->ctx_ida, 1, VKFD_MAX_CONTEXTS - 1, GFP_KERNEL);
	if (err < 0)
		goto err_free_vm;
	vm->ctx = err;
	vm->root = vkfd_pt_create(dev, LEVEL_ROOT);
	if (IS_ERR(vm->root)) {
		err = PTR_ERR(vm->root);
		goto err_free_ctx;
	}
	err = ctx_add(vm);
	if (err)
		goto err_destroy_root;
	drm_dev_get(&dev->drm);
	return vm;

err_destroy_root:
	vkfd_pt_destroy(dev, vm->root);
err_free_ctx:
	ida_free(&dev->ctx_ida, vm->ctx);
err_free_vm:
	kfree(vm);
	return ERR_PTR(err);
}

/**
 * vkfd_vm_destroy() - Free the space and every table
 * @vm: Space without queues.
 *
 * If a queue is still mapped, which is a bug, the context and the tables that
 * the device may walk are leaked rather than reused.
 *
 * Context: May sleep.
 */
void vkfd_vm_destroy(struct vkfd_vm *vm)
{
	struct vkfd_device *dev = vm->dev;

	if (!WARN_ON_ONCE(ctx_clear(vm) == -EBUSY)) {
		vkfd_pt_destroy(dev, vm->root);
		ida_free(&dev->ctx_ida, vm->ctx);
	}
	mutex_destroy(&vm->tables);
	kfree(vm);
	vkfd_device_put(dev);
}

/** vkfd_vm_device() - GPU of a space; not counted */
struct vkfd_device *vkfd_vm_device(const struct vkfd_vm *vm)
{
	return vm->dev;
}

/** vkfd_vm_ctx() - Context number of a space, which is its doorbell frame */
u32 vkfd_vm_ctx(const struct vkfd_vm *vm)
{
	return vm->ctx;
}

/**
 * vkfd_vm_set_retry() - Switch XNACK mode
 * @vm:    Space without queues.
 * @retry: New mode; unchanged on error.
 *
 * Context: May sleep; callers serialise.
 * Return: 0 or as vkfd_kiq_run().
 */
int vkfd_vm_set_retry(struct vkfd_vm *vm, bool retry)
{
	bool old = vm->retry;
	int err;

	if (old == retry)
		return 0;
	mutex_lock(&vm->dev->vms_lock);
	vm->retry = retry;
	err = ctx_set(vm);
	if (err)
		vm->retry = old;
	mutex_unlock(&vm->dev->vms_lock);
	return err;
}

/**
 * vkfd_vm_set_trap() - Where waves go at s_trap
 * @vm:  Space.
 * @tba: Address of the handler in it, 0 for none.
 * @tma: What the handler finds in its registers.
 *
 * Context: May sleep; callers serialise.
 * Return: 0 or as vkfd_kiq_run().
 */
int vkfd_vm_set_trap(struct vkfd_vm *vm, u64 tba, u64 tma)
{
	int err;

	mutex_lock(&vm->dev->vms_lock);
	err = ctx_trap(vm, tba, tma);
	if (!err) {
		vm->tba = tba;
		vm->tma = tma;
	}
	mutex_unlock(&vm->dev->vms_lock);
	return err;
}

static bool interval_valid(u64 start, u64 end)
{
	return start < end && end <= VM_END && !((start | end) % VKFD_PT_BYTES);
}

/* Every table on the way to the PTB of @va. */
static int prealloc_one(struct vkfd_vm *vm, u64 va)
{
	struct vkfd_pt *pt = vm->root;
	unsigned int level;
	int err;

	lockdep_assert_held(&vm->tables);
	for (level = LEVEL_ROOT; level > 0; level--) {
		unsigned int index = VKFD_PT_INDEX(va, level);

		err = vkfd_pt_grow(vm->dev, pt, index, level);
		if (err)
			return err;
		pt = pt->children[index];
	}
	return 0;
}

/**
 * vkfd_vm_prealloc() - Make every table for [start, end) exist
 * @vm:    Space.
 * @start: Page aligned.
 * @end:   Page aligned, half-open.
 *
 * Context: May sleep and evict; takes the table mutex.
 * Return: 0, -EINVAL outside the space, -ENOMEM, -ENOSPC, -ENODEV, -EINTR on a
 * fatal signal. Tables made before an error stay.
 */
int vkfd_vm_prealloc(struct vkfd_vm *vm, u64 start, u64 end)
{
	u64 va;
	int err = 0;

	if (!interval_valid(start, end))
		return -EINVAL;
	mutex_lock(&vm->tables);
	for (va = start; va < end && !err; va = (va | (PTB_BYTES - 1)) + 1) {
		err = fatal_signal_pending(current) ? -EINTR : prealloc_one(vm, va);
		cond_resched();
	}
	mutex_unlock(&vm->tables);
	return err;
}

/*
 * Finds the slot of @va. False if a table is missing; then @skip is the first
 * address that the missing table does not cover.
 */
static bool slot_find(struct vkfd_vm *vm, u64 va, struct vm_slot *slot, u64 *skip)
{
	struct vkfd_pt *pt = vm->root;
	unsigned int level;

	for (level = LEVEL_ROOT; level > 0; level--) {
		unsigned int index = VKFD_PT_INDEX(va, level);
		struct vkfd_pt *child = vkfd_pt_child(pt, index);

		if (!child) {
			*skip = (va | (BIT_ULL(VKFD_PT_SHIFT(level)) - 1)) + 1;
			return false;
		}
		if (level == 1)
			*slot = (struct vm_slot){ .pdb0 = pt, .index = index, .ptb = child };
		pt = child;
	}
	return true;
}

static bool slot_is_leaf(const struct vm_slot *slot)
{
	return vkfd_pte_is_leaf(slot->pdb0->shadow[slot->index]);
}

/* Takes a leaf away: the PDB0 points to the PTB again, which is empty. */
static void slot_drop_leaf(struct vkfd_vm *vm, const struct vm_slot *slot)
{
	lockdep_assert_held(&vm->entries);
	vkfd_pt_store(vm->dev, slot->pdb0, slot->index, vkfd_pde(vkfd_pt_hive(vm->dev, slot->ptb)));
}

static void ptb_store(struct vkfd_vm *vm, struct vkfd_pt *ptb, unsigned int index, u64 entry)
{
	lockdep_assert_held(&vm->entries);
	ptb->valid -= vkfd_pte_valid(ptb->shadow[index]);
	ptb->valid += vkfd_pte_valid(entry);
	vkfd_pt_store(vm->dev, ptb, index, entry);
}

/* Entries outside [first, last) that share a fragment with @index get fragment 0. */
static void ptb_split_fragment(struct vkfd_vm *vm, struct vkfd_pt *ptb, unsigned int index,
			       unsigned int first, unsigned int last)
{
	unsigned int i, start, end;

	vkfd_pte_frag_block(index, ptb->shadow[index], &start, &end);
	for (i = start; i < end; i++)
		if ((i < first || i >= last) && vkfd_pte_valid(ptb->shadow[i]))
			ptb_store(vm, ptb, i, vkfd_pte_with_frag(ptb->shadow[i], 0));
}

/* [first, last) is about to change; true if anything valid was there. */
static bool ptb_clear(struct vkfd_vm *vm, struct vkfd_pt *ptb, unsigned int first,
		      unsigned int last)
{
	bool changed = false;
	unsigned int i;

	if (!ptb->valid)
		return false;
	ptb_split_fragment(vm, ptb, first, first, last);
	ptb_split_fragment(vm, ptb, last - 1, first, last);
	for (i = first; i < last; i++) {
		if (!vkfd_pte_valid(ptb->shadow[i]))
			continue;
		ptb_store(vm, ptb, i, 0);
		changed = true;
	}
	return changed;
}

/* [first, last) of a slot becomes invalid; a leaf goes as a whole. */
static bool slot_clear(struct vkfd_vm *vm, const struct vm_slot *slot, unsigned int first,
		       unsigned int last)
{
	if (!slot_is_leaf(slot))
		return ptb_clear(vm, slot->ptb, first, last);
	slot_drop_leaf(vm, slot);
	return true;
}

static void slot_map(struct vkfd_vm *vm, const struct vm_slot *slot, u64 va, u64 pages, u64 pte)
{
	while (pages) {
		unsigned int order = vkfd_pte_order(va, pte, pages);
		u64 entry = vkfd_pte_leaf(pte, order);
		u64 i, count = 1ULL << order;

		if (order == VKFD_FRAG_2M)
			vkfd_pt_store(vm->dev, slot->pdb0, slot->index, entry);
		for (i = 0; order != VKFD_FRAG_2M && i < count; i++)
			ptb_store(vm, slot->ptb, VKFD_PT_INDEX(va, 0) + i,
				  vkfd_pte_advance(entry, i));
		va += count * VKFD_PT_BYTES;
		pte = vkfd_pte_advance(pte, count);
		pages -= count;
	}
}

/* Pages of [va, end) that lie in the same PTB as @va. */
static u64 pages_in_slot(u64 va, u64 end)
{
	return (min(end, (va | (PTB_BYTES - 1)) + 1) - va) / VKFD_PT_BYTES;
}

/**
 * vkfd_vm_map() - Map physically contiguous memory
 * @vm:    Space.
 * @va:    First address, page aligned.
 * @pages: Number of 4 KiB pages.
 * @pte:   First entry: address and flags; the address advances.
 *
 * What was there is cleared before the new entries are written, so a walker sees
 * the old page, a fault, or the new page.
 *
 * Context: No sleep, no allocation; tables exist.
 * Return: True if something valid was there: flush.
 */
bool vkfd_vm_map(struct vkfd_vm *vm, u64 va, u64 pages, u64 pte)
{
	u64 end = va + pages * VKFD_PT_BYTES;
	struct vm_slot slot;
	bool io, changed = false;
	u64 skip;
	int idx;

	if (WARN_ON_ONCE(!interval_valid(va, end)))
		return false;
	io = vkfd_io_enter(vm->dev, &idx);
	while (va < end) {
		u64 count = pages_in_slot(va, end);
		unsigned int first = VKFD_PT_INDEX(va, 0);

		if (WARN_ON_ONCE(!slot_find(vm, va, &slot, &skip)))
			break;
		spin_lock(&vm->entries);
		changed |= slot_clear(vm, &slot, first, first + count);
		slot_map(vm, &slot, va, count, pte);
		spin_unlock(&vm->entries);
		va += count * VKFD_PT_BYTES;
		pte = vkfd_pte_advance(pte, count);
	}
	if (io)
		vkfd_io_exit(idx);
	return changed;
}

/**
 * vkfd_vm_zap() - Invalidate [start, end)
 * @vm:    Space.
 * @start: Page aligned.
 * @end:   Page aligned, half-open; parts outside the space are ignored.
 *
 * Context: As vkfd_vm_map(); also inside an MMU notifier.
 * Return: True if anything valid was removed: flush [start, end) rounded out to
 * 2 MiB.
 */
bool vkfd_vm_zap(struct vkfd_vm *vm, u64 start, u64 end)
{
	struct vm_slot slot;
	bool io, changed = false;
	u64 va, next;
	int idx;

	end = min(end, VM_END);
	io = vkfd_io_enter(vm->dev, &idx);
	for (va = start; va < end; va = next) {
		unsigned int first = VKFD_PT_INDEX(va, 0);
		u64 count;

		if (!slot_find(vm, va, &slot, &next))
			continue;
		count = pages_in_slot(va, end);
		next = va + count * VKFD_PT_BYTES;
		spin_lock(&vm->entries);
		changed |= slot_clear(vm, &slot, first, first + count);
		spin_unlock(&vm->entries);
	}
	if (io)
		vkfd_io_exit(idx);
	return changed;
}

/**
 * vkfd_vm_is_mapped() - Is a page mapped with these permissions?
 * @vm:             Space.
 * @va:             Address.
 * @required_flags: VKFD_PTE_* bits that must be set.
 *
 * Context: No sleep.
 * Return: True if so; from the shadow, which is what was stored.
 */
bool vkfd_vm_is_mapped(struct vkfd_vm *vm, u64 va, u64 required_flags)
{
	u64 skip, entry, flags = required_flags | VKFD_PTE_VALID;
	struct vm_slot slot;

	if (va >= VM_END || !slot_find(vm, va, &slot, &skip))
		return false;
	spin_lock(&vm->entries);
	entry = slot.pdb0->shadow[slot.index];
	if (!vkfd_pte_is_leaf(entry))
		entry = slot.ptb->shadow[VKFD_PT_INDEX(va, 0)];
	spin_unlock(&vm->entries);
	return (entry & flags) == flags;
}
