// SPDX-License-Identifier: MIT
/*
 * How an interval is cut for migration: every piece is a power of two of at
 * most 2 MiB, naturally aligned, and the pieces cover the interval exactly.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "mem/mem_piece.h"

static void assert_cut(u64 start, u64 end)
{
	while (start < end) {
		u64 bytes = vkfd_piece_bytes(start, end);

		assert_true(bytes >= VKFD_PIECE_MIN && bytes <= VKFD_PIECE_MAX);
		assert_int_equal(bytes & (bytes - 1), 0);
		assert_int_equal(start & (bytes - 1), 0);
		assert_true(bytes <= end - start);
		/* The largest that fits: twice as much would break one of the rules. */
		assert_true(bytes == VKFD_PIECE_MAX || (start & (2 * bytes - 1)) ||
			    2 * bytes > end - start);
		start += bytes;
	}
	assert_int_equal(start, end);
}

static void piece_aligned_interval_is_cut_in_2m(void **state)
{
	assert_int_equal(vkfd_piece_bytes(0x7f0000000000, 0x7f0000600000), VKFD_PIECE_MAX);
	assert_cut(0x7f0000000000, 0x7f0000600000);
}

static void piece_odd_edges_use_small_pieces(void **state)
{
	assert_int_equal(vkfd_piece_bytes(0x1ff000, 0x400000), VKFD_PIECE_MIN);
	assert_int_equal(vkfd_piece_bytes(0x200000, 0x203000), 0x2000);
	assert_cut(0x1000, 0x405000);
}

static void piece_empty_or_backward_interval_gives_none(void **state)
{
	assert_int_equal(vkfd_piece_bytes(0x1000, 0x1000), 0);
	assert_int_equal(vkfd_piece_bytes(0x2000, 0x1000), 0);
	assert_int_equal(vkfd_piece_bytes(0x1000, 0x1fff), 0);
}

static void piece_random_intervals_are_covered(void **state)
{
	unsigned int i, seed = 1;

	for (i = 0; i < 2000; i++) {
		u64 start = (u64)(rand_r(&seed) % 4096) << 12;

		assert_cut(start, start + ((u64)(rand_r(&seed) % 4096 + 1) << 12));
	}
}

static void piece_splitting_ends_at_4k(void **state)
{
	assert_int_equal(vkfd_piece_smaller(VKFD_PIECE_MAX), VKFD_PIECE_MID);
	assert_int_equal(vkfd_piece_smaller(2 * VKFD_PIECE_MID), VKFD_PIECE_MID);
	assert_int_equal(vkfd_piece_smaller(VKFD_PIECE_MID), VKFD_PIECE_MIN);
	assert_int_equal(vkfd_piece_smaller(2 * VKFD_PIECE_MIN), VKFD_PIECE_MIN);
	assert_int_equal(vkfd_piece_smaller(VKFD_PIECE_MIN), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(piece_aligned_interval_is_cut_in_2m),
		cmocka_unit_test(piece_odd_edges_use_small_pieces),
		cmocka_unit_test(piece_empty_or_backward_interval_gives_none),
		cmocka_unit_test(piece_random_intervals_are_covered),
		cmocka_unit_test(piece_splitting_ends_at_4k),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
