// SPDX-License-Identifier: MIT
/*
 * DOC: AQL queues
 *
 * Takes packets in order. A slot is taken when its header is valid and it lies
 * before the write index or the doorbell; its type goes back to INVALID, and
 * the read index moves behind it, when it and all before it are complete, so a
 * kernel may look at its packet as long as it runs. Kernels overlap; what waits
 * (barriers, negotiations) blocks the queue's packets and nobody else.
 *
 * amd_queue_t is looked at only when a packet is there: a queue that only
 * exists may have its pointers anywhere.
 */
#include <stdlib.h>
#include "cp/aql_priv.h"

struct aql_state *aql_state_create(void)
{
	return calloc(1, sizeof(struct aql_state));
}

enum cp_step aql_bad(struct cp_run *run, enum vkfd_queue_error error, u32 code)
{
	run->error = (struct cp_error){ error, code, run->queue->aql->packet.dw[0] };
	return CP_BAD;
}

static u64 ring_slots(const struct compute_queue *queue)
{
	return (queue->ring.mask + 1) / VKFD_AQL_PACKET_BYTES;
}

u64 aql_slot_va(const struct compute_queue *queue, u64 index)
{
	return queue->ring.base + index % ring_slots(queue) * VKFD_AQL_PACKET_BYTES;
}

bool aql_queue_read(struct cp_run *run, struct aql_queue *queue)
{
	u64 read_id = run->queue->rptr_va, offset;

	if (!mmu_load(&run->access, read_id + VKFD_AMD_QUEUE_READ_ID_OFFSET - VKFD_AMD_QUEUE_READ_ID,
		      &offset, 4))
		return false;
	queue->va = read_id - offset;
	return mmu_read(&run->access, queue->va, queue->bytes, sizeof(queue->bytes));
}

void aql_finish(struct compute_queue *queue, u64 index)
{
	queue->aql->finished |= 1ULL << (index - queue->aql->read);
}

/* The first turn of a queue mapped with RESUME. */
static enum cp_step index_resume(struct cp_run *run)
{
	struct compute_queue *queue = run->queue;
	u64 read;

	if (!mmu_load(&run->access, queue->rptr_va, &read, 8))
		return CP_FAULT;
	queue->aql->read = queue->aql->next = queue->rptr_stored = read;
	queue->resume = false;
	return CP_DONE;
}

/* Slots of complete packets, oldest first, become INVALID. */
static enum cp_step give_slots_back(struct cp_run *run)
{
	struct aql_state *aql = run->queue->aql;

	while (aql->finished & 1) {
		if (!mmu_store(&run->access, aql_slot_va(run->queue, aql->read), VKFD_AQL_INVALID, 4))
			return CP_FAULT;
		aql->finished >>= 1;
		aql->read++;
	}
	return CP_DONE;
}

bool aql_index_store(struct cp_run *run)
{
	struct compute_queue *queue = run->queue;

	if (queue->resume || queue->rptr_stored == queue->aql->read)
		return true;
	if (!mmu_store(&run->access, queue->rptr_va, queue->aql->read, 8))
		return false;
	queue->rptr_stored = queue->aql->read;
	return true;
}

static u64 doorbell_limit(struct cp_run *run)
{
	u64 bell;

	pthread_mutex_lock(&run->compute->lock);
	bell = run->queue->bell;
	pthread_mutex_unlock(&run->compute->lock);
	return bell;
}

/* Takes over a new write index or doorbell. */
static enum cp_step limit_refresh(struct cp_run *run)
{
	struct compute_queue *queue = run->queue;
	u64 wptr, bell;

	if (!atomic_exchange(&queue->rung, false))
		return CP_DONE;
	if (!mmu_load(&run->access, queue->wptr_va, &wptr, 8)) {
		atomic_store(&queue->rung, true);
		return CP_FAULT;
	}
	bell = doorbell_limit(run);
	queue->aql->limit = wptr > bell ? wptr : bell;
	return CP_DONE;
}

/* Latches the next packet. */
static enum cp_step packet_fetch(struct cp_run *run)
{
	struct compute_queue *queue = run->queue;
	struct aql_state *aql = queue->aql;
	u64 va = aql_slot_va(queue, aql->next), header;
	enum cp_step step = limit_refresh(run);

	if (step != CP_DONE)
		return step;
	if (aql->next >= aql->limit)
		return CP_EMPTY;
	if (aql->next - aql->read >= AQL_WINDOW || aql->next - aql->read >= ring_slots(queue))
		return CP_BLOCKED;
	/* A header is written last: who sees it valid sees the rest. */
	if (!mmu_load(&run->access, va, &header, 4))
		return CP_FAULT;
	if (VKFD_AQL_TYPE(header) == VKFD_AQL_INVALID)
		return CP_WAIT;
	if (!mmu_read(&run->access, va, &aql->packet, sizeof(aql->packet)))
		return CP_FAULT;
	aql->packet.dw[0] = (u32)header;
	aql->signal = (struct aql_signal){ 0 };
	aql->start_ts = 0;
	aql->phase = AQL_LATCHED;
	run->progress = true;
	return CP_ENTERED;
}

void aql_consume(struct cp_run *run)
{
	run->queue->aql->next++;
	run->queue->aql->phase = AQL_NONE;
	run->progress = true;
	counter_add(run->compute->config.counters, VKFD_STAT_COMPUTE_PACKETS, 1);
}

/* A packet that the processor itself ran has ended: its signal follows. */
static enum cp_step packet_ended(struct cp_run *run)
{
	struct aql_state *aql = run->queue->aql;
	struct aql_queue queue;

	if (!aql_queue_read(run, &queue))
		return CP_FAULT;
	aql->signal = (struct aql_signal){
		.addr = aql->packet.barrier.completion,
		.profile = aql_queue32(&queue, VKFD_AMD_QUEUE_PROPERTIES) &
			   VKFD_AMD_QUEUE_PROFILING,
		.start_ts = aql->start_ts,
		.end_ts = gpu_clock_now(run->compute->config.clock),
	};
	aql->phase = AQL_SIGNALLING;
	return CP_ENTERED;
}

static enum cp_step packet_signal(struct cp_run *run)
{
	struct aql_state *aql = run->queue->aql;
	enum cp_step step = aql_signal_run(run, &aql->signal);

	if (step != CP_DONE)
		return step;
	aql_finish(run->queue, aql->next);
	aql_consume(run);
	return CP_ENTERED;
}

/* AND: all signals that are there are 0. OR: one is. None there: met. */
static enum cp_step run_barrier(struct cp_run *run, bool any)
{
	const struct vkfd_aql_barrier *barrier = &run->queue->aql->packet.barrier;
	u32 present = 0, zero = 0;

	for (u32 i = 0; i < VKFD_AQL_BARRIER_SIGNALS; i++) {
		u64 value;

		if (!barrier->signal[i])
			continue;
		present++;
		if (!mmu_load(&run->access,
			      barrier->signal[i] + offsetof(struct vkfd_amd_signal, value), &value, 8))
			return CP_FAULT;
		zero += !value;
	}
	return (any ? zero || !present : zero == present) ? packet_ended(run) : CP_WAIT;
}

static enum cp_step run_barrier_value(struct cp_run *run)
{
	const struct vkfd_aql_barrier_value *barrier = &run->queue->aql->packet.value;
	s64 value, reference = (s64)barrier->value;
	u64 raw = 0;
	bool met;

	if (barrier->condition > VKFD_AQL_COND_GE)
		return aql_bad(run, VKFD_QERR_MALFORMED, VKFD_EC_PACKET_VENDOR);
	if (barrier->signal &&
	    !mmu_load(&run->access, barrier->signal + offsetof(struct vkfd_amd_signal, value), &raw,
		      8))
		return CP_FAULT;
	value = (s64)(raw & barrier->mask);
	switch (barrier->condition) {
	case VKFD_AQL_COND_EQ:
		met = value == reference;
		break;
	case VKFD_AQL_COND_NE:
		met = value != reference;
		break;
	case VKFD_AQL_COND_LT:
		met = value < reference;
		break;
	default:
		met = value >= reference;
		break;
	}
	return met || !barrier->signal ? packet_ended(run) : CP_WAIT;
}

static enum cp_step run_pm4_ib(struct cp_run *run)
{
	struct aql_state *aql = run->queue->aql;
	const u32 *dw = aql->packet.pm4.ib;
	u32 dwords = VKFD_PM4_IB_DWORDS(dw[3]);

	if (VKFD_PM4_TYPE(dw[0]) != 3 || VKFD_PM4_OP(dw[0]) != VKFD_PM4_INDIRECT_BUFFER ||
	    VKFD_PM4_COUNT(dw[0]) != 2 || dw[3] & VKFD_PM4_IB_CHAIN)
		return aql_bad(run, VKFD_QERR_MALFORMED, VKFD_EC_PACKET_VENDOR);
	if (dwords)
		pm4_ib_enter(run->queue, (dw[1] & ~3u) | (u64)(dw[2] & 0xffff) << 32, dwords);
	aql->phase = AQL_IN_IB;
	return CP_ENTERED;
}

static enum cp_step run_vendor(struct cp_run *run)
{
	switch (run->queue->aql->packet.pm4.format) {
	case VKFD_AQL_VENDOR_PM4_IB:
		return run_pm4_ib(run);
	case VKFD_AQL_VENDOR_BARRIER_VALUE:
		return run_barrier_value(run);
	default:
		return aql_bad(run, VKFD_QERR_UNKNOWN_PACKET, VKFD_EC_PACKET_VENDOR);
	}
}

static enum cp_step packet_run(struct cp_run *run)
{
	struct aql_state *aql = run->queue->aql;
	u32 header = aql->packet.dw[0];

	if (header & VKFD_AQL_BARRIER && !cp_idle(run))
		return CP_BLOCKED;
	if (!aql->start_ts)
		aql->start_ts = gpu_clock_now(run->compute->config.clock);
	switch (VKFD_AQL_TYPE(header)) {
	case VKFD_AQL_VENDOR:
		return run_vendor(run);
	case VKFD_AQL_DISPATCH:
		return aql_run_dispatch(run);
	case VKFD_AQL_BARRIER_AND:
		return run_barrier(run, false);
	case VKFD_AQL_BARRIER_OR:
		return run_barrier(run, true);
	default:
		return aql_bad(run, VKFD_QERR_UNKNOWN_PACKET, VKFD_EC_PACKET_UNSUPPORTED);
	}
}

/* The IB's launches belong to the packet. */
static enum cp_step run_ib(struct cp_run *run)
{
	if (run->queue->depth)
		return pm4_step(run);
	return cp_idle(run) ? packet_ended(run) : CP_BLOCKED;
}

static enum cp_step phase_run(struct cp_run *run)
{
	struct aql_state *aql = run->queue->aql;
	enum cp_step step;

	switch (aql->phase) {
	case AQL_LATCHED:
		return packet_run(run);
	case AQL_IN_IB:
		return run_ib(run);
	case AQL_ASKING:
	case AQL_STALLED:
		return aql_run_scratch(run);
	case AQL_SIGNALLING:
		return packet_signal(run);
	default:
		step = aql_give_back(run);
		return step == CP_DONE ? packet_fetch(run) : step;
	}
}

enum cp_step aql_step(struct cp_run *run)
{
	enum cp_step step;

	if (run->queue->resume)
		return index_resume(run);
	step = give_slots_back(run);
	if (step == CP_DONE)
		step = phase_run(run);
	return step == CP_ENTERED ? CP_DONE : step;
}
