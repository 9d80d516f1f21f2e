// SPDX-License-Identifier: MIT
/*
 * DOC: SDMA packets that order, signal and steer
 *
 * A queue runs its packets one after the other and a copy is complete when its
 * handler returns, so FENCE, TRAP, ATOMIC and TIMESTAMP follow everything
 * before them. Each has one side effect, at its end: a replay does it once.
 */
#include "mem/atomic.h"
#include "sdma/sdma_priv.h"

#define POLL_MEMORY	(1u << 31)
#define POLL_HDP_FLUSH	(1u << 26)
#define POLL_FOREVER	0xfffu

enum sdma_step sdma_run_nop(struct sdma_run *run)
{
	(void)run;
	return SDMA_DONE;
}

/* --seed: lets a completion come one turn later, once. */
static bool delay_completion(struct sdma_run *run)
{
	struct sdma_packet *packet = &run->queue->packet;

	if (packet->delayed || rng_below(run->rng, 8) != 7)
		return false;
	packet->delayed = true;
	return true;
}

enum sdma_step sdma_run_indirect(struct sdma_run *run)
{
	struct sdma_queue *queue = run->queue;
	const u32 *dw = queue->packet.dw;
	u64 base = sdma_addr(dw + 1);
	u32 dwords = dw[3] & VKFD_SDMA_WRITE_COUNT_MASK;

	if (queue->in_ib || base & 3)
		return sdma_bad(run, VKFD_QERR_MALFORMED);
	if (!dwords)
		return SDMA_DONE;
	queue->ib = (struct fetch_stream){ base, ~0ULL, 0, dwords * 4ULL };
	return SDMA_NESTED;
}

enum sdma_step sdma_run_fence(struct sdma_run *run)
{
	const u32 *dw = run->queue->packet.dw;

	if (delay_completion(run))
		return SDMA_YIELD;
	if (!mmu_store(&run->access, sdma_addr(dw + 1) & ~3ULL, dw[3], 4))
		return SDMA_FAULT;
	return SDMA_DONE;
}

static u8 engine_client(u32 engine)
{
	static const u8 client[SDMA_ENGINES] = { VKFD_IH_CLIENT_SDMA0, VKFD_IH_CLIENT_SDMA1,
						 VKFD_IH_CLIENT_SDMA2, VKFD_IH_CLIENT_SDMA3,
						 VKFD_IH_CLIENT_SDMA4 };

	return client[engine];
}

struct ih_event sdma_event(const struct sdma *sdma, const struct sdma_queue *queue, u8 source)
{
	struct ih_event event = {
		.client = engine_client(queue->engine),
		.source = source,
		.ctx = queue->ctx,
		.pasid = mmu_ctx_pasid(sdma->config.mmu, queue->ctx),
		.data = { [2] = queue->number },
	};

	return event;
}

enum sdma_step sdma_run_trap(struct sdma_run *run)
{
	struct ih_event event = sdma_event(run->sdma, run->queue, VKFD_IH_SRC_SDMA_TRAP);

	if (delay_completion(run))
		return SDMA_YIELD;
	event.data[0] = run->queue->packet.dw[1] & VKFD_SDMA_TRAP_MASK;
	return ih_post(run->sdma->config.ih, &event) ? SDMA_DONE : SDMA_WAIT;
}

enum sdma_step sdma_run_poll(struct sdma_run *run)
{
	struct sdma_packet *packet = &run->queue->packet;
	const u32 *dw = packet->dw;
	u32 func = dw[0] >> 28 & 7, retries = dw[5] >> 16 & 0xfff;
	u64 value;
	int met;

	/* Register space has only the HDP flush, and there is nothing to flush. */
	if (!(dw[0] & POLL_MEMORY))
		return func && !(dw[0] & POLL_HDP_FLUSH) ? sdma_bad(run, VKFD_QERR_MALFORMED) :
							   SDMA_DONE;
	if (!mmu_load(&run->access, sdma_addr(dw + 1) & ~3ULL, &value, 4))
		return SDMA_FAULT;
	met = poll_compare(func, (u32)value & dw[4], dw[3]);
	if (met < 0)
		return sdma_bad(run, VKFD_QERR_MALFORMED);
	if (met)
		return SDMA_DONE;
	if (retries != POLL_FOREVER && packet->tries++ >= retries)
		return sdma_bad(run, VKFD_QERR_POLL_TIMEOUT);
	return SDMA_WAIT;
}

enum sdma_step sdma_run_cond_exe(struct sdma_run *run)
{
	const u32 *dw = run->queue->packet.dw;
	u64 value;

	if (!mmu_load(&run->access, sdma_addr(dw + 1) & ~3ULL, &value, 4))
		return SDMA_FAULT;
	run->queue->skip = (u32)value == dw[3] ? 0 : dw[4] & 0x3fff;
	return SDMA_DONE;
}

/* Looped compare-and-swap: done when memory held the compare value. */
static bool loop_unsatisfied(u32 header, const struct mem_atomic *atomic, unsigned int bytes)
{
	u64 mask = bytes == 8 ? ~0ULL : 0xffffffffULL;
	u32 base = atomic->op & 0x1f;

	if (!(header >> 16 & 1) || base != 8)
		return false;
	return ((atomic->old ^ atomic->compare) & mask) != 0;
}

enum sdma_step sdma_run_atomic(struct sdma_run *run)
{
	const u32 *dw = run->queue->packet.dw;
	struct mem_atomic atomic = { .op = dw[0] >> 25,
				     .src = sdma_addr(dw + 3),
				     .compare = sdma_addr(dw + 5) };
	unsigned int bytes;
	u64 addr = sdma_addr(dw + 1);

	if (!mem_atomic_known(atomic.op, &bytes) || addr & (bytes - 1))
		return sdma_bad(run, VKFD_QERR_MALFORMED);
	if (!mmu_atomic(&run->access, addr, &atomic, bytes))
		return SDMA_FAULT;
	return loop_unsatisfied(dw[0], &atomic, bytes) ? SDMA_WAIT : SDMA_DONE;
}

enum sdma_step sdma_run_timestamp(struct sdma_run *run)
{
	u64 addr = sdma_addr(run->queue->packet.dw + 1) & ~7ULL;
	u64 now = gpu_clock_now(run->sdma->config.clock);

	return mmu_store(&run->access, addr, now, 8) ? SDMA_DONE : SDMA_FAULT;
}

enum sdma_step sdma_run_srbm(struct sdma_run *run)
{
	const u32 *dw = run->queue->packet.dw;

	run->sdma->config.ops->reg_write(run->sdma->config.opaque, dw[1], dw[2]);
	return SDMA_DONE;
}
