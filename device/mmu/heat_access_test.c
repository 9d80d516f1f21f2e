// SPDX-License-Identifier: MIT
/* Which accesses the counters see: guest RAM, by user contexts, while they are on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "mmu/fake_space.h"
#include "mmu/heat.h"
#include "mmu/lanes.h"
#include "vkfd_hw/addr.h"

#define RAM_VA	0x7f0000000000ull
#define VRAM_VA	0x7f0000100000ull
#define BLOCK	65536u

struct bench {
	struct fake_space space;
	struct mmu_access access;
	struct heat *heat;
	unsigned int reports;
	u64 last;
};

static bool listen(void *opaque, const struct heat_report *report)
{
	struct bench *bench = opaque;

	bench->reports++;
	bench->last = report->va;
	assert_int_equal(report->ctx, FAKE_SPACE_CTX);
	return true;
}

static int setup(void **state)
{
	static struct bench bench;
	struct fake_space *space = &bench.space;

	fake_space_init(space, true);
	fake_space_map_ram(space, RAM_VA, 0, 4 * BLOCK);
	fake_space_map_vram(space, VRAM_VA, 0, 4 * BLOCK);
	bench.access = (struct mmu_access){ .mmu = space->mmu, .ctx = FAKE_SPACE_CTX };
	bench.reports = 0;
	bench.heat = heat_create(listen, &bench);
	mmu_set_heat(space->mmu, bench.heat);
	*state = &bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	fake_space_fini(&bench->space);
	heat_destroy(bench->heat);
	return 0;
}

static void copy(struct bench *bench, u64 dst, u64 src, u64 len)
{
	struct mmu_copy what = { .src = src, .dst = { dst }, .nr_dst = 1 };

	assert_int_equal(mmu_copy(&bench->access, &what, len), len);
}

static void nothing_is_counted_while_off(void **state)
{
	struct bench *bench = *state;

	heat_set_limit(bench->heat, 1024);
	mmu_set_heat(bench->space.mmu, NULL);
	copy(bench, VRAM_VA, RAM_VA, BLOCK);
	mmu_set_heat(bench->space.mmu, bench->heat);
	copy(bench, VRAM_VA, RAM_VA, BLOCK - 64);
	assert_int_equal(bench->reports, 0);
	copy(bench, VRAM_VA, RAM_VA, 64);
	assert_int_equal(bench->reports, 1);
}

static void copies_count_on_their_side_in_ram(void **state)
{
	struct bench *bench = *state;

	heat_set_limit(bench->heat, 2048);
	copy(bench, VRAM_VA, VRAM_VA + BLOCK, BLOCK);
	copy(bench, VRAM_VA, RAM_VA + BLOCK, BLOCK);
	assert_int_equal(bench->reports, 0);
	copy(bench, RAM_VA + BLOCK, VRAM_VA, BLOCK);
	assert_int_equal(bench->reports, 1);
	assert_true(bench->last == RAM_VA + BLOCK);
	assert_int_equal(mmu_fill(&bench->access, RAM_VA + 2 * BLOCK, 7, BLOCK), BLOCK);
	assert_int_equal(mmu_fill(&bench->access, RAM_VA + 2 * BLOCK, 7, BLOCK), BLOCK);
	assert_int_equal(bench->reports, 2);
	assert_true(bench->last == RAM_VA + 2 * BLOCK);
}

static void words_and_lanes_count_the_lines_they_touch(void **state)
{
	struct bench *bench = *state;
	struct mmu_pieces pieces = { .nr = 2 };
	u8 data[64];
	u64 value;

	heat_set_limit(bench->heat, 4);
	assert_true(mmu_load(&bench->access, RAM_VA + 8, &value, 8));
	assert_true(mmu_store(&bench->access, RAM_VA + 128, value, 4));
	pieces.piece[0] = (struct mmu_piece){ RAM_VA + 4096, data, 32 };
	pieces.piece[1] = (struct mmu_piece){ VRAM_VA, data + 32, 32 };
	assert_true(mmu_pieces_load(&bench->access, &pieces));
	assert_int_equal(bench->reports, 0);
	assert_true(mmu_write(&bench->access, RAM_VA + 64, data, 1));
	assert_int_equal(bench->reports, 1);
	assert_true(bench->last == RAM_VA);
}

static void a_flush_of_the_block_starts_it_anew(void **state)
{
	struct bench *bench = *state;
	struct vkfd_kiq_range range = { .ctx = FAKE_SPACE_CTX, .start = RAM_VA + BLOCK,
					.end = RAM_VA + BLOCK + 4096 };

	heat_set_limit(bench->heat, 1024);
	copy(bench, VRAM_VA, RAM_VA, 2 * BLOCK);
	assert_int_equal(bench->reports, 2);
	copy(bench, VRAM_VA, RAM_VA, 2 * BLOCK);
	assert_int_equal(bench->reports, 2);
	assert_int_equal(mmu_flush(bench->space.mmu, &range), VKFD_KIQ_OK);
	copy(bench, VRAM_VA, RAM_VA, 2 * BLOCK);
	assert_int_equal(bench->reports, 3);
	assert_true(bench->last == RAM_VA + BLOCK);
}

static void the_kernels_context_is_not_counted(void **state)
{
	struct bench *bench = *state;
	struct mmu_access kernel = { .mmu = bench->space.mmu, .ctx = 0 };
	u8 data[64];

	heat_set_limit(bench->heat, 1);
	assert_true(mmu_read(&kernel, VKFD_MC_AGP_BASE + FAKE_SPACE_BUS, data, sizeof(data)));
	assert_int_equal(bench->reports, 0);
	assert_true(mmu_read(&bench->access, RAM_VA, data, sizeof(data)));
	assert_int_equal(bench->reports, 1);
}

#define HEAT_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HEAT_TEST(nothing_is_counted_while_off),
		HEAT_TEST(copies_count_on_their_side_in_ram),
		HEAT_TEST(words_and_lanes_count_the_lines_they_touch),
		HEAT_TEST(a_flush_of_the_block_starts_it_anew),
		HEAT_TEST(the_kernels_context_is_not_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
