// SPDX-License-Identifier: MIT
/*
 * DOC: the packet processor
 *
 * One thread gives the queues' packets turns, in the order of turns.c.
 * Decides under compute->lock who is next, runs the turn without it, and judges
 * the outcome under it again. A queue that polls, waits for a fault or for its
 * waves costs nothing. Waves run on the shader threads, so packets of one queue
 * never wait for another queue's shaders.
 */
#include <stdlib.h>
#include "cp/shader.h"

bool cp_delay(struct cp_run *run, bool *delayed)
{
	if (*delayed || rng_below(&run->compute->rng, 8) != 7)
		return false;
	*delayed = true;
	return true;
}

bool cp_idle(struct cp_run *run)
{
	bool idle;

	pthread_mutex_lock(&run->compute->lock);
	idle = !run->queue->nr_dispatches;
	pthread_mutex_unlock(&run->compute->lock);
	return idle;
}

static struct cp_dispatch *first_finished(struct cp_run *run)
{
	struct cp_dispatch *dispatch;

	pthread_mutex_lock(&run->compute->lock);
	dispatch = run->queue->finished;
	pthread_mutex_unlock(&run->compute->lock);
	return dispatch;
}

static void retire_finished(struct cp_run *run)
{
	struct compute_queue *queue = run->queue;
	struct cp_dispatch *dispatch;

	pthread_mutex_lock(&run->compute->lock);
	dispatch = queue->finished;
	queue->finished = dispatch->next;
	queue->nr_dispatches--;
	pthread_mutex_unlock(&run->compute->lock);
	if (dispatch->aql)
		aql_finish(queue, dispatch->index);
	free(dispatch);
	run->progress = true;
}

enum cp_step cp_complete(struct cp_run *run)
{
	struct cp_dispatch *dispatch;

	while ((dispatch = first_finished(run))) {
		enum cp_step step;

		dispatch->signal.start_ts = dispatch->start_ts;
		dispatch->signal.end_ts = dispatch->end_ts;
		step = aql_signal_run(run, &dispatch->signal);
		if (step != CP_DONE)
			return step;
		retire_finished(run);
	}
	return CP_DONE;
}

static enum cp_step queue_step(struct cp_run *run)
{
	enum cp_step step = cp_complete(run);

	if (step != CP_DONE)
		return step;
	return run->queue->type == VKFD_QUEUE_AQL ? aql_step(run) : pm4_step(run);
}

static bool pointer_store(struct cp_run *run)
{
	return run->queue->type == VKFD_QUEUE_AQL ? aql_index_store(run) : pm4_rptr_store(run);
}

enum cp_step cp_queue_turn(struct cp_run *run)
{
	enum cp_step step = CP_DONE;
	struct mmu_fault fault;

	run->budget = CP_TURN_BYTES;
	while (step == CP_DONE) {
		if (run->budget <= 0 || atomic_load(&run->queue->stop)) {
			step = CP_YIELD;
			break;
		}
		run->budget -= CP_STEP_COST;
		step = queue_step(run);
	}
	/* A fault of the packet is reported first; the store waits for its turn. */
	fault = run->access.fault;
	if (!pointer_store(run) && step != CP_FAULT && step != CP_BAD)
		return CP_FAULT;
	run->access.fault = fault;
	return step;
}

static bool has_packets(struct compute *compute, struct compute_queue *queue, u64 now)
{
	(void)compute;
	if (!queue->active || queue->halted || queue->parked || atomic_load(&queue->stop))
		return false;
	return queue->packets_ready || poll_due(&queue->poll, now);
}

/* The next queue; --seed starts the search elsewhere. */
static struct compute_queue *pick(struct compute *compute, u64 now)
{
	if (!compute->nr_queues)
		return NULL;
	return cp_turn_pick(compute, &compute->packet_turns,
			    rng_below(&compute->rng, compute->nr_queues), has_packets, now);
}

static void park(struct cp_run *run)
{
	struct compute_queue *queue = run->queue;
	const struct mmu_fault *fault = &run->access.fault;

	if (!fault->retry) {
		cp_halt_fault(run->compute, queue, fault);
		return;
	}
	/* Acknowledged or flushed while it ran: the answer may be out of date. */
	if (run->epoch != queue->epoch) {
		queue->packets_ready = true;
		return;
	}
	queue->parked = true;
	queue->parked_va = fault->va;
	queue->unreported = !cp_report_retry(run->compute, queue, fault);
}

/* What the turn's end means for the queue. Under the lock. */
static void judge(struct cp_run *run, enum cp_step step)
{
	struct compute_queue *queue = run->queue;

	switch (step) {
	case CP_WAIT:
		poll_again(&queue->poll, run->progress);
		break;
	case CP_FAULT:
		park(run);
		break;
	case CP_BAD:
		cp_halt(run->compute, queue, &run->error);
		break;
	case CP_BLOCKED:
		/* Who ends the dispatch makes the queue ready. */
		break;
	case CP_EMPTY:
		if (!atomic_load(&queue->rung))
			break;
		/* fall through */
	case CP_DONE:
	case CP_ENTERED:
	case CP_YIELD:
		queue->packets_ready = true;
		break;
	}
}

/* Under the lock, which is dropped for the turn itself. */
static void give_turn(struct compute *compute, struct compute_queue *queue)
{
	struct cp_run run = { .compute = compute,
			      .queue = queue,
			      .access = { .mmu = compute->config.mmu, .ctx = queue->ctx },
			      .epoch = queue->epoch };
	enum cp_step step;

	queue->running = true;
	queue->packets_ready = false;
	queue->poll.at_ns = 0;
	pthread_mutex_unlock(&compute->lock);
	step = cp_queue_turn(&run);
	pthread_mutex_lock(&compute->lock);
	queue->running = false;
	judge(&run, step);
	pthread_cond_broadcast(&compute->stopped);
}

/* When the earliest poll is due; 0: never. */
static u64 next_poll(const struct compute *compute)
{
	u64 next = 0;

	for (u32 i = 0; i < compute->nr_queues; i++) {
		const struct compute_queue *queue = compute->list[i];

		if (queue->active && !queue->parked && !queue->halted && queue->poll.at_ns &&
		    (!next || queue->poll.at_ns < next))
			next = queue->poll.at_ns;
	}
	return next;
}

/* Sleeps until a queue may have work. @retry: a report waits for room. */
static void wait_for_work(struct compute *compute, bool retry)
{
	u64 until = next_poll(compute);
	struct timespec at;

	if (retry && (!until || until > poll_now_ns() + POLL_MAX_NS))
		until = poll_now_ns() + POLL_MAX_NS;
	if (!until) {
		pthread_cond_wait(&compute->wake, &compute->lock);
		return;
	}
	at = poll_timespec(until);
	pthread_cond_timedwait(&compute->wake, &compute->lock, &at);
}

void *cp_front_main(void *opaque)
{
	struct compute *compute = opaque;

	pthread_mutex_lock(&compute->lock);
	while (!compute->quit) {
		struct compute_queue *queue = pick(compute, poll_now_ns());
		bool waiting = cp_reports_post(compute, !queue);

		if (queue)
			give_turn(compute, queue);
		else
			wait_for_work(compute, waiting);
	}
	pthread_mutex_unlock(&compute->lock);
	return NULL;
}
