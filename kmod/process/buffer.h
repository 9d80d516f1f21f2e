/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_PROCESS_BUFFER_H
#define VKFD_PROCESS_BUFFER_H

#include <linux/types.h>

#include "mem/mem_obj.h"

struct vkfd_buffer;
struct vkfd_pdd;
struct vkfd_process;

/* A buffer's handle in the KFD ABI: GPU and number, both non-zero. */
#define VKFD_HANDLE(gpu_id, id)	((u64)(gpu_id) << 32 | (u32)(id))
#define VKFD_HANDLE_GPU(handle)	((u32)((handle) >> 32))
#define VKFD_HANDLE_ID(handle)	((u32)(handle))

/** struct vkfd_buffer_result - what ALLOC_MEMORY_OF_GPU hands out */
struct vkfd_buffer_result {
	u64 handle;
	u64 mmap_offset;	/* VRAM, GTT: of the render node */
};

int vkfd_buffer_alloc(struct vkfd_process *p, u32 gpu_id, struct vkfd_mem_params *params,
		      struct vkfd_buffer_result *out);
int vkfd_buffer_free(struct vkfd_process *p, u64 handle);
/* GPUs [*done, count) of @gpus; *done advances with each success. */
int vkfd_buffer_map(struct vkfd_process *p, u64 handle, const u32 *gpus, u32 count, u32 *done);
int vkfd_buffer_unmap(struct vkfd_process *p, u64 handle, const u32 *gpus, u32 count, u32 *done);

/* buffer_params.c */
int vkfd_buffer_params(u32 flags, u64 va, u64 bytes, u64 user, struct vkfd_mem_params *params);
u64 vkfd_buffer_kfd_offset(enum vkfd_mem_kind kind, u32 gpu_id);

/* &vkfd_svm_ops.overlaps_buffer: legal under any sleeping lock. */
bool vkfd_buffer_overlaps(void *owner, u64 start, u64 end);

/* For process/ itself; the process lock is held. */
struct vkfd_buffer *vkfd_buffer_find(struct vkfd_process *p, u64 handle);
/* The buffer that has [va, va + bytes) mapped on the GPU, held for a queue; or NULL. */
struct vkfd_buffer *vkfd_buffer_hold(struct vkfd_pdd *pdd, u64 va, u64 bytes);
void vkfd_buffer_unhold(struct vkfd_buffer *buffer);
struct vkfd_mem *vkfd_buffer_mem(struct vkfd_buffer *buffer);
/* As ALLOC_MEMORY_OF_GPU and MAP_MEMORY_TO_GPU, with the number from before a checkpoint. */
int vkfd_buffer_restore(struct vkfd_pdd *pdd, struct vkfd_mem_params *params, u32 id,
			struct vkfd_buffer_result *out);
int vkfd_buffer_map_one(struct vkfd_buffer *buffer, u32 gpu_id);
/* Teardown: every buffer of the process. */
void vkfd_buffers_release(struct vkfd_process *p);

#endif
