// SPDX-License-Identifier: MIT
/*
 * Any ring content, as kernel or as user queue: turns end, pointers stay in
 * order, and what a user queue does stays inside its one page table.
 */
#define _GNU_SOURCE
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sdma/sdma_priv.h"
#include "util/fuzz.h"
#include "vkfd_hw/addr.h"
#include "vkfd_hw/pte.h"

#define VRAM_BYTES (1u << 20)
#define RING	0x8000u	/* VRAM offsets: reachable at the same VA in both contexts */
#define RING_BYTES 4096u
#define RPTR	0x9000u
#define WPTR	0x9040u
#define ROOT	0xf0000u
#define SECRET	0xe0000u	/* a page that the user context does not map */
#define TURNS	40

struct world {
	struct vram vram;
	struct guest_mem *guest;
	struct counters counters;
	struct gpu_clock clock;
	struct place_node node;
	struct place_map map;
	struct ih *ih;
	struct mmu *mmu;
	struct sdma sdma;
};

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

static void on_reg_write(void *opaque, u32 offset, u32 value)
{
	(void)opaque;
	(void)offset;
	(void)value;
}

static void on_log(void *opaque, const char *line)
{
	(void)opaque;
	(void)line;
}

static const struct ih_ops ih_ops = { on_raise, on_error };
static const struct sdma_ops sdma_ops = { on_reg_write, on_log };

static struct world *world_get(void)
{
	static struct world world;
	struct ih_config ih = { .counters = &world.counters, .clock = &world.clock, .ops = &ih_ops };

	if (world.mmu)
		return &world;
	if (vram_init(&world.vram, VRAM_BYTES))
		abort();
	ih.guest = world.guest = guest_mem_create();
	world.node.vram = &world.vram;
	world.map = (struct place_map){ .guest = world.guest, .counters = &world.counters,
					.nodes = { &world.node }, .nr_nodes = 1, .link_mask = 1 };
	world.ih = ih_create(&ih);
	world.mmu = mmu_create(&world.map);
	if (!world.guest || !world.ih || !world.mmu)
		abort();
	world.sdma.config = (struct sdma_config){ .mmu = world.mmu, .ih = world.ih,
						  .counters = &world.counters,
						  .clock = &world.clock, .ops = &sdma_ops };
	return &world;
}

static void store(struct world *world, u64 offset, u64 value)
{
	if (vram_store(&world->vram, offset, value, 8) != MEM_OK)
		abort();
}

/* VA n maps VRAM n, page by page, but for the tables and the secret. */
static void map_user(struct world *world)
{
	struct vkfd_kiq_ctx set = { .ctx = 1, .pasid = 1, .root = ROOT };

	memset(world->vram.base + ROOT, 0, 4 * VKFD_PT_BYTES);
	for (u64 level = 0; level < 3; level++)
		store(world, ROOT + level * VKFD_PT_BYTES,
		      (ROOT + (level + 1) * VKFD_PT_BYTES) | VKFD_PTE_VALID);
	for (u64 page = 0; page < SECRET / 4096; page++)
		store(world, ROOT + 3 * VKFD_PT_BYTES + 8 * page,
		      page * 4096 | VKFD_PTE_VALID | VKFD_PTE_READABLE | VKFD_PTE_WRITEABLE);
	assert(mmu_ctx_set(world->mmu, &set) == VKFD_KIQ_OK);
}

static void run_queue(struct world *world, struct sdma_queue *queue)
{
	struct rng rng = { 0 };

	for (int turn = 0; turn < TURNS; turn++) {
		struct sdma_run run = { .sdma = &world->sdma, .queue = queue,
					.access = { .mmu = world->mmu, .ctx = queue->ctx },
					.rng = &rng };
		enum sdma_step step = sdma_queue_turn(&run);

		assert(step != SDMA_DONE && step != SDMA_NESTED);
		assert(queue->ring.pos <= queue->ring.end);
		assert(queue->ring.end - queue->ring.pos <= RING_BYTES);
		if (step == SDMA_BAD)
			assert(run.error);
		if (step != SDMA_YIELD && step != SDMA_WAIT)
			break;
	}
}

/* Input: kind of queue (1 byte), then the ring, then what lies behind it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct world *world = world_get();
	static struct sdma_queue queue;
	u8 *base = world->vram.base;

	if (!len)
		return 0;
	memset(&queue, 0, sizeof(queue));
	memset(base, 0, 0x10000);
	memset(base + SECRET, 0x5e, 0x1000);
	queue.ctx = *data & 1;
	data++;
	len--;
	if (len > RING_BYTES)
		len = RING_BYTES;
	memcpy(base + RING, data, len);
	/* The same bytes, aligned, as something to copy, poll or run as an IB. */
	memcpy(base, data, len);
	store(world, WPTR, len & ~3ULL);
	map_user(world);
	queue.ring.base = RING;
	queue.ring.mask = RING_BYTES - 1;
	queue.rptr_va = RPTR;
	queue.wptr_va = WPTR;
	atomic_store(&queue.rung, true);
	run_queue(world, &queue);
	if (queue.ctx) {
		for (u32 i = 0; i < 0x1000; i++)
			assert(base[SECRET + i] == 0x5e);
	}
	return 0;
}
