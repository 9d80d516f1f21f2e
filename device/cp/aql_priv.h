/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_CP_AQL_PRIV_H
#define VKFD_DEVICE_CP_AQL_PRIV_H

/* What aql.c (ring, barriers) and aql_dispatch.c (kernels, scratch) share. */
#include "cp/shader.h"

/* Packets taken and not complete. */
#define AQL_WINDOW	64u

/* A packet, latched. */
union aql_packet {
	u32 dw[VKFD_AQL_PACKET_BYTES / 4];
	struct vkfd_aql_dispatch dispatch;
	struct vkfd_aql_barrier barrier;
	struct vkfd_aql_pm4_ib pm4;
	struct vkfd_aql_barrier_value value;
};

/* Where the packet in progress is. */
enum aql_phase {
	AQL_NONE,	/* there is none */
	AQL_LATCHED,
	AQL_IN_IB,	/* vendor packet: its IB runs, or ended */
	AQL_ASKING,	/* for scratch memory, by the inactive signal */
	AQL_STALLED,	/* until the runtime answered */
	AQL_SIGNALLING,	/* it ended */
};

/* Packet indices count from the queue's creation. Owned by the packet processor. */
struct aql_state {
	u64 read;	/* oldest packet that is not complete */
	u64 next;	/* to take */
	u64 limit;	/* behind the last packet that may be there */
	u64 finished;	/* bit n: packet read + n is complete */
	enum aql_phase phase;
	union aql_packet packet;
	struct aql_signal signal; /* its completion, or the inactive signal */
	u64 start_ts;
	bool scratch_once;	/* to be given back when the dispatch ended */
	enum aql_phase give_back; /* NONE, ASKING, STALLED: how far that is */
};

/* The amd_queue_t, as of now. */
struct aql_queue {
	u64 va;
	u8 bytes[VKFD_AMD_QUEUE_BYTES];
};

static inline u32 aql_queue32(const struct aql_queue *queue, u32 offset)
{
	u32 value;

	__builtin_memcpy(&value, queue->bytes + offset, sizeof(value));
	return value;
}

static inline u64 aql_queue64(const struct aql_queue *queue, u32 offset)
{
	u64 value;

	__builtin_memcpy(&value, queue->bytes + offset, sizeof(value));
	return value;
}

/* False: a fault. */
bool aql_queue_read(struct cp_run *run, struct aql_queue *queue);
/* Consumed: goes to the next packet; the slot is given back when it is complete. */
void aql_consume(struct cp_run *run);
u64 aql_slot_va(const struct compute_queue *queue, u64 index);
/* A packet error: it stops the queue. */
enum cp_step aql_bad(struct cp_run *run, enum vkfd_queue_error error, u32 code);

/* aql_dispatch.c. CP_ENTERED: launched, or in another phase now. */
enum cp_step aql_run_dispatch(struct cp_run *run);
/* ASKING and STALLED of the packet; DONE: try it again. */
enum cp_step aql_run_scratch(struct cp_run *run);
/* After a dispatch that used scratch once. DONE: nothing is to be done (any more). */
enum cp_step aql_give_back(struct cp_run *run);

#endif
