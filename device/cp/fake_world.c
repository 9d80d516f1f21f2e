// SPDX-License-Identifier: MIT
#include "cp/fake_world.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "vkfd_hw/pte.h"

#define ROOT	0xf0000u
#define QUEUE	5u
#define TURNS	60

static struct {
	struct vram vram;
	struct guest_mem *guest;
	struct counters counters;
	struct gpu_clock clock;
	struct place_node node;
	struct place_map map;
	struct ih *ih;
	struct mmu *mmu;
	struct compute *compute;
} world;

static void on_raise(void *opaque)
{
	(void)opaque;
}

static void on_error(void *opaque, enum vkfd_hw_error error, u32 info)
{
	(void)opaque;
	(void)error;
	(void)info;
}

static void on_log(void *opaque, const char *line)
{
	(void)opaque;
	assert(strlen(line) < 256);
}

static const struct ih_ops ih_ops = { on_raise, on_error };

static void need(bool ok)
{
	if (!ok)
		abort();
}

static void world_make(void)
{
	struct ih_config ih = { .counters = &world.counters, .clock = &world.clock, .ops = &ih_ops };
	struct compute_config compute = { .counters = &world.counters, .clock = &world.clock,
					  .cus = 8, .ses = 8, .threads = 1, .log = on_log };

	need(!vram_init(&world.vram, WORLD_VRAM_BYTES));
	ih.guest = world.guest = guest_mem_create();
	world.node.vram = &world.vram;
	world.map = (struct place_map){ .guest = world.guest, .counters = &world.counters,
					.nodes = { &world.node }, .nr_nodes = 1, .link_mask = 1 };
	compute.ih = world.ih = ih_create(&ih);
	compute.mmu = world.mmu = mmu_create(&world.map);
	need(world.guest && world.ih && world.mmu);
	world.compute = compute_create(&compute);
	need(world.compute);
}

u8 *fake_world_vram(void)
{
	return world.vram.base;
}

void fake_world_store(u64 offset, u64 value)
{
	need(vram_store(&world.vram, offset, value, 8) == MEM_OK);
}

/* VA n maps VRAM n, page by page, but for the tables and the secret. */
static void map_user(void)
{
	struct vkfd_kiq_ctx set = { .ctx = 1, .pasid = 1, .root = ROOT };

	memset(world.vram.base + ROOT, 0, 4 * VKFD_PT_BYTES);
	for (u64 level = 0; level < 3; level++)
		fake_world_store(ROOT + level * VKFD_PT_BYTES,
				 (ROOT + (level + 1) * VKFD_PT_BYTES) | VKFD_PTE_VALID);
	for (u64 page = 0; page < WORLD_SECRET / 4096; page++)
		fake_world_store(ROOT + 3 * VKFD_PT_BYTES + 8 * page,
				 page * 4096 | VKFD_PTE_VALID | VKFD_PTE_READABLE |
					 VKFD_PTE_WRITEABLE | VKFD_PTE_EXECUTABLE);
	need(mmu_ctx_set(world.mmu, &set) == VKFD_KIQ_OK);
}

void fake_world_wptr(u64 wptr)
{
	fake_world_store(WORLD_POINTERS + 0x38, wptr);
}

void fake_world_begin(u32 type, const u8 *data, size_t len)
{
	struct vkfd_kiq_queue map = { .queue = QUEUE, .ctx = 1, .type = type, .ring = WORLD_RING,
				      .ring_bytes = WORLD_RING_BYTES,
				      .rptr_va = WORLD_POINTERS + 0x80,
				      .wptr_va = WORLD_POINTERS + 0x38 };
	u8 *base;

	if (!world.compute)
		world_make();
	base = world.vram.base;
	memset(base, 0, 0x10000);
	memset(base + WORLD_SECRET, 0x5e, 0x1000);
	if (len > WORLD_RING_BYTES)
		len = WORLD_RING_BYTES;
	memcpy(base + WORLD_RING, data, len);
	/* The same bytes as something to copy, poll, run as an IB or as a kernel. */
	memcpy(base, data, len);
	memcpy(base + WORLD_CODE, data, len);
	map_user();
	/* Percent 0: turns come from fake_world_end() only. */
	need(compute_queue_map(world.compute, &map) == VKFD_KIQ_OK);
}

/* Waves run for real; packets a bounded number of turns. */
static void run_queue(struct compute_queue *queue)
{
	for (int turn = 0; turn < TURNS; turn++) {
		struct cp_run run = { .compute = world.compute,
				      .queue = queue,
				      .access = { .mmu = world.mmu, .ctx = 1 } };
		enum cp_step step = cp_queue_turn(&run);

		assert(step != CP_DONE && step != CP_ENTERED);
		assert(queue->ring.pos <= queue->ring.end || queue->type == VKFD_QUEUE_AQL);
		assert(queue->depth <= PM4_IB_DEPTH && queue->nr_dispatches <= CP_DISPATCHES);
		if (step == CP_BAD)
			assert(run.error.error && run.error.code);
		if (step != CP_YIELD && step != CP_WAIT && step != CP_BLOCKED)
			break;
		if (step == CP_BLOCKED) {
			struct timespec pause = { 0, 20000 };

			nanosleep(&pause, NULL);
		}
	}
}

/* Lets shader threads at the queue, not the packet processor. */
static void let_waves_run(struct compute_queue *queue, bool run)
{
	pthread_mutex_lock(&world.compute->lock);
	queue->active = run;
	queue->parked = run;
	queue->packets_ready = false;
	atomic_store(&queue->stop, !run);
	while (!run && (queue->running || queue->runners))
		pthread_cond_wait(&world.compute->stopped, &world.compute->lock);
	pthread_cond_broadcast(&world.compute->work);
	pthread_mutex_unlock(&world.compute->lock);
}

void fake_world_end(void)
{
	struct compute_queue *queue = world.compute->queues[QUEUE];

	let_waves_run(queue, true);
	run_queue(queue);
	let_waves_run(queue, false);
	need(compute_queue_unmap(world.compute, QUEUE) == VKFD_KIQ_OK);
	assert(!world.compute->cost && !world.compute->busy_queues && !world.compute->pending);
	for (u32 i = 0; i < 0x1000; i++)
		assert(world.vram.base[WORLD_SECRET + i] == 0x5e);
}
