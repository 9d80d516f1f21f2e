// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: buffers in the words of the KFD ABI
 *
 * Translates the flags of ALLOC_MEMORY_OF_GPU, which a checkpoint carries along
 * as well, into what mem/ makes of them. Pure.
 * Refuses: flags that name no or several kinds of memory, doorbell and MMIO
 * buffers of another size than the one there is (-EINVAL).
 */
#include <linux/errno.h>
#include <linux/kfd_ioctl.h>
#include <linux/mm.h>

#include "process/buffer.h"
#include "process/kfd_offset.h"
#include "vkfd_hw/doorbell.h"

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

/**
 * vkfd_buffer_params() - What a buffer is to be
 * @flags:  KFD_IOC_ALLOC_MEM_FLAGS_*, from user space, as the rest.
 * @va:     Address on the GPU, or 0.
 * @bytes:  Size.
 * @user:   CPU address, for user memory.
 * @params: Out.
 *
 * Context: Any. Addresses and sizes are checked when the buffer is made.
 * Return: 0 or -EINVAL.
 */
int vkfd_buffer_params(u32 flags, u64 va, u64 bytes, u64 user, struct vkfd_mem_params *params)
{
	*params = (struct vkfd_mem_params) {
		.va = va,
		.bytes = bytes,
		.abi_flags = flags,
		.writable = flags & KFD_IOC_ALLOC_MEM_FLAGS_WRITABLE,
		.executable = flags & KFD_IOC_ALLOC_MEM_FLAGS_EXECUTABLE,
		.coherent = flags & (KFD_IOC_ALLOC_MEM_FLAGS_COHERENT |
				     KFD_IOC_ALLOC_MEM_FLAGS_EXT_COHERENT),
		.uncached = flags & KFD_IOC_ALLOC_MEM_FLAGS_UNCACHED,
		.contiguous = flags & KFD_IOC_ALLOC_MEM_FLAGS_CONTIGUOUS,
	};
	if (kind_of(flags, &params->kind))
		return -EINVAL;
	if (params->kind == VKFD_MEM_USERPTR)
		params->user_addr = user;
	if (params->kind == VKFD_MEM_DOORBELL && params->bytes != VKFD_DOORBELL_FRAME_BYTES)
		return -EINVAL;
	if (params->kind == VKFD_MEM_MMIO && params->bytes != PAGE_SIZE)
		return -EINVAL;
	return 0;
}

/**
 * vkfd_buffer_kfd_offset() - Where in /dev/kfd does the CPU map such a buffer?
 * @kind:   Of memory.
 * @gpu_id: GPU.
 *
 * Return: mmap offset, or 0: not there, but through the render node, or in its own memory.
 */
u64 vkfd_buffer_kfd_offset(enum vkfd_mem_kind kind, u32 gpu_id)
{
	if (kind == VKFD_MEM_DOORBELL)
		return vkfd_kfd_offset(VKFD_KFD_OFFSET_DOORBELL, gpu_id, 0);
	return kind == VKFD_MEM_MMIO ? vkfd_kfd_offset(VKFD_KFD_OFFSET_MMIO, gpu_id, 0) : 0;
}
