// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: queue buffers in SVM memory
 *
 * A queue's context-save area may be SVM memory. The engine cannot fault on
 * it, so it must be marked ALWAYS_MAPPED and be mapped, and losing it stops
 * the queues. This file counts such buffers; the watch notifier looks them up
 * by address (hence &vkfd_svm.gc_lock) and marks those that are pulled away.
 *
 * Also here: the question whether SVM memory stands in the way of a buffer.
 */
#include <linux/kfd_ioctl.h>
#include <linux/slab.h>

#include "svm.h"
#include "svm_gc.h"
#include "svm_map.h"
#include "svm_range.h"
#include "svm_types.h"

static int slot_of_vm(const struct vkfd_svm *svm, const struct vkfd_vm *vm)
{
	unsigned int slot;

	for (slot = 0; slot < svm->nr_gpus; slot++)
		if (svm->gpus[slot].vm == vm)
			return slot;
	return -EINVAL;
}

/* Is all of [start, end) registered, always mapped and accessible on the GPU? */
static bool is_eligible(const struct vkfd_svm *svm, unsigned int slot, u64 start, u64 end)
{
	struct vkfd_svm_piece piece;

	for (; start < end; start = piece.end) {
		if (!vkfd_svm_attrs_lookup(&svm->attrs, start, &piece) ||
		    !(piece.values.flags & KFD_IOCTL_SVM_FLAG_GPU_ALWAYS_MAPPED) ||
		    !((piece.values.access | piece.values.in_place) & BIT(slot)))
			return false;
	}
	return true;
}

/* Called with gc_lock. */
static struct vkfd_svm_buffer *buffer_find(struct vkfd_svm *svm, u64 start, u64 end)
{
	struct vkfd_svm_buffer *buffer;

	lockdep_assert_held(&svm->gc_lock);
	list_for_each_entry(buffer, &svm->buffers, link)
		if (buffer->start == start && buffer->end == end)
			return buffer;
	return NULL;
}

/* Counts the buffer before it is mapped, so that an unmapping is not missed. */
static int buffer_count(struct vkfd_svm *svm, u64 start, u64 end)
{
	struct vkfd_svm_buffer *new = kzalloc_obj(*new, GFP_KERNEL_ACCOUNT), *buffer;
	int err = 0;

	if (!new)
		return -ENOMEM;
	new->start = start;
	new->end = end;
	new->users = 1;
	spin_lock(&svm->gc_lock);
	buffer = buffer_find(svm, start, end);
	if (!buffer) {
		list_add(&new->link, &svm->buffers);
		new = NULL;
	} else if (buffer->gone) {
		err = -EINVAL;
	} else {
		buffer->users++;
	}
	spin_unlock(&svm->gc_lock);
	kfree(new);
	return err;
}

static int buffer_get_locked(struct vkfd_svm *svm, struct vkfd_vm *vm, u64 start, u64 end)
{
	int slot = slot_of_vm(svm, vm), err, tries = 8;

	lockdep_assert_held(&svm->lock);
	err = vkfd_svm_gc_run(svm);
	if (err)
		return err;
	if (slot < 0 || !is_eligible(svm, slot, start, end))
		return -EINVAL;
	/* A migration may be taking it away in this moment. */
	do {
		err = vkfd_svm_map_required(svm, start, end, false);
		if (!err && vkfd_svm_is_mapped(svm, slot, start, end))
			return 0;
	} while ((!err || err == -EAGAIN || err == -EBUSY) && --tries);
	return err == -ENOMEM ? err : -EINVAL;
}

/**
 * vkfd_svm_buffer_get() - Use SVM memory as a queue buffer
 * @svm:   SVM state.
 * @vm:    Address space of the GPU whose queue uses it.
 * @va:    First byte, page aligned.
 * @bytes: Size, page multiple.
 *
 * Context: May sleep; takes &vkfd_svm.lock and mmap_lock.
 * Return: 0; -EINVAL not registered, not ALWAYS_MAPPED, no access, not mapped,
 * or pulled away under another queue; -ENOMEM.
 */
int vkfd_svm_buffer_get(struct vkfd_svm *svm, struct vkfd_vm *vm, u64 va, u64 bytes)
{
	u64 end;
	int err;

	if (!bytes || !IS_ALIGNED(va | bytes, PAGE_SIZE) || check_add_overflow(va, bytes, &end))
		return -EINVAL;
	err = buffer_count(svm, va, end);
	if (err)
		return err;
	mutex_lock(&svm->lock);
	err = buffer_get_locked(svm, vm, va, end);
	mutex_unlock(&svm->lock);
	if (err)
		vkfd_svm_buffer_put(svm, va, bytes);
	return err;
}

/**
 * vkfd_svm_buffer_put() - A queue does not use its buffer any more
 * @svm:   SVM state.
 * @va:    As in vkfd_svm_buffer_get().
 * @bytes: As in vkfd_svm_buffer_get().
 *
 * The last user of a buffer that was pulled away lets the other queues run.
 *
 * Context: May sleep.
 */
void vkfd_svm_buffer_put(struct vkfd_svm *svm, u64 va, u64 bytes)
{
	struct vkfd_svm_buffer *buffer;
	bool resume = false;

	spin_lock(&svm->gc_lock);
	buffer = buffer_find(svm, va, va + bytes);
	if (buffer && !--buffer->users) {
		list_del(&buffer->link);
		resume = buffer->gone;
	} else {
		buffer = NULL;
	}
	spin_unlock(&svm->gc_lock);
	kfree(buffer);
	if (resume)
		svm->ops->resume(svm->owner);
}

/**
 * vkfd_svm_overlaps() - Does registered SVM memory stand in a buffer's way?
 * @svm:   SVM state.
 * @start: First byte.
 * @end:   End.
 *
 * The caller has published the buffer's addresses, so that set and fault
 * service refuse them from here on; mappings of unregistered memory that
 * fault service made there before are dropped.
 *
 * Context: May sleep; takes &vkfd_svm.lock.
 * Return: true if any page has attributes.
 */
bool vkfd_svm_overlaps(struct vkfd_svm *svm, u64 start, u64 end)
{
	const struct vkfd_svm_attr *attr;
	bool overlaps;

	mutex_lock(&svm->lock);
	/* Out of memory keeps attributes that are due to go: refuse to be safe. */
	overlaps = vkfd_svm_gc_run(svm);
	attr = vkfd_svm_attrs_first(&svm->attrs, start);
	overlaps |= attr && attr->piece.start < end;
	if (!overlaps)
		vkfd_svm_ranges_drop(svm, start, end);
	mutex_unlock(&svm->lock);
	return overlaps;
}
