// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include "mmu/tlb.h"
#include "util/rng.h"

static struct tlb tlb;

static int setup(void **state)
{
	(void)state;
	return tlb_init(&tlb);
}

static int teardown(void **state)
{
	(void)state;
	tlb_fini(&tlb);
	return 0;
}

static void lookup_after_insert_hits_whole_page(void **state)
{
	u64 pte;
	u32 shift;

	(void)state;
	assert_false(tlb_lookup(&tlb, 0x1000, &pte, &shift));
	tlb_insert(&tlb, 0x1234, 0x7061, 12);
	assert_true(tlb_lookup(&tlb, 0x1fff, &pte, &shift));
	assert_int_equal(pte, 0x7061);
	assert_int_equal(shift, 12);
	assert_false(tlb_lookup(&tlb, 0x2000, &pte, &shift));
}

static void sizes_live_side_by_side(void **state)
{
	u64 pte;
	u32 shift;

	(void)state;
	tlb_insert(&tlb, 0x400000, 0xa0000001, 21);
	tlb_insert(&tlb, 0x610000, 0xb0000001, 16);
	tlb_insert(&tlb, 0x800000, 0xc0000001, 12);
	assert_true(tlb_lookup(&tlb, 0x5fffff, &pte, &shift));
	assert_int_equal(shift, 21);
	assert_true(tlb_lookup(&tlb, 0x61ffff, &pte, &shift));
	assert_int_equal(shift, 16);
	assert_true(tlb_lookup(&tlb, 0x800000, &pte, &shift));
	assert_int_equal(shift, 12);
}

static void giant_leaf_is_cut_to_2m(void **state)
{
	u64 pte;
	u32 shift;

	(void)state;
	tlb_insert(&tlb, (3ULL << 30) + (5 << 21) + 77, (1ULL << 40) | 1, 30);
	assert_true(tlb_lookup(&tlb, (3ULL << 30) + (5 << 21), &pte, &shift));
	assert_int_equal(shift, 21);
	assert_true(pte == ((1ULL << 40) | (5 << 21) | 1));
	assert_false(tlb_lookup(&tlb, 3ULL << 30, &pte, &shift));
}

static void drop_takes_what_it_touches_and_no_more(void **state)
{
	u64 pte;
	u32 shift;

	(void)state;
	for (u64 page = 0; page < 64; page++)
		tlb_insert(&tlb, page << 12, page << 12 | 1, 12);
	tlb_insert(&tlb, 1 << 21, 1, 21);
	tlb_drop(&tlb, 10 << 12, 20 << 12);
	for (u64 page = 0; page < 64; page++)
		assert_int_equal(tlb_lookup(&tlb, page << 12, &pte, &shift),
				 page < 10 || page >= 20);
	/* One page in the middle drops the big entry. */
	assert_true(tlb_lookup(&tlb, (1 << 21) + 0x5000, &pte, &shift));
	tlb_drop(&tlb, (1 << 21) + 0x9000, (1 << 21) + 0xa000);
	assert_false(tlb_lookup(&tlb, (1 << 21) + 0x5000, &pte, &shift));
}

static void drop_everything_above_reaches_upper_half(void **state)
{
	u64 upper = 0xffff900000000000ULL, pte;
	u32 shift;

	(void)state;
	tlb_insert(&tlb, upper, 0x5001, 12);
	tlb_insert(&tlb, 0x3000, 0x6001, 12);
	tlb_drop(&tlb, 0, ~0xfffULL);
	assert_false(tlb_lookup(&tlb, upper, &pte, &shift));
	assert_false(tlb_lookup(&tlb, 0x3000, &pte, &shift));
}

static void four_thousand_pages_fit(void **state)
{
	u32 hits = 0, shift;
	u64 pte;

	(void)state;
	for (u64 page = 0; page < TLB_ENTRIES / 2; page++)
		tlb_insert(&tlb, 0x7f0000000000 + (page << 12), page << 12 | 1, 12);
	for (u64 page = 0; page < TLB_ENTRIES / 2; page++)
		hits += tlb_lookup(&tlb, 0x7f0000000000 + (page << 12), &pte, &shift) &&
			pte == (page << 12 | 1);
	assert_int_equal(hits, TLB_ENTRIES / 2);
}

/* Every page maps to itself plus its tag: a torn entry would show. */
static void *hammer(void *seed)
{
	struct rng rng;
	u64 pte;
	u32 shift;

	rng_init(&rng, (u64)(uintptr_t)seed, 9);
	for (u32 i = 0; i < 200000; i++) {
		u64 va = (u64)rng_below(&rng, 20000) << 12;

		if (tlb_lookup(&tlb, va, &pte, &shift))
			assert_true(pte == (va ^ 0x5555000) << 1);
		else
			tlb_insert(&tlb, va, (va ^ 0x5555000) << 1, 12);
	}
	return NULL;
}

static void concurrent_use_never_mixes_entries(void **state)
{
	pthread_t thread[4];

	(void)state;
	for (uintptr_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, hammer, (void *)(i + 1)), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(lookup_after_insert_hits_whole_page),
		CASE(sizes_live_side_by_side),
		CASE(giant_leaf_is_cut_to_2m),
		CASE(drop_takes_what_it_touches_and_no_more),
		CASE(drop_everything_above_reaches_upper_half),
		CASE(four_thousand_pages_fit),
		CASE(concurrent_use_never_mixes_entries),
	};

	return cmocka_run_group_tests_name("tlb", tests, NULL, NULL);
}
