// SPDX-License-Identifier: MIT
/*
 * DOC: PM4 packets that order, signal and steer
 *
 * Each has one side effect a phase, so a replay does it once. What waits for
 * memory or for dispatches gives the processor back to other queues.
 */
#include "cp/compute_priv.h"

enum cp_step pm4_run_nop(struct cp_run *run)
{
	(void)run;
	return CP_DONE;
}

enum cp_step pm4_run_indirect_buffer(struct cp_run *run)
{
	struct compute_queue *queue = run->queue;
	const u32 *dw = queue->packet.dw;
	u64 base = (dw[1] & ~3u) | (u64)(dw[2] & 0xffff) << 32;
	u32 dwords = VKFD_PM4_IB_DWORDS(dw[3]);
	bool chain = dw[3] & VKFD_PM4_IB_CHAIN;

	/* The ring cannot be left for good; an IB can call once more. */
	if (chain ? !queue->depth : queue->depth == PM4_IB_DEPTH)
		return cp_malformed(run);
	/* The ring's read pointer stays on the packet while its IB runs. */
	if (!queue->depth)
		queue->held = queue->ring.pos;
	pm4_retire(run);
	if (chain)
		queue->depth--;
	if (chain || dwords)
		pm4_ib_enter(queue, base, dwords);
	return CP_ENTERED;
}

/* One compute die: the mask's first bit is ours. */
enum cp_step pm4_run_pred_exec(struct cp_run *run)
{
	u32 dw = run->queue->packet.dw[1];

	run->queue->skip = dw >> 24 & 1 ? 0 : dw & 0x3fff;
	return CP_DONE;
}

enum cp_step pm4_run_wait_reg_mem(struct cp_run *run)
{
	enum { WAIT = 0, PREEMPTIBLE = 3 };
	const u32 *dw = run->queue->packet.dw;
	u32 op = VKFD_PM4_WAIT_OP(dw[1]);
	u64 value;
	int met;

	if ((dw[1] >> 4 & 3) != 1 || (op != WAIT && op != PREEMPTIBLE))
		return cp_malformed(run);
	if (!mmu_load(&run->access, cp_addr(dw + 2) & ~3ULL, &value, 4))
		return CP_FAULT;
	met = poll_compare(VKFD_PM4_WAIT_FUNC(dw[1]), (u32)value & dw[5], dw[4]);
	if (met < 0)
		return cp_malformed(run);
	return met ? CP_DONE : CP_WAIT;
}

enum cp_step pm4_run_event_write(struct cp_run *run)
{
	const struct pm4_packet *packet = &run->queue->packet;

	if (packet->total != 2 && packet->total != 4)
		return cp_malformed(run);
	if (VKFD_PM4_EVENT_TYPE(packet->dw[1]) == VKFD_PM4_CS_PARTIAL_FLUSH && !cp_idle(run))
		return CP_BLOCKED;
	return CP_DONE;
}

/* No caches but that of decoded instructions. */
enum cp_step pm4_run_acquire_mem(struct cp_run *run)
{
	if (run->queue->packet.dw[1] & VKFD_PM4_ACQUIRE_ICACHE)
		mmu_code_changed(run->compute->config.mmu, run->queue->ctx);
	return CP_DONE;
}

/* What the packet stores; 0 bytes: nothing. */
static unsigned int release_data(struct cp_run *run, u64 *value)
{
	const u32 *dw = run->queue->packet.dw;

	*value = cp_addr(dw + 5);
	switch (VKFD_PM4_RELEASE_DATA(dw[2])) {
	case VKFD_PM4_DATA_32:
		return 4;
	case VKFD_PM4_DATA_64:
		return 8;
	case VKFD_PM4_DATA_CLOCK:
		*value = gpu_clock_now(run->compute->config.clock);
		return 8;
	default:
		return 0;
	}
}

static bool release_legal(const u32 *dw)
{
	u32 data = VKFD_PM4_RELEASE_DATA(dw[2]);

	return data <= VKFD_PM4_DATA_CLOCK && VKFD_PM4_RELEASE_DST(dw[2]) <= 1 &&
	       VKFD_PM4_RELEASE_INT(dw[2]) <= VKFD_PM4_INT_ALWAYS &&
	       !(dw[3] & (data >= VKFD_PM4_DATA_64 ? 7 : 3) && data);
}

static enum cp_step release_interrupt(struct cp_run *run)
{
	struct ih_event event = cp_event(run->compute, run->queue, VKFD_IH_SRC_CP_EOP);
	const u32 *dw = run->queue->packet.dw;
	u32 sel = VKFD_PM4_RELEASE_INT(dw[2]);

	if (sel == VKFD_PM4_INT_NONE || sel == VKFD_PM4_INT_CONFIRM_ONLY)
		return CP_DONE;
	event.data[0] = dw[7];
	return ih_post(run->compute->config.ih, &event) ? CP_DONE : CP_WAIT;
}

enum cp_step pm4_run_release_mem(struct cp_run *run)
{
	struct pm4_packet *packet = &run->queue->packet;
	unsigned int bytes;
	u64 value;

	if (!release_legal(packet->dw))
		return cp_malformed(run);
	if (!cp_idle(run))
		return CP_BLOCKED;
	if (cp_delay(run, &packet->delayed))
		return CP_YIELD;
	bytes = packet->stored ? 0 : release_data(run, &value);
	if (bytes && !mmu_store(&run->access, cp_addr(packet->dw + 3), value, bytes))
		return CP_FAULT;
	packet->stored = true;
	return release_interrupt(run);
}
