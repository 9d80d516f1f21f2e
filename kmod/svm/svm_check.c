// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: what user space may ask
 *
 * Validation for set and get, before anything changes, with KFD's errors and
 * in KFD's order: attributes, size, overflow, memory, buffers. Also the facts
 * that policy and defaults are made of. Looks only; called under
 * &vkfd_svm.lock.
 */
#include <linux/kfd_ioctl.h>
#include <linux/overflow.h>

#include "core/device.h"
#include "mem/mem_mgr.h"
#include "svm.h"
#include "svm_range.h"
#include "svm_set.h"
#include "svm_types.h"

/** vkfd_svm_slot_of() - Slot of a gpu_id. Return: the slot or -EINVAL. */
int vkfd_svm_slot_of(const struct vkfd_svm *svm, u32 gpu_id)
{
	unsigned int slot;

	for (slot = 0; slot < svm->nr_gpus; slot++)
		if (svm->gpus[slot].dev->gpu_id == gpu_id)
			return slot;
	return -EINVAL;
}

/** vkfd_svm_default_values() - Values of pages nobody has set anything for */
void vkfd_svm_default_values(const struct vkfd_svm *svm, struct vkfd_svm_values *values)
{
	lockdep_assert_held(&svm->lock);
	*values = (struct vkfd_svm_values){
		.preferred = KFD_IOCTL_SVM_LOCATION_UNDEFINED,
		.prefetch = KFD_IOCTL_SVM_LOCATION_UNDEFINED,
		.flags = KFD_IOCTL_SVM_FLAG_HOST_ACCESS | KFD_IOCTL_SVM_FLAG_COHERENT,
		.access = svm->xnack ? vkfd_svm_all_slots(svm) : 0,
		.granularity = svm->granularity,
	};
}

/**
 * vkfd_svm_gpu_facts() - Fill in what the policy knows of each GPU
 * @svm:  SVM state.
 * @gpus: Out, VKFD_SVM_MAX_GPUS entries.
 *
 * GPUs are linked when their device pages have one owner group.
 *
 * Context: Caller holds &vkfd_svm.lock.
 */
void vkfd_svm_gpu_facts(const struct vkfd_svm *svm, struct vkfd_svm_gpu_facts *gpus)
{
	unsigned int slot, peer;

	lockdep_assert_held(&svm->lock);
	for (slot = 0; slot < svm->nr_gpus; slot++) {
		const struct vkfd_svm_gpu *gpu = &svm->gpus[slot];

		gpus[slot] = (struct vkfd_svm_gpu_facts){
			.gpu_id = gpu->dev->gpu_id,
			.system = vkfd_device_is_apu(gpu->dev),
		};
		if (!gpus[slot].system && !vkfd_device_is_lost(gpu->dev))
			gpus[slot].room = vkfd_mem_available(gpu->dev);
		for (peer = 0; peer < svm->nr_gpus; peer++)
			if (svm->gpus[peer].owner == gpu->owner)
				gpus[slot].linked |= BIT(peer);
	}
}

/**
 * vkfd_svm_check_bounds() - Is [start, start + size) an interval of pages?
 * @start: First byte.
 * @size:  Bytes.
 *
 * Return: 0, -EINVAL unaligned or empty, -EOVERFLOW.
 */
int vkfd_svm_check_bounds(u64 start, u64 size)
{
	u64 end;

	if (!start || !size || !IS_ALIGNED(start | size, PAGE_SIZE))
		return -EINVAL;
	return check_add_overflow(start, size, &end) ? -EOVERFLOW : 0;
}

/**
 * vkfd_svm_check_memory() - Can all of [start, end) be shared?
 * @svm:   SVM state.
 * @start: First byte.
 * @end:   End.
 *
 * Context: May sleep, takes mmap_lock; caller holds &vkfd_svm.lock.
 * Return: 0, -EFAULT a gap or device memory, -EADDRINUSE a buffer lives there.
 */
int vkfd_svm_check_memory(struct vkfd_svm *svm, u64 start, u64 end)
{
	struct vkfd_svm_vma vma;
	u64 addr;

	lockdep_assert_held(&svm->lock);
	for (addr = start; addr < end; addr = vma.end)
		if (vkfd_svm_vma_find(svm, addr, end, &vma) || vma.start > addr || vma.special)
			return -EFAULT;
	return svm->ops->overlaps_buffer(svm->owner, start, end) ? -EADDRINUSE : 0;
}

static bool is_location(const struct vkfd_svm *svm, u32 value, bool undefined_too)
{
	if (value == KFD_IOCTL_SVM_LOCATION_SYSMEM)
		return true;
	if (value == KFD_IOCTL_SVM_LOCATION_UNDEFINED)
		return undefined_too;
	return vkfd_svm_slot_of(svm, value) >= 0;
}

static int check_change(const struct vkfd_svm *svm, const struct kfd_ioctl_svm_attribute *attr,
			struct vkfd_svm_change *change)
{
	int slot;

	change->type = attr->type;
	change->value = attr->value;
	switch (attr->type) {
	case KFD_IOCTL_SVM_ATTR_PREFERRED_LOC:
		return is_location(svm, attr->value, true) ? 0 : -EINVAL;
	case KFD_IOCTL_SVM_ATTR_PREFETCH_LOC:
		return is_location(svm, attr->value, false) ? 0 : -EINVAL;
	case KFD_IOCTL_SVM_ATTR_ACCESS:
	case KFD_IOCTL_SVM_ATTR_ACCESS_IN_PLACE:
	case KFD_IOCTL_SVM_ATTR_NO_ACCESS:
		slot = vkfd_svm_slot_of(svm, attr->value);
		if (slot < 0)
			return slot;
		change->value = slot;
		return 0;
	case KFD_IOCTL_SVM_ATTR_SET_FLAGS:
	case KFD_IOCTL_SVM_ATTR_CLR_FLAGS:
	case KFD_IOCTL_SVM_ATTR_GRANULARITY:
		return 0;
	default:
		return -EINVAL;
	}
}

/**
 * vkfd_svm_check_changes() - Validate the attributes of a set
 * @svm:     SVM state.
 * @nattr:   How many.
 * @attrs:   As user space gave them.
 * @changes: Out, @nattr entries: GPUs as slots.
 *
 * Context: Caller holds &vkfd_svm.lock.
 * Return: 0, or -EINVAL unknown type or GPU.
 */
int vkfd_svm_check_changes(const struct vkfd_svm *svm, u32 nattr,
			   const struct kfd_ioctl_svm_attribute *attrs,
			   struct vkfd_svm_change *changes)
{
	int err = 0;
	u32 i;

	lockdep_assert_held(&svm->lock);
	for (i = 0; i < nattr && !err; i++)
		err = check_change(svm, &attrs[i], &changes[i]);
	return err;
}
