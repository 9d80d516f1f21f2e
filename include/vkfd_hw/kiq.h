/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_HW_KIQ_H
#define VKFD_HW_KIQ_H

#include "types.h"

/*
 * DOC: the kernel interface queue
 *
 * The driver's slow path to the device: a power-of-two ring of 128-byte
 * commands in guest RAM. The driver fills a slot, then stores the number of
 * commands ever submitted (64 bit, never wraps) to doorbell VKFD_KIQ_DOORBELL
 * of frame 0. The device executes in order and, after each command, stores
 * struct vkfd_kiq_ack at KIQ_ACK_ADDR: status[seq % VKFD_KIQ_STATUS_SLOTS]
 * first, then @done = number of commands completed. The driver waits by
 * polling @done: no trapped register read.
 *
 * A command that is refused has no effect and reports an enum
 * vkfd_kiq_status. Commands may wait for engine accesses in flight, which are
 * bounded; they never wait for the guest.
 */
#define VKFD_KIQ_CMD_BYTES	128u
#define VKFD_KIQ_DOORBELL	0u	/* slot in frame 0 */
#define VKFD_KIQ_STATUS_SLOTS	64u

enum vkfd_kiq_op {
	VKFD_KIQ_NOP = 0,
	VKFD_KIQ_CTX_SET = 1,		/* (re)define a context; drops its TLB */
	VKFD_KIQ_CTX_CLEAR = 2,		/* refused with BUSY while queues are mapped */
	VKFD_KIQ_TLB_FLUSH = 3,		/* done only when no access uses the old translations */
	VKFD_KIQ_FAULT_ACK = 4,		/* accesses parked in [start, end) run again */
	VKFD_KIQ_QUEUE_MAP = 5,
	VKFD_KIQ_QUEUE_UNMAP = 6,	/* done only when the queue touches memory no more; parked accesses are dropped */
	VKFD_KIQ_QUEUE_UPDATE = 7,	/* ring, size, priority, percent of a mapped queue; percent 0 suspends, its engine has stopped when done */
	VKFD_KIQ_CTX_TRAP = 8,		/* waves of the context enter this code at traps and exceptions */
	VKFD_KIQ_SAVE = 9,		/* copies all user queues, which are suspended, to VRAM */
	VKFD_KIQ_LOAD = 10,		/* maps the queues of such a copy again, suspended */
	VKFD_KIQ_CTX_BUSY = 11,		/* HAS_WORK, if a queue of the context that is not suspended has */
};

enum vkfd_kiq_status {
	VKFD_KIQ_OK = 0,
	VKFD_KIQ_UNKNOWN_OP = 1,
	VKFD_KIQ_BAD_CTX = 2,
	VKFD_KIQ_BAD_QUEUE = 3,
	VKFD_KIQ_BAD_RANGE = 4,
	VKFD_KIQ_BUSY = 5,		/* context has queues; queue number, doorbell or engine slot taken */
	VKFD_KIQ_BAD_ENGINE = 6,
	VKFD_KIQ_BAD_DOORBELL = 7,
	VKFD_KIQ_NO_ROOM = 8,		/* SAVE: the first 8 bytes of the area say how much it needs */
	VKFD_KIQ_BAD_SAVE = 9,		/* LOAD: not what this device saved */
	VKFD_KIQ_HAS_WORK = 10,		/* CTX_BUSY: packets or waves in progress, waiting ones included */
};

#define VKFD_MAX_CONTEXTS	1024u	/* context n owns doorbell frame n; 0 is the kernel's */
#define VKFD_MAX_QUEUES		4096u
#define VKFD_QUEUE_NAME_NONE	0xffffffffu

/* CTX_SET flags */
#define VKFD_CTX_RETRY		BIT(0)	/* XNACK: a missing page parks the access */

struct vkfd_kiq_ctx {
	u32 ctx;	/* 1..VKFD_MAX_CONTEXTS-1 */
	u32 pasid;
	u32 flags;
	u32 pad;
	u64 root;	/* hive address of the PDB2 */
};

struct vkfd_kiq_trap {
	u32 ctx;	/* as CTX_SET; CTX_CLEAR ends it */
	u32 pad;
	u64 tba;	/* VA of the handler, bits 7:0 ignored; 0: none */
	u64 tma;	/* what it finds in ttmp[14:15] */
};

struct vkfd_kiq_range {
	u32 ctx;
	u32 pad;
	u64 start;	/* VA (context 0: its GART addresses), half-open, 4 KiB aligned; end = ~0xfff means everything above start */
	u64 end;
};

enum vkfd_queue_type {
	VKFD_QUEUE_PM4 = 0,
	VKFD_QUEUE_SDMA = 1,
	VKFD_QUEUE_AQL = 2,
	VKFD_QUEUE_SDMA_XGMI = 3,
};

#define VKFD_SDMA_ENGINES	2u
#define VKFD_SDMA_XGMI_ENGINES	3u	/* engines 2..4 */
#define VKFD_SDMA_QUEUES_PER_ENGINE 8u
#define VKFD_COMPUTE_QUEUES	24u	/* hardware slots; more are time sliced */
#define VKFD_KERNEL_SDMA_ENGINE	0u

/*
 * QUEUE_MAP: the read pointer starts at 0, or, with RESUME, at the value stored
 * at rptr_va. Unknown flags and non-zero pads are refused. A user queue may not
 * name context 0; SDMA queues need a ring of 4 KiB..1 GiB, 256-byte aligned, and
 * 8-byte aligned pointers. An engine has 8 slots for user queues beside the
 * kernel's; a ninth is BUSY. UPDATE reads queue, ring, ring_bytes, priority and
 * percent only, and keeps the pointers; suspending keeps a half-done packet.
 * With percent 0 the ring fields are not looked at.
 */
#define VKFD_QUEUE_RESUME	BIT(0)

struct vkfd_kiq_queue {
	u32 queue;	/* chosen by the driver, < VKFD_MAX_QUEUES, unique while mapped */
	u32 ctx;	/* 0: kernel queue, kernel address space */
	u32 type;	/* enum vkfd_queue_type */
	u32 engine;	/* SDMA engine 0..4; 0 for compute */
	u32 doorbell;	/* slot 0..1023 in the context's frame */
	u32 percent;	/* 0: mapped but not run */
	u32 priority;	/* KFD 0..15 */
	u32 flags;	/* VKFD_QUEUE_* */
	u64 ring;	/* VA of the ring; units and pointers as userspace defines them per type */
	u64 ring_bytes;	/* power of two */
	u64 rptr_va;	/* written back by the device */
	u64 wptr_va;	/* read when mapped and at each doorbell */
	u64 eop_va;
	u64 cwsr_va;
	u64 cwsr_bytes;
};

/*
 * SAVE and LOAD: everything that the device knows of user queues, packets and
 * waves in progress included, as bytes that mean something to the same device
 * only. Sealed: LOAD takes nothing that it did not write itself. SAVE changes
 * nothing. LOAD maps each queue under its old number, context and doorbell, with
 * percent 0; what waited for a page tries again. All are mapped, or none.
 */
struct vkfd_kiq_area {
	u64 vram;	/* byte offset in VRAM, 8-byte aligned */
	u64 bytes;	/* at least 8 */
};

struct vkfd_kiq_cmd {
	u32 op;
	u32 pad;
	union {
		struct vkfd_kiq_ctx ctx;
		struct vkfd_kiq_range range;
		struct vkfd_kiq_queue queue;
		struct vkfd_kiq_trap trap;
		struct vkfd_kiq_area area;
		u8 bytes[120];
	};
};

struct vkfd_kiq_ack {
	u64 done;
	u32 status[VKFD_KIQ_STATUS_SLOTS]; /* of command seq (first is 0) at seq % slots */
};

#endif
