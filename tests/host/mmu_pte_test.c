// SPDX-License-Identifier: MIT
/*
 * mmu_pte.c against a naive model: any interval, cut into blocks, gives for
 * each page the address and flags that page-by-page packing would give, and
 * each block is aligned, contiguous and as large as it may be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "mmu/mmu_pte.c"

#define FLAGS (VKFD_PTE_VALID | VKFD_PTE_READABLE | VKFD_PTE_WRITEABLE)
#define PAGE 4096ULL

static u64 random_state = 1;

/* xorshift64: any seed but 0 */
static u64 random_u64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static void order_is_limited_by_virtual_alignment(void **state)
{
	(void)state;
	assert_int_equal(vkfd_pte_order(0x1000, 0, 512), 0);
	assert_int_equal(vkfd_pte_order(0x2000, 0, 512), 1);
	assert_int_equal(vkfd_pte_order(0x10000, 0, 512), 4);
	assert_int_equal(vkfd_pte_order(0x200000, 0, 512), VKFD_FRAG_2M);
}

static void order_is_limited_by_physical_alignment(void **state)
{
	(void)state;
	assert_int_equal(vkfd_pte_order(0, 0x1000 | FLAGS, 512), 0);
	assert_int_equal(vkfd_pte_order(0, 0x100000 | FLAGS, 512), 8);
	assert_int_equal(vkfd_pte_order(0, 0x40000000 | FLAGS, 512), VKFD_FRAG_2M);
}

static void order_is_limited_by_length_and_by_2m(void **state)
{
	(void)state;
	assert_int_equal(vkfd_pte_order(0, 0, 1), 0);
	assert_int_equal(vkfd_pte_order(0, 0, 511), 8);
	assert_int_equal(vkfd_pte_order(0, 0, 1 << 20), VKFD_FRAG_2M);
}

static void leaf_of_2m_has_the_pde_bit_and_others_not(void **state)
{
	u64 huge = vkfd_pte_leaf(0x200000 | FLAGS, VKFD_FRAG_2M);
	u64 small = vkfd_pte_leaf(0x10000 | FLAGS, VKFD_FRAG_64K);

	(void)state;
	assert_true(vkfd_pte_is_leaf(huge));
	assert_false(vkfd_pte_is_leaf(small));
	assert_false(vkfd_pte_is_leaf(vkfd_pde(0x200000)));
	assert_int_equal(vkfd_pte_frag(huge), VKFD_FRAG_2M);
	assert_int_equal(vkfd_pte_frag(small), VKFD_FRAG_64K);
	assert_int_equal(vkfd_pte_frag(vkfd_pte_with_frag(small, 0)), 0);
}

static void advance_moves_the_address_and_keeps_the_flags(void **state)
{
	u64 pte = 0x7ffff000 | FLAGS | VKFD_PTE_SNOOPED | 1ULL << VKFD_PTE_MTYPE_SHIFT;

	(void)state;
	assert_int_equal(vkfd_pte_advance(pte, 1), (pte & ~VKFD_PTE_ADDR_MASK) | 0x80000000);
	assert_int_equal(vkfd_pte_advance(pte, 0), pte);
}

static void fragment_block_surrounds_its_entries(void **state)
{
	unsigned int start, end;

	(void)state;
	vkfd_pte_frag_block(37, vkfd_pte_leaf(FLAGS, 4), &start, &end);
	assert_int_equal(start, 32);
	assert_int_equal(end, 48);
	vkfd_pte_frag_block(37, FLAGS, &start, &end);
	assert_int_equal(start, 37);
	assert_int_equal(end, 38);
	vkfd_pte_frag_block(511, vkfd_pte_with_frag(FLAGS, 31), &start, &end);
	assert_int_equal(start, 0);
	assert_int_equal(end, VKFD_PT_ENTRIES);
}

/* Would a block twice as large at the same place still be allowed? */
static bool could_be_larger(u64 va, u64 pte, u64 pages, unsigned int order)
{
	u64 span = 2 * PAGE << order;

	return order < VKFD_FRAG_2M && pages * PAGE >= span && va % span == 0 &&
	       (pte & VKFD_PTE_ADDR_MASK) % span == 0;
}

static void random_intervals_equal_page_by_page_packing(void **state)
{
	(void)state;
	for (int round = 0; round < 20000; round++) {
		u64 skew = random_u64() % 3 ? 0 : random_u64() % 1024;
		u64 first = random_u64() % (1 << 20);
		u64 pages = 1 + random_u64() % 3000;
		u64 pte = (((first + skew) * PAGE) & VKFD_PTE_ADDR_MASK) | FLAGS;
		u64 at = 0;

		while (at < pages) {
			u64 va = (first + at) * PAGE, here = vkfd_pte_advance(pte, at);
			unsigned int order = vkfd_pte_order(va, here, pages - at);
			u64 leaf = vkfd_pte_leaf(here, order);

			assert_int_equal(va % (PAGE << order), 0);
			assert_int_equal((leaf & VKFD_PTE_ADDR_MASK) % (PAGE << order), 0);
			assert_int_equal(leaf & VKFD_PTE_ADDR_MASK,
					 pte + at * PAGE - (pte & ~VKFD_PTE_ADDR_MASK));
			assert_int_equal(leaf & FLAGS, FLAGS);
			assert_false(could_be_larger(va, here, pages - at, order));
			at += 1ULL << order;
		}
		assert_int_equal(at, pages);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_is_limited_by_virtual_alignment),
		cmocka_unit_test(order_is_limited_by_physical_alignment),
		cmocka_unit_test(order_is_limited_by_length_and_by_2m),
		cmocka_unit_test(leaf_of_2m_has_the_pde_bit_and_others_not),
		cmocka_unit_test(advance_moves_the_address_and_keeps_the_flags),
		cmocka_unit_test(fragment_block_surrounds_its_entries),
		cmocka_unit_test(random_intervals_equal_page_by_page_packing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
