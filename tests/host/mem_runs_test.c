// SPDX-License-Identifier: MIT
/*
 * Run merging of copies: pages join only if they continue on both sides, and
 * expanding the runs gives back exactly what went in, in order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "mem/mem_runs.c"

#define ROOM 64

static struct vkfd_copy_run storage[ROOM];

static struct vkfd_runs empty_runs(unsigned int room)
{
	return (struct vkfd_runs){ .run = storage, .room = room };
}

static void runs_contiguous_pages_become_one(void **state)
{
	struct vkfd_runs runs = empty_runs(ROOM);
	u32 i;

	for (i = 0; i < 512; i++)
		assert_true(vkfd_runs_add(&runs, 0x200000 + i * 4096ull, 0x80000000 + i * 4096ull, 1));
	assert_int_equal(runs.nr, 1);
	assert_int_equal(runs.run[0].pages, 512);
}

static void runs_gap_on_either_side_starts_a_new_one(void **state)
{
	struct vkfd_runs runs = empty_runs(ROOM);

	assert_true(vkfd_runs_add(&runs, 0x1000, 0x100000, 1));
	assert_true(vkfd_runs_add(&runs, 0x2000, 0x102000, 1));
	assert_true(vkfd_runs_add(&runs, 0x4000, 0x103000, 1));
	assert_int_equal(runs.nr, 3);
}

static void runs_backward_pages_stay_apart(void **state)
{
	struct vkfd_runs runs = empty_runs(ROOM);

	assert_true(vkfd_runs_add(&runs, 0x2000, 0x102000, 1));
	assert_true(vkfd_runs_add(&runs, 0x1000, 0x101000, 1));
	assert_int_equal(runs.nr, 2);
}

static void runs_full_list_refuses_but_still_merges(void **state)
{
	struct vkfd_runs runs = empty_runs(1);

	assert_true(vkfd_runs_add(&runs, 0x1000, 0x100000, 2));
	assert_false(vkfd_runs_add(&runs, 0x9000, 0x900000, 1));
	assert_true(vkfd_runs_add(&runs, 0x3000, 0x102000, 1));
	assert_int_equal(runs.nr, 1);
	assert_int_equal(runs.run[0].pages, 3);
}

static void runs_page_count_does_not_wrap(void **state)
{
	struct vkfd_runs runs = empty_runs(ROOM);

	assert_true(vkfd_runs_add(&runs, 0, 0, 0xffffffff));
	assert_true(vkfd_runs_add(&runs, 0xffffffffull << 12, 0xffffffffull << 12, 1));
	assert_int_equal(runs.nr, 2);
}

static void runs_random_pages_expand_to_the_input(void **state)
{
	u64 hive[ROOM], bus[ROOM];
	unsigned int seed = 3, round;

	for (round = 0; round < 500; round++) {
		struct vkfd_runs runs = empty_runs(ROOM);
		u32 i, j, k = 0;

		for (i = 0; i < ROOM; i++) {
			hive[i] = (i && rand_r(&seed) % 3) ? hive[i - 1] + 4096 : (u64)rand_r(&seed) << 12;
			bus[i] = (i && rand_r(&seed) % 3) ? bus[i - 1] + 4096 : (u64)rand_r(&seed) << 12;
			assert_true(vkfd_runs_add(&runs, hive[i], bus[i], 1));
		}
		for (i = 0; i < runs.nr; i++) {
			for (j = 0; j < runs.run[i].pages; j++, k++) {
				assert_int_equal(runs.run[i].hive + j * 4096ull, hive[k]);
				assert_int_equal(runs.run[i].bus + j * 4096ull, bus[k]);
			}
		}
		assert_int_equal(k, ROOM);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_contiguous_pages_become_one),
		cmocka_unit_test(runs_gap_on_either_side_starts_a_new_one),
		cmocka_unit_test(runs_backward_pages_stay_apart),
		cmocka_unit_test(runs_full_list_refuses_but_still_merges),
		cmocka_unit_test(runs_page_count_does_not_wrap),
		cmocka_unit_test(runs_random_pages_expand_to_the_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
