// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: asking for attributes
 *
 * Answers KFD's get: what is common to all registered pages of an interval, or
 * the defaults if none is registered. Creates nothing. The attribute array is
 * written only when the whole call succeeds.
 */
#include <linux/kfd_ioctl.h>

#include "svm.h"
#include "svm_gc.h"
#include "svm_set.h"
#include "svm_types.h"

static int check_query(const struct vkfd_svm *svm, u32 nattr,
		       const struct kfd_ioctl_svm_attribute *attrs)
{
	u32 i;

	for (i = 0; i < nattr; i++) {
		switch (attrs[i].type) {
		case KFD_IOCTL_SVM_ATTR_PREFERRED_LOC:
		case KFD_IOCTL_SVM_ATTR_PREFETCH_LOC:
		case KFD_IOCTL_SVM_ATTR_SET_FLAGS:
		case KFD_IOCTL_SVM_ATTR_CLR_FLAGS:
		case KFD_IOCTL_SVM_ATTR_GRANULARITY:
			break;
		case KFD_IOCTL_SVM_ATTR_ACCESS:
			if (vkfd_svm_slot_of(svm, attrs[i].value) < 0)
				return -EINVAL;
			break;
		default:
			return -EINVAL;
		}
	}
	return 0;
}

static void summarize(struct vkfd_svm *svm, u64 start, u64 end, struct vkfd_svm_summary *sum)
{
	struct vkfd_svm_values values;

	vkfd_svm_attrs_summarize(&svm->attrs, start, end, sum);
	if (sum->any)
		return;
	vkfd_svm_default_values(svm, &values);
	*sum = (struct vkfd_svm_summary){
		.preferred = values.preferred,
		.prefetch = values.prefetch,
		.access = values.access,
		.in_place = values.in_place,
		.flags_all = values.flags,
		.flags_any = values.flags,
		.granularity = values.granularity,
	};
}

static void answer(const struct vkfd_svm *svm, const struct vkfd_svm_summary *sum,
		   struct kfd_ioctl_svm_attribute *attr)
{
	u32 bit;

	switch (attr->type) {
	case KFD_IOCTL_SVM_ATTR_PREFERRED_LOC:
		attr->value = sum->preferred;
		break;
	case KFD_IOCTL_SVM_ATTR_PREFETCH_LOC:
		attr->value = sum->prefetch;
		break;
	case KFD_IOCTL_SVM_ATTR_ACCESS:
		bit = BIT(vkfd_svm_slot_of(svm, attr->value));
		attr->type = sum->access & bit ? KFD_IOCTL_SVM_ATTR_ACCESS :
			     sum->in_place & bit ? KFD_IOCTL_SVM_ATTR_ACCESS_IN_PLACE :
			     KFD_IOCTL_SVM_ATTR_NO_ACCESS;
		break;
	case KFD_IOCTL_SVM_ATTR_SET_FLAGS:
		attr->value = sum->flags_all;
		break;
	case KFD_IOCTL_SVM_ATTR_CLR_FLAGS:
		attr->value = ~sum->flags_any;
		break;
	case KFD_IOCTL_SVM_ATTR_GRANULARITY:
		attr->value = sum->granularity;
		break;
	}
}

static int get_locked(struct vkfd_svm *svm, u64 start, u64 end, u32 nattr,
		      struct kfd_ioctl_svm_attribute *attrs)
{
	struct vkfd_svm_summary sum;
	int err;
	u32 i;

	lockdep_assert_held(&svm->lock);
	err = vkfd_svm_gc_run(svm);
	if (err)
		return err;
	err = vkfd_svm_check_memory(svm, start, end);
	if (err)
		return err;
	err = check_query(svm, nattr, attrs);
	if (err)
		return err;
	summarize(svm, start, end, &sum);
	for (i = 0; i < nattr; i++)
		answer(svm, &sum, &attrs[i]);
	return 0;
}

/**
 * vkfd_svm_get_attrs() - What is common to the pages of an interval
 * @svm:   SVM state.
 * @start: First byte.
 * @size:  Bytes.
 * @nattr: How many attributes.
 * @attrs: In: types, and the GPU of ACCESS. Out: values; the type of ACCESS
 *         becomes the kind of access.
 *
 * Context: Process context of the owner, may sleep; takes &vkfd_svm.lock and
 * mmap_lock.
 * Return: 0; -EINVAL unaligned, empty, unknown or unqueryable attribute,
 * unknown GPU; -EOVERFLOW; -EFAULT memory missing or not to be shared;
 * -EADDRINUSE a buffer lives there; -ENOMEM.
 */
int vkfd_svm_get_attrs(struct vkfd_svm *svm, u64 start, u64 size, u32 nattr,
		       struct kfd_ioctl_svm_attribute *attrs)
{
	int err = vkfd_svm_check_bounds(start, size);

	if (err)
		return err;
	mutex_lock(&svm->lock);
	err = get_locked(svm, start, start + size, nattr, attrs);
	mutex_unlock(&svm->lock);
	return err;
}
