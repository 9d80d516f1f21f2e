// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: memory ioctls
 *
 * Translates the flags, handles and mmap offsets of the KFD ABI; the work is
 * done by process/. No state, no locks.
 * Refuses: flags that name no or several kinds of memory, doorbell and MMIO
 * buffers of another size than the one there is (-EINVAL).
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
#include "uapi/kfd_offset.h"
#include "vkfd_hw/doorbell.h"

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

static int kind_of(u32 flags, enum vkfd_mem_kind *kind)
{
	switch (flags & (KFD_IOC_ALLOC_MEM_FLAGS_VRAM | KFD_IOC_ALLOC_MEM_FLAGS_GTT |
			 KFD_IOC_ALLOC_MEM_FLAGS_USERPTR | KFD_IOC_ALLOC_MEM_FLAGS_DOORBELL |
			 KFD_IOC_ALLOC_MEM_FLAGS_MMIO_REMAP)) {
	case KFD_IOC_ALLOC_MEM_FLAGS_VRAM:
		*kind = VKFD_MEM_VRAM;
		return 0;
	case KFD_IOC_ALLOC_MEM_FLAGS_GTT:
		*kind = VKFD_MEM_GTT;
		return 0;
	case KFD_IOC_ALLOC_MEM_FLAGS_USERPTR:
		*kind = VKFD_MEM_USERPTR;
		return 0;
	case KFD_IOC_ALLOC_MEM_FLAGS_DOORBELL:
		*kind = VKFD_MEM_DOORBELL;
		return 0;
	case KFD_IOC_ALLOC_MEM_FLAGS_MMIO_REMAP:
		*kind = VKFD_MEM_MMIO;
		return 0;
	default:
		return -EINVAL;
	}
}

static int params_of(const struct kfd_ioctl_alloc_memory_of_gpu_args *args,
		     struct vkfd_mem_params *params)
{
	*params = (struct vkfd_mem_params) {
		.va = args->va_addr,
		.bytes = args->size,
		.writable = args->flags & KFD_IOC_ALLOC_MEM_FLAGS_WRITABLE,
		.executable = args->flags & KFD_IOC_ALLOC_MEM_FLAGS_EXECUTABLE,
		.coherent = args->flags & (KFD_IOC_ALLOC_MEM_FLAGS_COHERENT |
					   KFD_IOC_ALLOC_MEM_FLAGS_EXT_COHERENT),
		.uncached = args->flags & KFD_IOC_ALLOC_MEM_FLAGS_UNCACHED,
		.contiguous = args->flags & KFD_IOC_ALLOC_MEM_FLAGS_CONTIGUOUS,
	};
	if (kind_of(args->flags, &params->kind))
		return -EINVAL;
	if (params->kind == VKFD_MEM_USERPTR)
		params->user_addr = args->mmap_offset;
	if (params->kind == VKFD_MEM_DOORBELL && params->bytes != VKFD_DOORBELL_FRAME_BYTES)
		return -EINVAL;
	if (params->kind == VKFD_MEM_MMIO && params->bytes != PAGE_SIZE)
		return -EINVAL;
	return 0;
}

VKFD_IOCTL_HANDLER(alloc_memory)
{
	struct kfd_ioctl_alloc_memory_of_gpu_args *args = data;
	struct vkfd_buffer_result result = {};
	struct vkfd_mem_params params;
	int err = params_of(args, &params);

	if (!err)
		err = vkfd_buffer_alloc(p, args->gpu_id, &params, &result);
	if (err)
		return err;
	args->handle = result.handle;
	if (params.kind == VKFD_MEM_MMIO)
		args->mmap_offset = vkfd_kfd_offset(VKFD_KFD_OFFSET_MMIO, args->gpu_id, 0);
	else if (params.kind == VKFD_MEM_DOORBELL)
		args->mmap_offset = vkfd_kfd_offset(VKFD_KFD_OFFSET_DOORBELL, args->gpu_id, 0);
	else if (params.kind != VKFD_MEM_USERPTR)
		args->mmap_offset = result.mmap_offset;
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
