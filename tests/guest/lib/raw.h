/* SPDX-License-Identifier: MIT */
#ifndef GUEST_RAW_H
#define GUEST_RAW_H

#include "kfd.h"

/* Flags as libhsakmt sends them. */
#define RAW_VRAM (KFD_IOC_ALLOC_MEM_FLAGS_VRAM | KFD_IOC_ALLOC_MEM_FLAGS_PUBLIC |        \
		  KFD_IOC_ALLOC_MEM_FLAGS_WRITABLE | KFD_IOC_ALLOC_MEM_FLAGS_EXECUTABLE | \
		  KFD_IOC_ALLOC_MEM_FLAGS_NO_SUBSTITUTE)
#define RAW_GTT (KFD_IOC_ALLOC_MEM_FLAGS_GTT | KFD_IOC_ALLOC_MEM_FLAGS_WRITABLE |       \
		 KFD_IOC_ALLOC_MEM_FLAGS_EXECUTABLE | KFD_IOC_ALLOC_MEM_FLAGS_COHERENT | \
		 KFD_IOC_ALLOC_MEM_FLAGS_UNCACHED | KFD_IOC_ALLOC_MEM_FLAGS_NO_SUBSTITUTE)
#define RAW_USERPTR (KFD_IOC_ALLOC_MEM_FLAGS_USERPTR | KFD_IOC_ALLOC_MEM_FLAGS_WRITABLE |   \
		     KFD_IOC_ALLOC_MEM_FLAGS_EXECUTABLE | KFD_IOC_ALLOC_MEM_FLAGS_COHERENT | \
		     KFD_IOC_ALLOC_MEM_FLAGS_UNCACHED | KFD_IOC_ALLOC_MEM_FLAGS_NO_SUBSTITUTE)
#define RAW_DOORBELL (KFD_IOC_ALLOC_MEM_FLAGS_DOORBELL | KFD_IOC_ALLOC_MEM_FLAGS_WRITABLE | \
		      KFD_IOC_ALLOC_MEM_FLAGS_COHERENT | KFD_IOC_ALLOC_MEM_FLAGS_NO_SUBSTITUTE)
#define RAW_MMIO (KFD_IOC_ALLOC_MEM_FLAGS_MMIO_REMAP | KFD_IOC_ALLOC_MEM_FLAGS_WRITABLE | \
		  KFD_IOC_ALLOC_MEM_FLAGS_COHERENT | KFD_IOC_ALLOC_MEM_FLAGS_NO_SUBSTITUTE)

/* A GPU address where nothing of the process lives. */
#define RAW_VA	0x100000000ull

/** struct raw - this process as a user of one GPU without libhsakmt */
struct raw {
	int kfd, render;
	unsigned int nr_gpus;
	struct kfd_node gpu;	/* the first */
};

/** raw_start() - open /dev/kfd and acquire the first GPU's VM */
void raw_start(struct raw *r);

/** struct raw_buffer - memory allocated, mapped on the first GPU and seen by the CPU at the same address */
struct raw_buffer {
	void *addr;
	u64 bytes, handle;
};

void raw_buffer_alloc(struct raw *r, struct raw_buffer *b, u64 bytes, u32 flags);
void raw_buffer_free(struct raw *r, struct raw_buffer *b);

/** struct raw_queue - what CREATE_QUEUE of an SDMA queue needs */
struct raw_queue {
	struct raw_buffer ring, pointers;
	struct kfd_ioctl_create_queue_args args;
};

/** raw_queue_prepare() - buffers and arguments of a valid SDMA queue, not yet created */
void raw_queue_prepare(struct raw *r, struct raw_queue *q, u32 ring_bytes);
int raw_queue_create(struct raw *r, struct raw_queue *q);
int raw_queue_destroy(struct raw *r, u32 queue_id);
void raw_queue_free(struct raw *r, struct raw_queue *q);

/** struct raw_compute - the same of a PM4 queue */
struct raw_compute {
	struct raw_buffer ring, pointers, area;
	struct kfd_ioctl_create_queue_args args;
};

void raw_compute_prepare(struct raw *r, struct raw_compute *q);

#endif
