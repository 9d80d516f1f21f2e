/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_HW_AQL_H
#define VKFD_HW_AQL_H

#include "types.h"

/*
 * DOC: AQL packets and the structures around an AQL queue
 *
 * AMD's and HSA's facts: 64-byte packets, indices that count packets and never
 * wrap. The doorbell holds the index of the last packet written.
 */
#define VKFD_AQL_PACKET_BYTES	64u

/* Header, 16 bits. */
#define VKFD_AQL_TYPE(header)	((header) & 0xff)
#define VKFD_AQL_BARRIER	BIT(8)

enum vkfd_aql_type {
	VKFD_AQL_VENDOR = 0,
	VKFD_AQL_INVALID = 1,
	VKFD_AQL_DISPATCH = 2,
	VKFD_AQL_BARRIER_AND = 3,
	VKFD_AQL_AGENT_DISPATCH = 4,
	VKFD_AQL_BARRIER_OR = 5,
};

#define VKFD_AQL_BARRIER_SIGNALS 5u

enum vkfd_aql_vendor_format {
	VKFD_AQL_VENDOR_PM4_IB = 1,
	VKFD_AQL_VENDOR_BARRIER_VALUE = 2,
};

enum vkfd_aql_condition {
	VKFD_AQL_COND_EQ = 0,
	VKFD_AQL_COND_NE = 1,
	VKFD_AQL_COND_LT = 2,
	VKFD_AQL_COND_GE = 3,
};

struct vkfd_aql_dispatch {
	u16 header;
	u16 setup;	/* [1:0] dimensions */
	u16 group[3];
	u16 reserved0;
	u32 grid[3];	/* in work-items */
	u32 private_bytes;
	u32 group_bytes;
	u64 kernel;	/* kernel descriptor */
	u64 kernarg;
	u64 reserved2;
	u64 completion;
};

struct vkfd_aql_barrier {
	u16 header;
	u16 reserved0;
	u32 reserved1;
	u64 signal[VKFD_AQL_BARRIER_SIGNALS];
	u64 reserved2;
	u64 completion;
};

struct vkfd_aql_pm4_ib {
	u16 header;
	u16 format;
	u32 ib[4];	/* one INDIRECT_BUFFER packet */
	u32 remaining;
	u32 reserved[8];
	u64 completion;
};

struct vkfd_aql_barrier_value {
	u16 header;
	u16 format;
	u32 reserved0;
	u64 signal;
	u64 value;
	u64 mask;
	u32 condition;
	u32 reserved1[3];
	u64 reserved2;
	u64 completion;
};

/* amd_signal_t. A signal handle is the address of one. */
struct vkfd_amd_signal {
	u64 kind;
	u64 value;
	u64 mailbox;	/* 0: nobody sleeps on it */
	u32 event_id;
	u32 reserved1;
	u64 start_ts;
	u64 end_ts;
	u64 queue;
	u64 reserved3;
};

/* amd_queue_t: what the packet processor reads of its 256 bytes, by offset. */
#define VKFD_AMD_QUEUE_READ_ID		0x80u
#define VKFD_AMD_QUEUE_READ_ID_OFFSET	0x88u	/* u32: offset of READ_ID, finds the structure */
#define VKFD_AMD_QUEUE_TMPRING		0x8cu
#define VKFD_AMD_QUEUE_SCRATCH_SRD	0x90u
#define VKFD_AMD_QUEUE_SCRATCH_BASE	0xa0u
#define VKFD_AMD_QUEUE_SCRATCH_LANE	0xb0u
#define VKFD_AMD_QUEUE_PROPERTIES	0xb4u
#define VKFD_AMD_QUEUE_INACTIVE		0xc0u
#define VKFD_AMD_QUEUE_BYTES		256u

#define VKFD_AMD_QUEUE_PROFILING	BIT(3)
#define VKFD_AMD_QUEUE_SCRATCH_ONCE	BIT(4)

/* Values of the queue_inactive_signal. */
#define VKFD_AMD_QUEUE_NEED_SCRATCH	1u
#define VKFD_AMD_QUEUE_SCRATCH_DONE	512u

/* The kernel descriptor. */
struct vkfd_kernel_descriptor {
	u32 group_bytes;
	u32 private_bytes;
	u32 kernarg_bytes;
	u32 reserved0;
	s64 entry_offset;	/* from the descriptor */
	u32 reserved1[5];
	u32 rsrc3;
	u32 rsrc1;
	u32 rsrc2;
	u16 properties;
	u16 kernarg_preload;	/* [6:0] dwords, [15:7] first */
	u32 reserved2;
};

/* properties: user SGPRs, in this order */
#define VKFD_KERNEL_PRIVATE_SEGMENT_BUFFER BIT(0)	/* 4 */
#define VKFD_KERNEL_DISPATCH_PTR	BIT(1)
#define VKFD_KERNEL_QUEUE_PTR		BIT(2)
#define VKFD_KERNEL_KERNARG_PTR		BIT(3)
#define VKFD_KERNEL_DISPATCH_ID		BIT(4)
#define VKFD_KERNEL_FLAT_SCRATCH_INIT	BIT(5)
#define VKFD_KERNEL_PRIVATE_SEGMENT_SIZE BIT(6)		/* 1 */
#define VKFD_KERNEL_WAVE32		BIT(10)
#define VKFD_KERNEL_PRELOAD_SKIP_BYTES	256u

#endif
