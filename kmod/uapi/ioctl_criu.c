// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: CRIU_OP
 *
 * Checks who asks, and forwards to process/criu*.c. The one ioctl that works on
 * a descriptor of another process: that of a task which the caller traces
 * (chardev.c). Refuses callers without CAP_CHECKPOINT_RESTORE (-EACCES).
 *
 * RESUME works on the process that it names, the others on the file's; each
 * holds off the teardown of just that one.
 */
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/kfd_ioctl.h>

#include "process/criu.h"
#include "process/process.h"
#include "uapi/chardev.h"
#include "uapi/ioctl.h"

static int run_on(struct vkfd_process *p, struct kfd_ioctl_criu_args *args)
{
	switch (args->op) {
	case KFD_CRIU_OP_PROCESS_INFO:
		return vkfd_criu_info(p, args);
	case KFD_CRIU_OP_CHECKPOINT:
		return vkfd_criu_checkpoint(p, args);
	case KFD_CRIU_OP_UNPAUSE:
		return vkfd_criu_unpause(p);
	case KFD_CRIU_OP_RESTORE:
		return vkfd_criu_restore(p, args, vkfd_render_claim);
	default:
		return -EINVAL;
	}
}

VKFD_IOCTL_HANDLER(criu_op)
{
	struct kfd_ioctl_criu_args *args = data;
	int err;

	if (!capable(CAP_CHECKPOINT_RESTORE) && !capable(CAP_SYS_ADMIN))
		return -EACCES;
	if (args->op == KFD_CRIU_OP_RESUME)
		return vkfd_criu_resume(args->pid);
	err = vkfd_process_enter(p);
	if (err)
		return err;
	err = run_on(p, args);
	vkfd_process_leave(p);
	return err;
}

/* The others answer through the arrays that they were given. */
VKFD_IOCTL_ASKS(criu_op)
{
	const struct kfd_ioctl_criu_args *args = data;

	return args->op == KFD_CRIU_OP_PROCESS_INFO;
}

VKFD_IOCTL_UNDO(criu_op)
{
	vkfd_criu_info_undo(p);
}
