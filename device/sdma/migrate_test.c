// SPDX-License-Identifier: MIT
/*
 * Pages move between RAM and VRAM under the feet of copying queues, by the rule
 * of the manual: entry out, flush, copy the page, entry in. If the flush did not
 * wait for accesses in flight, or a replay did a byte twice or never, bytes
 * would be lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "fake_driver.h"
#include "util/rng.h"

#define LO(x) ((u32)(x))
#define HI(x) ((u32)((u64)(x) >> 32))
#define CTX	2u
#define QUEUES	4u
#define PAGES	48u	/* of source and of destination, a queue */
#define TOTAL	(QUEUES * 2 * PAGES)
#define ROUNDS	12u
#define REPEATS	20u
#define DATA_VA	0x7f0000000000ULL
#define QUEUE_VA 0x100000000ULL
#define RAM_AT	FAKE_RAM_FREE
#define VRAM_AT	0x100000u

struct bench {
	struct fake_ram ram;
	struct fake_driver drv;
	struct fake_queue queue[QUEUES];
	struct rng rng;
	u64 root;
	bool in_vram[TOTAL];
};

static u64 page_va(u32 page)
{
	return DATA_VA + page * 4096ULL;
}

static u8 *page_data(struct bench *bench, u32 page)
{
	return bench->in_vram[page] ? bench->drv.bar0 + VRAM_AT + page * 4096ULL :
				      (u8 *)fake_ram_at(&bench->drv, RAM_AT + page * 4096ULL);
}

static void page_map(struct bench *bench, u32 page)
{
	u64 pte = bench->in_vram[page] ?
			  VKFD_HIVE_ADDR(0, VRAM_AT + page * 4096ULL) :
			  (FAKE_RAM_BUS + RAM_AT + page * 4096ULL) | VKFD_PTE_SYSTEM;

	fake_pte(&bench->drv, bench->root, page_va(page), 0, pte | FAKE_RW);
}

static void page_move(struct bench *bench, u32 page, bool leave_out)
{
	u8 *old = page_data(bench, page);
	u64 va = page_va(page);

	fake_pte(&bench->drv, bench->root, va, 0, 0);
	assert_int_equal(fake_range(&bench->drv, VKFD_KIQ_TLB_FLUSH, CTX, va, va + 4096),
			 VKFD_KIQ_OK);
	bench->in_vram[page] = !bench->in_vram[page];
	memcpy(page_data(bench, page), old, 4096);
	memset(old, 0xee, 4096);
	if (!leave_out)
		page_map(bench, page);
}

static void serve_faults(struct bench *bench)
{
	struct vkfd_ih_entry entry;

	while (fake_ih_next(&bench->drv, &entry, 0)) {
		u64 va = (u64)entry.data[0] << 12 | (u64)(entry.data[1] & 0xf) << 44;

		assert_int_equal(VKFD_IH_SOURCE(entry.header), VKFD_IH_SRC_VM_FAULT);
		assert_true(entry.data[1] & VKFD_FAULT_RETRY);
		page_map(bench, (u32)((va - DATA_VA) / 4096));
		assert_int_equal(fake_range(&bench->drv, VKFD_KIQ_FAULT_ACK, CTX, va, va + 4096),
				 VKFD_KIQ_OK);
	}
}

/* Suspends and resumes: the half-done packet must survive. */
static void blink(struct bench *bench, struct fake_queue *queue, u32 engine)
{
	struct vkfd_kiq_cmd cmd = fake_queue_cmd(queue, VKFD_KIQ_QUEUE_UPDATE, engine);

	cmd.queue.percent = 0;
	assert_int_equal(fake_kiq(&bench->drv, &cmd), VKFD_KIQ_OK);
	cmd.queue.percent = 100;
	assert_int_equal(fake_kiq(&bench->drv, &cmd), VKFD_KIQ_OK);
}

static u32 src_page(u32 queue, u32 n)
{
	return queue * 2 * PAGES + n;
}

static void round_start(struct bench *bench, u32 round)
{
	for (u32 q = 0; q < QUEUES; q++) {
		u64 src = page_va(src_page(q, 0)) + q, dst = page_va(src_page(q, PAGES)) + 3 * q;
		u32 bytes = PAGES * 4096 - 64;
		u32 dw[] = { 1, bytes - 1, 0, LO(src), HI(src), LO(dst), HI(dst) };

		for (u32 n = 0; n < PAGES; n++)
			memset(page_data(bench, src_page(q, n)), (int)(round * 31 + q * 7 + n), 4096);
		/* Again and again, so that moves meet copies. */
		for (u32 n = 0; n < REPEATS; n++)
			fake_emit(&bench->queue[q], dw, 7);
		fake_submit(&bench->queue[q]);
	}
}

static bool round_done(struct bench *bench)
{
	for (u32 q = 0; q < QUEUES; q++) {
		if (fake_rptr(&bench->queue[q]) != bench->queue[q].wptr)
			return false;
	}
	return true;
}

static u8 byte_at(struct bench *bench, u32 first_page, u64 offset)
{
	return page_data(bench, first_page + (u32)(offset / 4096))[offset % 4096];
}

static void round_check(struct bench *bench)
{
	for (u32 q = 0; q < QUEUES; q++)
		for (u64 i = 0; i < PAGES * 4096 - 64; i += 13)
			assert_int_equal(byte_at(bench, src_page(q, PAGES), i + 3 * q),
					 byte_at(bench, src_page(q, 0), i + q));
}

static void bench_init(struct bench *bench, u64 seed)
{
	static const u32 engines[QUEUES] = { 0, 1, 0, 2 };
	struct fake_config config = { .nodes = 1, .seed = seed };

	memset(bench, 0, sizeof(*bench));
	rng_init(&bench->rng, seed, 1);
	fake_ram_init(&bench->ram);
	fake_driver_init(&bench->drv, &bench->ram, &config);
	bench->root = fake_table(&bench->drv);
	assert_int_equal(fake_ctx_set(&bench->drv, CTX, 5, VKFD_CTX_RETRY, bench->root), VKFD_KIQ_OK);
	for (u32 q = 0; q < QUEUES; q++) {
		struct fake_queue *queue = &bench->queue[q];

		*queue = (struct fake_queue){ .drv = &bench->drv, .number = q, .ctx = CTX,
					      .doorbell = q, .mem = (1u << 20) + q * 0x10000u,
					      .ring_bytes = 4096, .va = QUEUE_VA + q * 0x10000u };
		fake_map_ram(&bench->drv, bench->root, queue->va, queue->mem,
			     FAKE_QUEUE_BYTES(queue->ring_bytes));
		assert_int_equal(fake_queue_map(queue, engines[q]), VKFD_KIQ_OK);
	}
}

static void moving_pages_lose_no_byte(u64 seed)
{
	static struct bench bench;
	u32 steps = 0;

	bench_init(&bench, seed);
	for (u32 round = 0; round < ROUNDS; round++) {
		round_start(&bench, round);
		while (!round_done(&bench)) {
			serve_faults(&bench);
			/* At first mostly serve, so that the round comes to an end. */
			if (rng_below(&bench.rng, 3) == 0)
				page_move(&bench, rng_below(&bench.rng, TOTAL), steps % 2);
			if (steps++ % 16 == 0)
				blink(&bench, &bench.queue[1], 1);
			assert_true(steps < 1000000);
		}
		serve_faults(&bench);
		round_check(&bench);
	}
	assert_true(fake_stat(&bench.drv, VKFD_STAT_FAULTS_RETRY) > 0);
	assert_int_equal(fake_stat(&bench.drv, VKFD_STAT_FAULTS_NORETRY), 0);
	fake_driver_fini(&bench.drv);
	fake_ram_fini(&bench.ram);
}

static void moving_pages_with_seed_1_lose_no_byte(void **state)
{
	(void)state;
	moving_pages_lose_no_byte(1);
}

static void moving_pages_with_seed_2_lose_no_byte(void **state)
{
	(void)state;
	moving_pages_lose_no_byte(2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moving_pages_with_seed_1_lose_no_byte),
		cmocka_unit_test(moving_pages_with_seed_2_lose_no_byte),
	};

	return cmocka_run_group_tests_name("migrate", tests, NULL, NULL);
}
