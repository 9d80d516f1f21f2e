// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: memory ioctls
 *
 * Translates the handles and mmap offsets of the KFD ABI; the work is done by
 * process/. No state, no locks.
 */
#include <linux/file.h>
#include <linux/kfd_ioctl.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "core/device.h"
#include "process/buffer.h"
#include "process/process.h"
#include "uapi/chardev.h"
#include "uapi/ioctl.h"

/* More than any list without repetitions needs. */
#define MAX_DEVICE_IDS	1024

VKFD_IOCTL_HANDLER(acquire_vm)
{
	struct kfd_ioctl_acquire_vm_args *args = data;
	struct vkfd_device *dev;
	struct file *file;
	int err = -EINVAL;

	dev = vkfd_device_get_by_gpu_id(args->gpu_id);
	if (!dev)
		return -EINVAL;
	file = fget(args->drm_fd);
	if (!file)
		goto put_device;
	err = vkfd_render_claim(file, dev, vkfd_process_pasid(p));
	if (!err)
		err = vkfd_process_acquire_vm(p, dev, file);
	fput(file);
put_device:
	vkfd_device_put(dev);
	return err;
}

VKFD_IOCTL_HANDLER(alloc_memory)
{
	struct kfd_ioctl_alloc_memory_of_gpu_args *args = data;
	struct vkfd_buffer_result result = {};
	struct vkfd_mem_params params;
	int err = vkfd_buffer_params(args->flags, args->va_addr, args->size, args->mmap_offset,
				     &params);

	if (!err)
		err = vkfd_buffer_alloc(p, args->gpu_id, &params, &result);
	if (err)
		return err;
	args->handle = result.handle;
	if (params.kind != VKFD_MEM_USERPTR)
		args->mmap_offset = vkfd_buffer_kfd_offset(params.kind, args->gpu_id) ?:
				    result.mmap_offset;
	return 0;
}

VKFD_IOCTL_UNDO(alloc_memory)
{
	const struct kfd_ioctl_alloc_memory_of_gpu_args *args = data;

	vkfd_buffer_free(p, args->handle);
}

VKFD_IOCTL_HANDLER(free_memory)
{
	struct kfd_ioctl_free_memory_of_gpu_args *args = data;

	return vkfd_buffer_free(p, args->handle);
}

static int apply_to_gpus(struct vkfd_process *p, struct kfd_ioctl_map_memory_to_gpu_args *args,
			 bool map)
{
	u32 *gpus;
	int err;

	if (!args->n_devices || args->n_devices > MAX_DEVICE_IDS ||
	    args->n_success > args->n_devices)
		return -EINVAL;
	gpus = memdup_array_user(u64_to_user_ptr(args->device_ids_array_ptr), args->n_devices,
				 sizeof(*gpus));
	if (IS_ERR(gpus))
		return PTR_ERR(gpus);
	if (map)
		err = vkfd_buffer_map(p, args->handle, gpus, args->n_devices, &args->n_success);
	else
		err = vkfd_buffer_unmap(p, args->handle, gpus, args->n_devices, &args->n_success);
	kfree(gpus);
	return err;
}

VKFD_IOCTL_HANDLER(map_memory)
{
	return apply_to_gpus(p, data, true);
}

VKFD_IOCTL_HANDLER(unmap_memory)
{
	static_assert(sizeof(struct kfd_ioctl_unmap_memory_from_gpu_args) ==
		      sizeof(struct kfd_ioctl_map_memory_to_gpu_args));

	return apply_to_gpus(p, data, false);
}

VKFD_IOCTL_HANDLER(available_memory)
{
	struct kfd_ioctl_get_available_memory_args *args = data;

	return vkfd_process_available(p, args->gpu_id, &args->available);
}
