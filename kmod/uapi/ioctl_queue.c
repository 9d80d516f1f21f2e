// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: queue ioctls
 *
 * Translates between the KFD ABI and process/queue.c. No state, no locks.
 */
#include <linux/bits.h>
#include <linux/kfd_ioctl.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "process/kfd_offset.h"
#include "process/queue.h"
#include "process/queue_check.h"
#include "uapi/ioctl.h"

/* queue_percentage: the percentage, and which compute partition (we have one). */
#define PERCENT_MASK	GENMASK(7, 0)
#define PARTITION_MASK	GENMASK(15, 8)
#define MAX_CU_MASK_BITS 1024

VKFD_IOCTL_HANDLER(create_queue)
{
	struct kfd_ioctl_create_queue_args *args = data;
	struct vkfd_queue_request request = {
		.ring = args->ring_base_address,
		.rptr = args->read_pointer_address,
		.wptr = args->write_pointer_address,
		.eop = args->eop_buffer_address,
		.cwsr = args->ctx_save_restore_address,
		.eop_bytes = args->eop_buffer_size,
		.ring_bytes = args->ring_size,
		.cwsr_bytes = args->ctx_save_restore_size,
		.ctl_stack_bytes = args->ctl_stack_size,
		.gpu_id = args->gpu_id,
		.type = args->queue_type,
		.engine_id = args->sdma_engine_id,
		.percent = args->queue_percentage & PERCENT_MASK,
		.priority = args->queue_priority,
	};
	struct vkfd_queue_created created;
	int err;

	if (args->queue_percentage & PARTITION_MASK)
		return -EINVAL;
	err = vkfd_queue_create(p, &request, &created);
	if (err)
		return err;
	args->queue_id = created.queue_id;
	args->doorbell_offset = vkfd_kfd_offset(VKFD_KFD_OFFSET_DOORBELL, args->gpu_id,
						created.doorbell);
	return 0;
}

VKFD_IOCTL_UNDO(create_queue)
{
	const struct kfd_ioctl_create_queue_args *args = data;

	vkfd_queue_destroy(p, args->queue_id);
}

VKFD_IOCTL_HANDLER(destroy_queue)
{
	struct kfd_ioctl_destroy_queue_args *args = data;

	return vkfd_queue_destroy(p, args->queue_id);
}

VKFD_IOCTL_ASKS(destroy_queue)
{
	return false;
}

VKFD_IOCTL_HANDLER(update_queue)
{
	struct kfd_ioctl_update_queue_args *args = data;
	struct vkfd_queue_request request = {
		.ring = args->ring_base_address,
		.ring_bytes = args->ring_size,
		.percent = args->queue_percentage & PERCENT_MASK,
		.priority = args->queue_priority,
	};

	return vkfd_queue_update(p, args->queue_id, &request);
}

/* Read and checked; all CUs of the virtual GPU are alike, so nothing uses it. */
VKFD_IOCTL_HANDLER(set_cu_mask)
{
	struct kfd_ioctl_set_cu_mask_args *args = data;
	u32 bits = min_t(u32, args->num_cu_mask, MAX_CU_MASK_BITS);
	u32 *mask;

	if (!args->num_cu_mask || args->num_cu_mask % 32)
		return -EINVAL;
	mask = memdup_user(u64_to_user_ptr(args->cu_mask_ptr), bits / 8);
	if (IS_ERR(mask))
		return PTR_ERR(mask);
	kfree(mask);
	return vkfd_queue_check_id(p, args->queue_id) ? -EFAULT : 0;
}

/* Wave state never leaves the device (D14); only debuggers ask. */
VKFD_IOCTL_HANDLER(get_queue_wave_state)
{
	struct kfd_ioctl_get_queue_wave_state_args *args = data;
	int err = vkfd_queue_check_id(p, args->queue_id);

	return err ?: -EOPNOTSUPP;
}

/* The topology says there is no global wave sync. */
VKFD_IOCTL_HANDLER(alloc_queue_gws)
{
	struct kfd_ioctl_alloc_queue_gws_args *args = data;
	int err = vkfd_queue_check_id(p, args->queue_id);

	return err ?: -ENODEV;
}
