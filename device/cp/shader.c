// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
/*
 * DOC: shader threads
 *
 * A few host threads run the workgroups of all queues. A thread takes a queue
 * in the order of turns.c, and runs groups of it until the turn's instructions
 * are spent: new groups first, while the queue has room for them, then those
 * that were interrupted, in a circle. So every queue and every resident group
 * goes on, whatever others do; packets, SDMA and the KIQ have threads of their
 * own. A group runs on one thread at a time, groups of one launch on several.
 *
 * A group whose waves all sleep (s_sleep) is left alone for a while, which
 * doubles as long as nothing else happens in its queue, up to POLL_MAX_NS: threads
 * with nothing but sleepers are idle, and a doorbell finds them waiting.
 *
 * Room: a queue may hold its share of the GPU's waves, registers and LDS, and
 * always one group. Big grids are therefore launched as they run.
 */
#include <sched.h>
#include <stdlib.h>
#include "cp/shader.h"
#include "cp/shader_priv.h"
#include "isa/icache.h"
#include "isa/valu.h"
#include "vkfd_hw/addr.h"

/* Wave instructions of one turn. */
#define TURN_INSTRUCTIONS 16384u
#define MAX_THREADS	64u

static u64 env_clock(void *opaque)
{
	const struct cp_shader_env *shader = opaque;

	return gpu_clock_now(shader->compute->config.clock);
}

static bool env_message(void *opaque, const struct wave *wave, u32 payload)
{
	const struct cp_shader_env *shader = opaque;
	struct ih_event event = cp_event(shader->compute, shader->queue, VKFD_IH_SRC_SQ_MESSAGE);

	if (wave->status & WAVE_STATUS_PRIV &&
	    cp_trap_message(shader->compute, shader->queue, wave, payload))
		return true;
	event.data[0] = payload & VKFD_SQ_MESSAGE_MASK;
	return ih_post(shader->compute->config.ih, &event);
}

static void turn(struct cp_shader *shader, struct compute_queue *queue)
{
	struct compute *compute = shader->compute;
	struct cp_shader_env opaque = { compute, queue };
	struct wave_env env = { .access = { .mmu = compute->config.mmu, .ctx = queue->ctx },
				.scratch_base = VKFD_SCRATCH_BASE,
				.doorbell = queue->doorbell,
				.clock = env_clock,
				.message = env_message,
				.opaque = &opaque,
				.gws = queue->gws,
				.icache = shader->icache };
	s64 budget = TURN_INSTRUCTIONS;

	queue->runners++;
	while (budget > 0 && !atomic_load(&queue->stop)) {
		struct cp_group *group = cp_group_take(shader, queue);

		if (!group)
			break;
		budget -= cp_group_run(compute, group, &env, (u32)budget);
	}
	queue->runners--;
	pthread_cond_broadcast(&compute->stopped);
}

static bool has_waves(struct compute *compute, struct compute_queue *queue, u64 now)
{
	if (!queue->active || queue->halted || atomic_load(&queue->stop))
		return false;
	if (poll_due(&queue->busy, now)) {
		cp_groups_retry(queue);
		/* This thread takes one of them. */
		pthread_cond_signal(&compute->work);
	}
	return cp_queue_has_groups(compute, queue);
}

/* When the earliest busy group is due; 0: never. */
static u64 next_retry(const struct compute *compute)
{
	u64 next = 0;

	for (u32 i = 0; i < compute->nr_queues; i++) {
		const struct compute_queue *queue = compute->list[i];

		if (queue->active && !queue->halted && queue->busy.at_ns &&
		    (!next || queue->busy.at_ns < next))
			next = queue->busy.at_ns;
	}
	return next;
}

static void wait_for_work(struct compute *compute)
{
	u64 until = next_retry(compute);
	struct timespec at = poll_timespec(until);

	if (until)
		pthread_cond_timedwait(&compute->work, &compute->lock, &at);
	else
		pthread_cond_wait(&compute->work, &compute->lock);
}

static void *shader_main(void *opaque)
{
	struct cp_shader *shader = opaque;
	struct compute *compute = shader->compute;

	pthread_mutex_lock(&compute->lock);
	while (!compute->quit) {
		struct compute_queue *queue = cp_turn_pick(compute, &compute->wave_turns, 0,
							   has_waves, poll_now_ns());

		if (queue)
			turn(shader, queue);
		else
			wait_for_work(compute);
	}
	pthread_mutex_unlock(&compute->lock);
	return NULL;
}

static u32 host_cores(void)
{
	cpu_set_t cpus;
	int n;

	if (sched_getaffinity(0, sizeof(cpus), &cpus))
		return 1;
	n = CPU_COUNT(&cpus);
	return n < 1 ? 1 : n > (int)MAX_THREADS ? MAX_THREADS : (u32)n;
}

bool cp_shaders_start(struct compute *compute)
{
	static pthread_once_t chosen = PTHREAD_ONCE_INIT;
	u32 n = compute->config.threads ? compute->config.threads : host_cores();

	/* The host's vector unit, once for all GPUs of the process. */
	pthread_once(&chosen, valu_init);
	compute->shaders = calloc(n, sizeof(*compute->shaders));
	if (!compute->shaders)
		return false;
	for (u32 i = 0; i < n; i++) {
		struct cp_shader *shader = &compute->shaders[i];

		shader->compute = compute;
		compute->nr_shaders = i + 1;
		shader->icache = isa_icache_create();
		if (!shader->icache)
			return false;
		shader->started = !pthread_create(&shader->thread, NULL, shader_main, shader);
		if (!shader->started)
			return false;
	}
	return true;
}

void cp_shaders_stop(struct compute *compute)
{
	for (u32 i = 0; i < compute->nr_shaders; i++) {
		struct cp_shader *shader = &compute->shaders[i];

		if (shader->started)
			pthread_join(shader->thread, NULL);
		isa_icache_destroy(shader->icache);
		free(shader->spare);
	}
	free(compute->shaders);
}
