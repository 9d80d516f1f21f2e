/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_PROCESS_KFD_OFFSET_H
#define VKFD_PROCESS_KFD_OFFSET_H

#include <linux/types.h>

/* mmap offsets of /dev/kfd: type in bits 63:62, gpu_id in 61:46, bytes below. */
#define VKFD_KFD_OFFSET_TYPE_MASK	(3ULL << 62)
#define VKFD_KFD_OFFSET_DOORBELL	(3ULL << 62)
#define VKFD_KFD_OFFSET_MMIO		(0ULL << 62)

static inline u64 vkfd_kfd_offset(u64 type, u32 gpu_id, u32 bytes)
{
	return type | (u64)(gpu_id & 0xffff) << 46 | bytes;
}

static inline u32 vkfd_kfd_offset_gpu(u64 offset)
{
	return (offset >> 46) & 0xffff;
}

#endif
