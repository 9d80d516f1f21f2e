// SPDX-License-Identifier: MIT
/*
 * DOC: one turn of a queue
 *
 * Reads the write pointer, fetches packets modulo the ring, runs them in order
 * until the budget is spent or one cannot go on, and stores the read pointer.
 * Runs on an engine's thread without locks; it owns the queue meanwhile. A
 * packet is copied out of guest memory once, then judged and executed from the
 * copy. Every loop here costs budget.
 */
#include <string.h>
#include "sdma/sdma_priv.h"

static struct fetch_stream *stream_of(struct sdma_queue *queue)
{
	return queue->in_ib ? &queue->ib : &queue->ring;
}

/* Copies [pos, pos + len) of the current stream, all before its end. */
static bool stream_read(struct sdma_run *run, u64 pos, void *dst, u32 len)
{
	struct sdma_queue *queue = run->queue;
	struct fetch_span span = { pos, len };

	return fetch_read(&run->access, stream_of(queue), &queue->fetch, span, dst);
}

bool sdma_tail_read(struct sdma_run *run, u64 offset, void *dst, u32 len)
{
	const struct sdma_packet *packet = &run->queue->packet;
	u64 pos = stream_of(run->queue)->pos + packet->type->dwords * 4ULL + offset;

	return stream_read(run, pos, dst, len);
}

u64 sdma_tail_va(const struct sdma_run *run, u64 offset, u64 *len)
{
	const struct sdma_packet *packet = &run->queue->packet;
	const struct fetch_stream *stream = run->queue->in_ib ? &run->queue->ib : &run->queue->ring;

	return fetch_va(stream, stream->pos + packet->type->dwords * 4ULL + offset, len);
}

/* Takes over a write pointer that changed. EMPTY: it did not. */
static enum sdma_step wptr_refresh(struct sdma_run *run)
{
	struct sdma_queue *queue = run->queue;
	u64 old = queue->ring.end;
	u64 wptr;

	if (!atomic_exchange(&queue->rung, false))
		return SDMA_EMPTY;
	if (!mmu_load(&run->access, queue->wptr_va, &wptr, 8)) {
		atomic_store(&queue->rung, true);
		return SDMA_FAULT;
	}
	if (wptr < queue->ring.pos || wptr - queue->ring.pos > queue->ring.mask + 1 || wptr & 3)
		return sdma_bad(run, VKFD_QERR_POINTER);
	queue->ring.end = wptr;
	return wptr == old ? SDMA_EMPTY : SDMA_DONE;
}

/* First turn of a queue mapped with RESUME: go on where memory says. */
static enum sdma_step rptr_resume(struct sdma_run *run)
{
	struct sdma_queue *queue = run->queue;
	u64 rptr;

	if (!mmu_load(&run->access, queue->rptr_va, &rptr, 8))
		return SDMA_FAULT;
	if (rptr & 3)
		return sdma_bad(run, VKFD_QERR_POINTER);
	queue->ring.pos = queue->ring.end = queue->rptr_stored = rptr;
	queue->resume = false;
	return SDMA_DONE;
}

static bool rptr_store(struct sdma_run *run)
{
	struct sdma_queue *queue = run->queue;

	if (queue->rptr_stored == queue->ring.pos)
		return true;
	if (!mmu_store(&run->access, queue->rptr_va, queue->ring.pos, 8))
		return false;
	queue->rptr_stored = queue->ring.pos;
	return true;
}

/* The IB is at its end: the INDIRECT packet that started it is done. */
static void ib_leave(struct sdma_queue *queue)
{
	const u32 indirect_dwords = 6;

	queue->in_ib = false;
	queue->skip = 0;
	queue->fetch.len = 0;
	queue->ring.pos += indirect_dwords * 4ULL;
}

/* Nothing complete to fetch: more from the ring, or an IB that ends inside a packet. */
static enum sdma_step starved(struct sdma_run *run)
{
	return run->queue->in_ib ? sdma_bad(run, VKFD_QERR_MALFORMED) : wptr_refresh(run);
}

static void skip_dwords(struct sdma_queue *queue)
{
	struct fetch_stream *stream = stream_of(queue);
	u64 left = (stream->end - stream->pos) / 4;
	u32 part = queue->skip < left ? queue->skip : (u32)left;

	stream->pos += part * 4ULL;
	queue->skip -= part;
}

/* Decodes the packet at the stream's position into queue->packet. */
static enum sdma_step packet_decode(struct sdma_run *run)
{
	struct sdma_queue *queue = run->queue;
	struct fetch_stream *stream = stream_of(queue);
	struct sdma_packet *packet = &queue->packet;
	u64 avail = stream->end - stream->pos;
	const struct sdma_packet_type *type;
	u64 total;

	memset(packet, 0, sizeof(*packet));
	if (!stream_read(run, stream->pos, packet->dw, 4))
		return SDMA_FAULT;
	type = sdma_packet_find(packet->dw[0]);
	if (!type)
		return sdma_bad(run, VKFD_QERR_UNKNOWN_PACKET);
	if (type->privileged && queue->ctx)
		return sdma_bad(run, VKFD_QERR_PRIVILEGED);
	if (avail < type->dwords * 4ULL)
		return starved(run);
	if (!stream_read(run, stream->pos, packet->dw, type->dwords * 4u))
		return SDMA_FAULT;
	packet->tail = type->tail ? type->tail(packet->dw) : 0;
	total = (type->dwords + (u64)packet->tail) * 4;
	if (!queue->in_ib && total > queue->ring.mask + 1)
		return sdma_bad(run, VKFD_QERR_MALFORMED);
	if (avail < total)
		return starved(run);
	packet->type = type;
	return SDMA_DONE;
}

/* DONE: a packet is latched, or look again. */
static enum sdma_step packet_fetch(struct sdma_run *run)
{
	struct sdma_queue *queue = run->queue;
	struct fetch_stream *stream = stream_of(queue);

	if (queue->skip)
		skip_dwords(queue);
	if (stream->pos != stream->end)
		return packet_decode(run);
	if (!queue->in_ib)
		return wptr_refresh(run);
	ib_leave(queue);
	return SDMA_DONE;
}

static void packet_retire(struct sdma_run *run)
{
	struct sdma_queue *queue = run->queue;
	struct sdma_packet *packet = &queue->packet;

	stream_of(queue)->pos += (packet->type->dwords + (u64)packet->tail) * 4;
	packet->type = NULL;
	run->progress = true;
	counter_add(run->sdma->config.counters, VKFD_STAT_SDMA_PACKETS, 1);
}

/* Fetches if there is no packet, runs it if there is one. */
static enum sdma_step turn_step(struct sdma_run *run)
{
	struct sdma_queue *queue = run->queue;
	enum sdma_step step;

	if (queue->resume)
		return rptr_resume(run);
	if (!queue->packet.type)
		return packet_fetch(run);
	step = queue->packet.type->run(run);
	if (step == SDMA_NESTED) {
		queue->packet.type = NULL;
		queue->in_ib = true;
		queue->fetch.len = 0;
		step = SDMA_DONE;
	} else if (step == SDMA_DONE) {
		packet_retire(run);
	}
	return step;
}

enum sdma_step sdma_queue_turn(struct sdma_run *run)
{
	enum sdma_step step = SDMA_DONE;

	run->budget = SDMA_TURN_BYTES;
	while (step == SDMA_DONE) {
		if (run->budget <= 0 || atomic_load(&run->queue->stop)) {
			step = SDMA_YIELD;
			break;
		}
		run->budget -= SDMA_STEP_COST / 2;
		step = turn_step(run);
	}
	/* A fault of the packet is reported first; the store waits for its turn. */
	if (step != SDMA_FAULT && step != SDMA_BAD && !rptr_store(run))
		step = SDMA_FAULT;
	else if (step == SDMA_FAULT || step == SDMA_BAD) {
		struct mmu_fault fault = run->access.fault;

		rptr_store(run);
		run->access.fault = fault;
	}
	return step;
}
