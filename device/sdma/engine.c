// SPDX-License-Identifier: MIT
/*
 * DOC: an SDMA engine's thread
 *
 * Gives its queues turns, one after the other. Decides under sdma->lock who is
 * next, runs the turn without it, and judges the outcome under it again. A
 * queue that polls, waits for a fault or has nothing to do costs nothing; a
 * queue that failed is halted and reported, and hurts nobody else.
 *
 * Fault reports: at most one retry report per queue is open until the driver
 * acknowledges its page; a replay that meets the same page again is merged
 * into it. So the driver cannot be flooded whatever the queue does.
 */
#include <stdio.h>
#include "sdma/sdma_priv.h"

#define PAGE_MASK	(~4095ULL)

static bool runnable(const struct sdma_queue *queue, u64 now)
{
	if (!queue->active || queue->halted || queue->parked || queue->report_pending ||
	    atomic_load(&queue->stop))
		return false;
	return queue->ready || poll_due(&queue->poll, now);
}

/* The next queue after the last one; --seed starts the search elsewhere. */
static struct sdma_queue *pick(struct sdma_engine *engine, u64 now)
{
	u32 first = engine->next;

	if (!engine->nr_queues)
		return NULL;
	first += rng_below(&engine->rng, engine->nr_queues);
	for (u32 i = 0; i < engine->nr_queues; i++) {
		u32 slot = (first + i) % engine->nr_queues;

		if (runnable(engine->queues[slot], now)) {
			engine->next = slot + 1;
			return engine->queues[slot];
		}
	}
	return NULL;
}

static void post_report(struct sdma_engine *engine, struct sdma_queue *queue)
{
	struct counters *counters = engine->sdma->config.counters;
	bool fault = queue->report.client == VKFD_IH_CLIENT_UTCL2;

	if (!ih_post(engine->sdma->config.ih, &queue->report))
		return;
	queue->report_pending = false;
	if (!fault)
		counter_add(counters, VKFD_STAT_QUEUE_ERRORS, 1);
	else if (queue->report.data[1] & VKFD_FAULT_RETRY)
		counter_add(counters, VKFD_STAT_FAULTS_RETRY, 1);
	else
		counter_add(counters, VKFD_STAT_FAULTS_NORETRY, 1);
}

/* Posts what is due. @idle: nothing else runs, so nothing is held back. */
static bool post_reports(struct sdma_engine *engine, bool idle)
{
	bool left = false;

	for (u32 i = 0; i < engine->nr_queues; i++) {
		struct sdma_queue *queue = engine->queues[i];

		if (!queue->report_pending)
			continue;
		if (queue->report_delay && !idle)
			queue->report_delay--;
		else
			post_report(engine, queue);
		left |= queue->report_pending;
	}
	return left;
}

static void park(struct sdma_engine *engine, struct sdma_queue *queue,
		 const struct mmu_fault *fault)
{
	struct sdma *sdma = engine->sdma;
	u64 page = fault->va & PAGE_MASK;
	struct fault_origin origin = { .ctx = queue->ctx, .queue = queue->number };

	if (fault->retry && queue->poke) {
		queue->ready = true;
		return;
	}
	queue->parked = fault->retry;
	queue->halted = !fault->retry;
	queue->parked_va = page;
	if (fault->retry && queue->reported && queue->reported_page == page) {
		counter_add(sdma->config.counters, VKFD_STAT_FAULTS_MERGED, 1);
		return;
	}
	origin.pasid = mmu_ctx_pasid(sdma->config.mmu, queue->ctx);
	origin.sequence = atomic_fetch_add(&sdma->fault_sequence, 1) + 1;
	queue->reported = fault->retry;
	queue->reported_page = page;
	queue->report = fault_event(fault, &origin);
	queue->report_pending = true;
	queue->report_delay = rng_below(&engine->rng, 4);
}

static const char *error_name(enum vkfd_queue_error error)
{
	static const char *const names[] = { [VKFD_QERR_UNKNOWN_PACKET] = "unknown packet",
					     [VKFD_QERR_MALFORMED] = "malformed packet",
					     [VKFD_QERR_PRIVILEGED] = "privileged packet",
					     [VKFD_QERR_POINTER] = "bad ring pointer",
					     [VKFD_QERR_POLL_TIMEOUT] = "poll timed out" };

	return error < sizeof(names) / sizeof(names[0]) && names[error] ? names[error] : "error";
}

static void halt(struct sdma_engine *engine, struct sdma_queue *queue, enum vkfd_queue_error error)
{
	struct sdma *sdma = engine->sdma;
	struct ih_event event = sdma_event(sdma, queue, VKFD_IH_SRC_BAD_OPCODE);
	/* A bad pointer is nobody's packet. */
	u32 header = error == VKFD_QERR_POINTER ? 0 : queue->packet.dw[0];
	char line[128];

	event.data[0] = VKFD_BAD_OPCODE_DATA0(queue->doorbell, VKFD_EC_PACKET_UNSUPPORTED);
	event.data[1] = header;
	event.data[3] = error;
	queue->halted = true;
	queue->report = event;
	queue->report_pending = true;
	queue->report_delay = 0;
	snprintf(line, sizeof(line), "sdma%u: queue %u of context %u stopped: %s, header 0x%08x",
		 engine->number, queue->number, queue->ctx, error_name(error),
		 header);
	sdma->config.ops->log(sdma->config.opaque, line);
}

/* What the turn's end means for the queue. Under the lock. */
static void judge(struct sdma_engine *engine, struct sdma_run *run, enum sdma_step step)
{
	struct sdma_queue *queue = run->queue;

	switch (step) {
	case SDMA_WAIT:
		poll_again(&queue->poll, run->progress);
		break;
	case SDMA_FAULT:
		park(engine, queue, &run->access.fault);
		break;
	case SDMA_BAD:
		halt(engine, queue, run->error);
		break;
	case SDMA_EMPTY:
		if (!atomic_load(&queue->rung))
			break;
		/* fall through */
	case SDMA_DONE:
	case SDMA_YIELD:
	case SDMA_NESTED:
		queue->ready = true;
		break;
	}
}

/* Under the lock, which is dropped for the turn itself. */
static void give_turn(struct sdma_engine *engine, struct sdma_queue *queue)
{
	struct sdma *sdma = engine->sdma;
	struct sdma_run run = { .sdma = sdma,
				.queue = queue,
				.access = { .mmu = sdma->config.mmu, .ctx = queue->ctx },
				.rng = &engine->rng };
	enum sdma_step step;

	queue->running = true;
	queue->ready = false;
	queue->poke = false;
	queue->poll.at_ns = 0;
	pthread_mutex_unlock(&sdma->lock);
	step = sdma_queue_turn(&run);
	pthread_mutex_lock(&sdma->lock);
	queue->running = false;
	judge(engine, &run, step);
	pthread_cond_broadcast(&sdma->stopped);
}

/* When the earliest poll is due; 0: never. */
static u64 next_poll(const struct sdma_engine *engine)
{
	u64 next = 0;

	for (u32 i = 0; i < engine->nr_queues; i++) {
		const struct sdma_queue *queue = engine->queues[i];

		if (queue->active && !queue->parked && !queue->halted && queue->poll.at_ns &&
		    (!next || queue->poll.at_ns < next))
			next = queue->poll.at_ns;
	}
	return next;
}

/* Sleeps until a queue may have work. @retry: a report waits for room. */
static void wait_for_work(struct sdma_engine *engine, bool retry)
{
	u64 until = next_poll(engine);
	struct timespec at;

	if (retry && (!until || until > poll_now_ns() + POLL_MAX_NS))
		until = poll_now_ns() + POLL_MAX_NS;
	if (!until) {
		pthread_cond_wait(&engine->wake, &engine->sdma->lock);
		return;
	}
	at = poll_timespec(until);
	pthread_cond_timedwait(&engine->wake, &engine->sdma->lock, &at);
}

void *sdma_engine_main(void *opaque)
{
	struct sdma_engine *engine = opaque;
	struct sdma *sdma = engine->sdma;

	pthread_mutex_lock(&sdma->lock);
	while (!sdma->quit) {
		struct sdma_queue *queue = pick(engine, poll_now_ns());
		bool waiting = post_reports(engine, !queue);

		if (queue)
			give_turn(engine, queue);
		else
			wait_for_work(engine, waiting);
	}
	pthread_mutex_unlock(&sdma->lock);
	return NULL;
}
