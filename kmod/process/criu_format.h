/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_PROCESS_CRIU_FORMAT_H
#define VKFD_PROCESS_CRIU_FORMAT_H

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/kfd_ioctl.h>
#include <linux/types.h>

/*
 * The private data of CRIU_OP. Opaque to user space, which stores it and hands it
 * back, so it is trusted no more than any argument. In this order, no gaps:
 *
 *	one vkfd_criu_process
 *	vkfd_criu_device	for each device bucket
 *	vkfd_criu_buffer	for each buffer bucket
 *	vkfd_criu_queue, vkfd_criu_event, vkfd_criu_svm: the objects
 *
 * GPUs are numbers of device buckets; bit n of a set is bucket n. Padding is 0.
 */
#define VKFD_CRIU_VERSION	1u
/* Far above any process; bounds what one call allocates. */
#define VKFD_CRIU_MAX_BYTES	BIT_ULL(26)

enum vkfd_criu_object {
	VKFD_CRIU_QUEUE = 1,
	VKFD_CRIU_EVENT,
	VKFD_CRIU_SVM,
};

struct vkfd_criu_process {
	__u32 version;
	__u32 xnack;
	__u32 granularity;	/* default of SVM memory */
	__u32 runtime_enabled;
	__u64 r_debug;
	__u64 event_page;	/* handle of a buffer, or 0 */
	__u32 page_event;	/* id of the event that brought it, or 0 */
	__u32 nr_queues;
	__u32 nr_events;
	__u32 nr_pieces;
};

struct vkfd_criu_device {
	__u64 scratch_va;
	__u64 tba;
	__u64 tma;
	__u32 policy;
	__u32 alternate_policy;
};

struct vkfd_criu_buffer {
	__u32 id;
	__u32 mapped;	/* set of GPUs */
};

/* SDMA queues only. */
struct vkfd_criu_queue {
	__u32 object;
	__u32 id;
	__u32 gpu;
	__u32 engine;
	__u32 doorbell;	/* slot */
	__u32 percent;
	__u32 priority;
	__u32 no_ring;	/* UPDATE_QUEUE took it away; @ring is the old one */
	__u64 ring;
	__u64 ring_bytes;
	__u64 rptr;
	__u64 wptr;
};

struct vkfd_criu_event {
	__u32 object;
	__u32 id;
	__u32 type;	/* KFD_IOC_EVENT_* */
	__u32 auto_reset;
	__u32 signaled;
	__u32 pad;
	__u64 age;
	union {
		struct kfd_hsa_memory_exception_data memory;
		struct kfd_hsa_hw_exception_data hw;
	};
};

struct vkfd_criu_svm {
	__u32 object;
	__u32 preferred;	/* gpu_id, 0 or UNDEFINED */
	__u32 prefetch;
	__u32 flags;
	__u32 granularity;
	__u32 access;	/* sets of GPUs */
	__u32 in_place;
	__u32 pad;
	__u64 start;
	__u64 end;
};

static_assert(sizeof(struct vkfd_criu_process) % 8 == 0);
static_assert(sizeof(struct vkfd_criu_device) % 8 == 0);
static_assert(sizeof(struct vkfd_criu_buffer) % 8 == 0);
static_assert(sizeof(struct vkfd_criu_queue) % 8 == 0);
static_assert(sizeof(struct vkfd_criu_event) % 8 == 0);
static_assert(sizeof(struct vkfd_criu_svm) % 8 == 0);

#endif
