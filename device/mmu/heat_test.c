// SPDX-License-Identifier: MIT
/* Access counters: what is counted, when it is reported, how it starts anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "mmu/heat.h"

#define BLOCK ((u64)HEAT_BLOCK_BYTES)

struct listener {
	struct heat_report last;
	unsigned int reports;
	bool deaf;
};

static bool listen(void *opaque, const struct heat_report *report)
{
	struct listener *ear = opaque;

	if (ear->deaf)
		return false;
	ear->last = *report;
	ear->reports++;
	return true;
}

static void touch(struct heat *heat, u32 ctx, u64 va, u64 len)
{
	struct heat_access access = { ctx, ctx + 100, va, len };

	heat_count(heat, &access);
}

static void a_block_is_reported_once_at_its_limit(void **state)
{
	struct listener ear = { .reports = 0 };
	struct heat *heat = heat_create(listen, &ear);

	(void)state;
	touch(heat, 5, 7 * BLOCK, BLOCK);
	assert_int_equal(ear.reports, 0);
	heat_set_limit(heat, 3);
	touch(heat, 5, 7 * BLOCK + 100, 4);
	touch(heat, 5, 7 * BLOCK + 60000, 8);
	assert_int_equal(ear.reports, 0);
	touch(heat, 5, 8 * BLOCK - 1, 1);
	assert_int_equal(ear.reports, 1);
	assert_true(ear.last.va == 7 * BLOCK);
	assert_int_equal(ear.last.ctx, 5);
	assert_int_equal(ear.last.pasid, 105);
	assert_int_equal(ear.last.requests, 3);
	for (unsigned int i = 0; i < 1000; i++)
		touch(heat, 5, 7 * BLOCK, BLOCK);
	assert_int_equal(ear.reports, 1);
	heat_destroy(heat);
}

static void requests_are_the_lines_of_64_bytes_touched(void **state)
{
	static const struct {
		u64 at, len;
		u32 requests;
	} rows[] = {
		{ 0, 1, 1 }, { 63, 1, 1 }, { 63, 2, 2 }, { 0, 64, 1 }, { 1, 64, 2 },
		{ 0, 65536, 1024 }, { 32, 65472, 1024 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct listener ear = { .reports = 0 };
		struct heat *heat = heat_create(listen, &ear);

		heat_set_limit(heat, rows[i].requests + 1);
		touch(heat, 1, 3 * BLOCK + rows[i].at, rows[i].len);
		assert_int_equal(ear.reports, 0);
		heat_set_limit(heat, rows[i].requests);
		touch(heat, 1, 3 * BLOCK + rows[i].at, rows[i].len);
		assert_int_equal(ear.reports, 1);
		heat_destroy(heat);
	}
}

static void an_access_over_a_border_counts_on_both_sides(void **state)
{
	struct listener ear = { .reports = 0 };
	struct heat *heat = heat_create(listen, &ear);

	(void)state;
	heat_set_limit(heat, 2);
	touch(heat, 1, BLOCK - 128, 128 + 64);
	assert_int_equal(ear.reports, 1);
	assert_true(ear.last.va == 0);
	touch(heat, 1, BLOCK, 1);
	assert_int_equal(ear.reports, 2);
	assert_true(ear.last.va == BLOCK);
	heat_destroy(heat);
}

static void contexts_are_counted_apart(void **state)
{
	struct listener ear = { .reports = 0 };
	struct heat *heat = heat_create(listen, &ear);

	(void)state;
	heat_set_limit(heat, 2);
	touch(heat, 1, 0xffff800000000000, 1);
	touch(heat, 1023, 0xffff800000000000, 1);
	assert_int_equal(ear.reports, 0);
	touch(heat, 1023, 0xffff800000000000, 1);
	assert_int_equal(ear.reports, 1);
	assert_int_equal(ear.last.ctx, 1023);
	heat_destroy(heat);
}

static void a_cleared_block_starts_anew(void **state)
{
	struct listener ear = { .reports = 0 };
	struct heat *heat = heat_create(listen, &ear);

	(void)state;
	heat_set_limit(heat, 2);
	for (u64 block = 1; block < 4; block++)
		touch(heat, 9, block * BLOCK, 128);
	assert_int_equal(ear.reports, 3);
	heat_clear(heat, 8, 0, ~0xfffULL);
	heat_clear(heat, 9, 3 * BLOCK, 8 * BLOCK);
	heat_clear(heat, 9, 0, BLOCK);
	touch(heat, 9, BLOCK, 128);
	touch(heat, 9, 2 * BLOCK, 128);
	assert_int_equal(ear.reports, 3);
	touch(heat, 9, 3 * BLOCK, 128);
	assert_int_equal(ear.reports, 4);
	heat_clear(heat, 9, 2 * BLOCK - 4096, 2 * BLOCK + 4096);
	touch(heat, 9, 64, 64);
	touch(heat, 9, BLOCK, 64);
	assert_int_equal(ear.reports, 4);
	touch(heat, 9, BLOCK, 64);
	assert_int_equal(ear.reports, 5);
	heat_clear(heat, 9, 0, ~0xfffULL);
	touch(heat, 9, 2 * BLOCK, 128);
	assert_int_equal(ear.reports, 6);
	heat_destroy(heat);
}

static void a_report_that_nobody_takes_comes_again(void **state)
{
	struct listener ear = { .deaf = true };
	struct heat *heat = heat_create(listen, &ear);

	(void)state;
	heat_set_limit(heat, 4);
	touch(heat, 1, 0, 64);
	touch(heat, 1, 0, 640);
	ear.deaf = false;
	touch(heat, 1, 0, 1);
	assert_int_equal(ear.reports, 1);
	heat_destroy(heat);
}

static void more_blocks_than_counters_still_find_the_hot_ones(void **state)
{
	struct listener ear = { .reports = 0 };
	struct heat *heat = heat_create(listen, &ear);

	(void)state;
	heat_set_limit(heat, 64);
	for (unsigned int round = 0; round < 64; round++) {
		for (u64 cold = 0; cold < 200; cold++)
			touch(heat, 2, (1000 + round * 200 + cold) * BLOCK, 1);
		touch(heat, 2, 0, 256);
	}
	assert_int_equal(ear.reports, 1);
	assert_true(ear.last.va == 0);
	heat_destroy(heat);
}

static void a_limit_beyond_the_counters_is_the_largest(void **state)
{
	struct listener ear = { .reports = 0 };
	struct heat *heat = heat_create(listen, &ear);

	(void)state;
	heat_set_limit(heat, ~0u);
	for (unsigned int i = 1; i < HEAT_LIMIT_MAX / 1024; i++)
		touch(heat, 1, 0, BLOCK);
	assert_int_equal(ear.reports, 0);
	touch(heat, 1, 0, BLOCK);
	assert_int_equal(ear.reports, 1);
	heat_destroy(heat);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_block_is_reported_once_at_its_limit),
		cmocka_unit_test(requests_are_the_lines_of_64_bytes_touched),
		cmocka_unit_test(an_access_over_a_border_counts_on_both_sides),
		cmocka_unit_test(contexts_are_counted_apart),
		cmocka_unit_test(a_cleared_block_starts_anew),
		cmocka_unit_test(a_report_that_nobody_takes_comes_again),
		cmocka_unit_test(more_blocks_than_counters_still_find_the_hot_ones),
		cmocka_unit_test(a_limit_beyond_the_counters_is_the_largest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
