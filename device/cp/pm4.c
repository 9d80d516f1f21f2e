// SPDX-License-Identifier: MIT
/*
 * DOC: PM4 streams
 *
 * One row per packet: everything the packet processor and its tests know about
 * its shape; a packet without a row stops its queue. Fetches packets from the
 * ring or the IB entered last, modulo the ring, and retires them. A packet is
 * copied out of guest memory once, then judged and executed from the copy, but
 * for its tail, which is read as it is used. Runs on the packet processor's
 * thread, without locks.
 */
#include <string.h>
#include "cp/compute_priv.h"

/* clang-format off */
static const struct pm4_packet_type packets[] = {
	/* op, dwords, tail, name, run */
	{ VKFD_PM4_NOP, 1, true, "NOP", pm4_run_nop },
	{ VKFD_PM4_DISPATCH_DIRECT, 5, false, "DISPATCH_DIRECT", pm4_run_dispatch_direct },
	{ VKFD_PM4_DISPATCH_INDIRECT, 4, false, "DISPATCH_INDIRECT", pm4_run_dispatch_indirect },
	{ VKFD_PM4_ATOMIC_MEM, 9, false, "ATOMIC_MEM", pm4_run_atomic_mem },
	{ VKFD_PM4_PRED_EXEC, 2, false, "PRED_EXEC", pm4_run_pred_exec },
	{ VKFD_PM4_WRITE_DATA, 4, true, "WRITE_DATA", pm4_run_write_data },
	{ VKFD_PM4_WAIT_REG_MEM, 7, false, "WAIT_REG_MEM", pm4_run_wait_reg_mem },
	{ VKFD_PM4_INDIRECT_BUFFER, 4, false, "INDIRECT_BUFFER", pm4_run_indirect_buffer },
	{ VKFD_PM4_COPY_DATA, 6, false, "COPY_DATA", pm4_run_copy_data },
	{ VKFD_PM4_PFP_SYNC_ME, 2, false, "PFP_SYNC_ME", pm4_run_nop },
	{ VKFD_PM4_EVENT_WRITE, 2, true, "EVENT_WRITE", pm4_run_event_write },
	{ VKFD_PM4_RELEASE_MEM, 8, false, "RELEASE_MEM", pm4_run_release_mem },
	{ VKFD_PM4_DMA_DATA, 7, false, "DMA_DATA", pm4_run_dma_data },
	{ VKFD_PM4_ACQUIRE_MEM, 7, false, "ACQUIRE_MEM", pm4_run_acquire_mem },
	{ VKFD_PM4_SET_SH_REG, 2, true, "SET_SH_REG", pm4_run_set_sh_reg },
};
/* clang-format on */

/* A header of type 2: one dword that does nothing. */
static const struct pm4_packet_type filler = { 0, 1, false, "filler", pm4_run_nop };

#define NR_PACKETS (sizeof(packets) / sizeof(packets[0]))
#define WPTR_LIMIT BIT_ULL(61)

const struct pm4_packet_type *pm4_packet_row(unsigned int n)
{
	return n < NR_PACKETS ? &packets[n] : NULL;
}

const struct pm4_packet_type *pm4_packet_find(u32 header)
{
	if (VKFD_PM4_TYPE(header) == 2)
		return &filler;
	if (VKFD_PM4_TYPE(header) != 3)
		return NULL;
	for (unsigned int n = 0; n < NR_PACKETS; n++) {
		if (packets[n].op == VKFD_PM4_OP(header))
			return &packets[n];
	}
	return NULL;
}

/* Dwords of the packet; 0: not a length that this packet can have. */
static u32 packet_dwords(const struct pm4_packet_type *type, u32 header)
{
	u32 dwords = VKFD_PM4_COUNT(header) + 2;

	if (type == &filler ||
	    (type->op == VKFD_PM4_NOP && VKFD_PM4_COUNT(header) == VKFD_PM4_NOP_ONE_COUNT))
		return 1;
	if (dwords < type->dwords || (!type->tail && dwords != type->dwords))
		return 0;
	return dwords;
}

static struct fetch_stream *stream_of(struct compute_queue *queue)
{
	return queue->depth ? &queue->ib[queue->depth - 1] : &queue->ring;
}

static bool stream_read(struct cp_run *run, u64 pos, u32 *dw, u32 n)
{
	struct compute_queue *queue = run->queue;
	struct fetch_span span = { pos, n * 4 };

	return fetch_read(&run->access, stream_of(queue), &queue->fetch, span, dw);
}

bool pm4_tail_read(struct cp_run *run, u32 first, u32 *dw, u32 n)
{
	const struct pm4_packet *packet = &run->queue->packet;
	u64 pos = stream_of(run->queue)->pos + 4ULL * (packet->type->dwords + first);

	return stream_read(run, pos, dw, n);
}

/* Takes over a write pointer that changed. EMPTY: it did not. */
static enum cp_step wptr_refresh(struct cp_run *run)
{
	struct compute_queue *queue = run->queue;
	u64 old = queue->ring.end;
	u64 wptr;

	if (!atomic_exchange(&queue->rung, false))
		return CP_EMPTY;
	if (!mmu_load(&run->access, queue->wptr_va, &wptr, 8)) {
		atomic_store(&queue->rung, true);
		return CP_FAULT;
	}
	if (wptr >= WPTR_LIMIT || wptr * 4 < queue->ring.pos ||
	    wptr * 4 - queue->ring.pos > queue->ring.mask + 1) {
		queue->packet.dw[0] = 0;
		return cp_bad(run, VKFD_QERR_POINTER, VKFD_EC_PACKET_UNSUPPORTED);
	}
	queue->ring.end = wptr * 4;
	return queue->ring.end == old ? CP_EMPTY : CP_DONE;
}

/*
 * First turn of a queue mapped with RESUME: memory shows the read pointer
 * modulo the ring, the write pointer tells in which round.
 */
static enum cp_step rptr_resume(struct cp_run *run)
{
	struct compute_queue *queue = run->queue;
	u64 rptr, wptr;

	if (!mmu_load(&run->access, queue->rptr_va, &rptr, 4) ||
	    !mmu_load(&run->access, queue->wptr_va, &wptr, 8))
		return CP_FAULT;
	rptr *= 4;
	if (rptr > queue->ring.mask || wptr >= WPTR_LIMIT)
		return cp_bad(run, VKFD_QERR_POINTER, VKFD_EC_PACKET_UNSUPPORTED);
	wptr *= 4;
	rptr |= wptr & ~queue->ring.mask;
	if (rptr > wptr)
		rptr -= queue->ring.mask + 1;
	if (rptr > wptr)
		return cp_bad(run, VKFD_QERR_POINTER, VKFD_EC_PACKET_UNSUPPORTED);
	queue->ring.pos = queue->ring.end = queue->rptr_stored = rptr;
	queue->resume = false;
	return CP_DONE;
}

bool pm4_rptr_store(struct cp_run *run)
{
	struct compute_queue *queue = run->queue;
	u64 pos = queue->depth ? queue->held : queue->ring.pos;

	if (queue->rptr_stored == pos)
		return true;
	if (!mmu_store(&run->access, queue->rptr_va, (pos & queue->ring.mask) / 4, 4))
		return false;
	queue->rptr_stored = pos;
	return true;
}

void pm4_ib_enter(struct compute_queue *queue, u64 base, u32 dwords)
{
	queue->ib[queue->depth++] = (struct fetch_stream){ base, ~0ULL, 0, dwords * 4ULL };
	queue->fetch.len = 0;
	queue->skip = 0;
}

static void ib_leave(struct compute_queue *queue)
{
	queue->depth--;
	queue->fetch.len = 0;
	queue->skip = 0;
}

/* Nothing complete to fetch: more from the ring, or an IB that ends inside a packet. */
static enum cp_step starved(struct cp_run *run)
{
	return run->queue->depth ? cp_malformed(run) : wptr_refresh(run);
}

static void skip_dwords(struct compute_queue *queue)
{
	struct fetch_stream *stream = stream_of(queue);
	u64 left = (stream->end - stream->pos) / 4;
	u32 part = queue->skip < left ? queue->skip : (u32)left;

	stream->pos += part * 4ULL;
	queue->skip -= part;
}

/* Decodes the packet at the stream's position into queue->packet. */
static enum cp_step packet_decode(struct cp_run *run)
{
	struct compute_queue *queue = run->queue;
	struct fetch_stream *stream = stream_of(queue);
	struct pm4_packet *packet = &queue->packet;
	u64 avail = stream->end - stream->pos;
	const struct pm4_packet_type *type;
	u32 total;

	memset(packet, 0, sizeof(*packet));
	if (!stream_read(run, stream->pos, packet->dw, 1))
		return CP_FAULT;
	type = pm4_packet_find(packet->dw[0]);
	if (!type)
		return cp_bad(run, VKFD_QERR_UNKNOWN_PACKET, VKFD_EC_PACKET_UNSUPPORTED);
	total = packet_dwords(type, packet->dw[0]);
	if (!total || (!queue->depth && total * 4ULL > queue->ring.mask + 1))
		return cp_malformed(run);
	if (avail < total * 4ULL)
		return starved(run);
	if (!stream_read(run, stream->pos, packet->dw, type->dwords))
		return CP_FAULT;
	packet->total = total;
	packet->type = type;
	return CP_DONE;
}

/* DONE: a packet is latched, or look again. */
static enum cp_step packet_fetch(struct cp_run *run)
{
	struct compute_queue *queue = run->queue;
	struct fetch_stream *stream = stream_of(queue);

	if (queue->skip)
		skip_dwords(queue);
	if (stream->pos != stream->end)
		return packet_decode(run);
	if (!queue->depth)
		return wptr_refresh(run);
	ib_leave(queue);
	return CP_DONE;
}

void pm4_retire(struct cp_run *run)
{
	struct compute_queue *queue = run->queue;

	stream_of(queue)->pos += queue->packet.total * 4ULL;
	queue->packet.type = NULL;
	run->progress = true;
	counter_add(run->compute->config.counters, VKFD_STAT_COMPUTE_PACKETS, 1);
}

enum cp_step pm4_step(struct cp_run *run)
{
	struct compute_queue *queue = run->queue;
	enum cp_step step;

	if (queue->resume)
		return rptr_resume(run);
	if (!queue->packet.type)
		return packet_fetch(run);
	step = queue->packet.type->run(run);
	if (step == CP_ENTERED)
		return CP_DONE;
	if (step == CP_DONE)
		pm4_retire(run);
	return step;
}
