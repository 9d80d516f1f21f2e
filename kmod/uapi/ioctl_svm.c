// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: SVM ioctls
 *
 * "Ask", the first arrow of a page's path: attributes of an address range go
 * in, or come out. Checks the shape of the call; rules and effects are svm/'s.
 * The process lock is not taken: a prefetch may take long.
 * Refuses: an attribute list longer than what was passed, unaligned or empty
 * ranges, unknown operations (-EINVAL).
 */
#include <linux/align.h>
#include <linux/kfd_ioctl.h>
#include <linux/mm.h>
#include <linux/overflow.h>

#include "core/trace.h"
#include "process/process.h"
#include "svm/svm.h"
#include "uapi/ioctl.h"

static int svm_check(const struct kfd_ioctl_svm_args *args, size_t bytes)
{
	if (bytes < sizeof(*args) || args->nattr > (bytes - sizeof(*args)) / sizeof(args->attrs[0]))
		return -EINVAL;
	if (!args->start_addr || !args->size || !PAGE_ALIGNED(args->start_addr | args->size))
		return -EINVAL;
	return 0;
}

static int svm_run(struct vkfd_svm *svm, struct kfd_ioctl_svm_args *args)
{
	switch (args->op) {
	case KFD_IOCTL_SVM_OP_SET_ATTR:
		return vkfd_svm_set_attrs(svm, args->start_addr, args->size, args->nattr,
					  args->attrs);
	case KFD_IOCTL_SVM_OP_GET_ATTR:
		return vkfd_svm_get_attrs(svm, args->start_addr, args->size, args->nattr,
					  args->attrs);
	default:
		return -EINVAL;
	}
}

VKFD_IOCTL_HANDLER(svm)
{
	struct kfd_ioctl_svm_args *args = data;
	int err = svm_check(args, bytes);

	if (!err)
		err = svm_run(vkfd_process_svm(p), args);
	trace_vkfd_ioctl_svm(vkfd_process_pasid(p), args->op, args->start_addr, args->size,
			     args->nattr, err);
	return err;
}

VKFD_IOCTL_ASKS(svm)
{
	const struct kfd_ioctl_svm_args *args = data;

	return args->op == KFD_IOCTL_SVM_OP_GET_ATTR;
}

VKFD_IOCTL_HANDLER(set_xnack_mode)
{
	struct kfd_ioctl_set_xnack_mode_args *args = data;

	if (args->xnack_enabled >= 0)
		return vkfd_process_set_xnack(p, args->xnack_enabled);
	args->xnack_enabled = vkfd_process_xnack(p);
	return 0;
}

VKFD_IOCTL_ASKS(set_xnack_mode)
{
	const struct kfd_ioctl_set_xnack_mode_args *args = data;

	return args->xnack_enabled < 0;
}
