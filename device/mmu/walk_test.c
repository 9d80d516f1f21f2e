// SPDX-License-Identifier: MIT
/* The walk against a reference that expands tables into a list of leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "mmu/walk.h"
#include "util/rng.h"

#define TABLES	64u
#define RW	(VKFD_PTE_VALID | VKFD_PTE_READABLE | VKFD_PTE_WRITEABLE)

struct world {
	u64 table[TABLES][VKFD_PT_ENTRIES];
	u32 used;
	u32 loads;
};

static struct world world;

static bool world_load(void *opaque, u64 hive, u64 *entry)
{
	struct world *w = opaque;

	w->loads++;
	if (hive / VKFD_PT_BYTES >= TABLES || hive % 8)
		return false;
	*entry = w->table[hive / VKFD_PT_BYTES][hive % VKFD_PT_BYTES / 8];
	return true;
}

static const struct walk_source source = { world_load, &world };

static int setup(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	world.used = 1;
	return 0;
}

/* The entry of @va at @level, with tables made above it. */
static u64 *entry_at(u64 va, u32 level)
{
	u32 table = 0;

	for (u32 l = VKFD_PT_LEVELS - 1; l > level; l--) {
		u64 *pde = &world.table[table][VKFD_PT_INDEX(va, l)];

		if (!(*pde & VKFD_PTE_VALID)) {
			assert_true(world.used < TABLES);
			*pde = (u64)world.used++ * VKFD_PT_BYTES | VKFD_PTE_VALID;
		}
		table = (u32)((*pde & VKFD_PTE_ADDR_MASK) / VKFD_PT_BYTES);
	}
	return &world.table[table][VKFD_PT_INDEX(va, level)];
}

/* Written on its own: multiplication and division, no shifts of the original. */
static struct walk_result reference(u64 va)
{
	u64 span = 512ULL << 30, offset = va % (1ULL << 48);
	struct walk_result res = { WALK_NOT_PRESENT, 39, 0 };
	u64 table = 0, entry = 0;

	for (int level = 3; level >= 0; level--, span /= 512, res.shift -= 9) {
		bool leaf;

		if (table / 4096 >= TABLES) {
			res.status = WALK_BAD_TABLE;
			return res;
		}
		entry = world.table[table / 4096][offset / span % 512];
		leaf = !level || entry >> 54 & 1;
		if (!(entry & 1)) {
			res.status = leaf && entry >> 51 & 1 ? WALK_PRT : WALK_NOT_PRESENT;
			return res;
		}
		if ((entry & (1 | 2 | 0x70 | 1ULL << 51)) == (1 | 2 | 1ULL << 51)) {
			res.status = WALK_NO_RETRY;
			return res;
		}
		if (leaf)
			break;
		if (entry & 2) {
			res.status = WALK_BAD_TABLE;
			return res;
		}
		table = entry & 0xfffffffff000ULL;
	}
	res.status = WALK_LEAF;
	res.entry = entry;
	return res;
}

/* Address that a walk gives to @va, and what the reference gives. */
static u64 leaf_address(const struct walk_result *res, u64 va)
{
	u64 low = (1ULL << res->shift) - 1;

	return (res->entry & VKFD_PTE_ADDR_MASK & ~low) | (va & low);
}

static void compare(u64 va, struct walk_cache *cache)
{
	struct walk_result got = walk(&source, 0, va, cache), want = reference(va);

	assert_int_equal(got.status, want.status);
	if (got.status != WALK_LEAF)
		return;
	assert_true(got.shift >= want.shift);
	assert_true(leaf_address(&got, va) == leaf_address(&want, va));
	assert_true((got.entry & ~VKFD_PTE_ADDR_MASK) == (want.entry & ~VKFD_PTE_ADDR_MASK));
}

static u64 random_entry(struct rng *rng)
{
	u64 entry = rng_next(rng) & (VKFD_PTE_ADDR_MASK | 0xff7);

	switch (rng_below(rng, 8)) {
	case 0:
		return 0;
	case 1:
		return VKFD_PTE_NORETRY;
	case 2:
		return entry & ~VKFD_PTE_VALID;
	case 3:
		return (entry & ~VKFD_PTE_VALID) | VKFD_PTE_PRT;
	case 4:
		return entry | VKFD_PTE_VALID | VKFD_PDE_PTE;
	case 5:
		return (u64)rng_below(rng, TABLES + 4) * VKFD_PT_BYTES | VKFD_PTE_VALID;
	default:
		return entry | RW;
	}
}

static void walk_random_tables_match_reference(void **state)
{
	struct rng rng;

	(void)state;
	for (u32 round = 1; round <= 300; round++) {
		struct walk_cache cache = { 0 };

		rng_init(&rng, round, 0);
		for (u32 i = 0; i < 6000; i++) {
			u32 table = rng_below(&rng, TABLES);

			/* Few slots, so that random addresses meet them. */
			world.table[table][rng_below(&rng, 6)] = random_entry(&rng);
		}
		for (u32 i = 0; i < 2000; i++) {
			u64 va = 0;

			for (u32 level = 0; level < VKFD_PT_LEVELS; level++)
				va |= (u64)rng_below(&rng, 6) << VKFD_PT_SHIFT(level);
			compare(va | rng_below(&rng, 4096), i % 2 ? &cache : NULL);
		}
	}
}

static void walk_leaf_at_each_level_gives_its_size(void **state)
{
	static const u32 shift[] = { 12, 21, 30, 39 };

	(void)state;
	for (u32 level = 0; level < 4; level++) {
		u64 va = (u64)(level + 1) << 39;
		struct walk_result res;

		*entry_at(va, level) = (5ULL << 39) | RW | (level ? VKFD_PDE_PTE : 0);
		res = walk(&source, 0, va + 123, NULL);
		assert_int_equal(res.status, WALK_LEAF);
		assert_int_equal(res.shift, shift[level]);
		assert_true((res.entry & VKFD_PTE_ADDR_MASK) == 5ULL << 39);
	}
}

static void walk_true_fragment_widens(void **state)
{
	u64 va = 0x40000000;
	struct walk_result res;

	(void)state;
	for (u64 i = 0; i < 16; i++)
		*entry_at(va + i * 4096, 0) = (0x7000000 + i * 4096) | RW | 4 << 7;
	res = walk(&source, 0, va + 5 * 4096, NULL);
	assert_int_equal(res.shift, 16);
	assert_true((res.entry & VKFD_PTE_ADDR_MASK) == 0x7000000);
}

static void walk_false_fragment_is_not_believed(void **state)
{
	u64 va = 0x40000000;

	(void)state;
	for (u64 i = 0; i < 16; i++)
		*entry_at(va + i * 4096, 0) = (0x7000000 + i * 4096) | RW | 9 << 7;
	*entry_at(va + 3 * 4096, 0) = 0x9000000 | RW | 9 << 7;
	assert_int_equal(walk(&source, 0, va, NULL).shift, 12);
	/* Another right makes another page, too. */
	*entry_at(va + 3 * 4096, 0) = 0x7003000 | VKFD_PTE_VALID | VKFD_PTE_READABLE | 9 << 7;
	assert_int_equal(walk(&source, 0, va, NULL).shift, 12);
	/* Contiguous, but not aligned to the size it claims. */
	for (u64 i = 0; i < 16; i++)
		*entry_at(va + i * 4096, 0) = (0x7001000 + i * 4096) | RW | 4 << 7;
	assert_int_equal(walk(&source, 0, va, NULL).shift, 12);
}

static void walk_reads_bounded_entries(void **state)
{
	u64 va = 0x40000000;

	(void)state;
	for (u64 i = 0; i < 512; i++)
		*entry_at(va + i * 4096, 0) = (0x8000000 + i * 4096) | RW | 9 << 7;
	world.loads = 0;
	assert_int_equal(walk(&source, 0, va, NULL).shift, 21);
	assert_true(world.loads <= 4 + 512);
	/* Directories that point at themselves end after four levels. */
	for (u32 i = 0; i < VKFD_PT_ENTRIES; i++)
		world.table[0][i] = VKFD_PTE_VALID;
	world.loads = 0;
	walk(&source, 0, va, NULL);
	assert_true(world.loads <= 4 + 512);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(walk_random_tables_match_reference, setup),
		cmocka_unit_test_setup(walk_leaf_at_each_level_gives_its_size, setup),
		cmocka_unit_test_setup(walk_true_fragment_widens, setup),
		cmocka_unit_test_setup(walk_false_fragment_is_not_believed, setup),
		cmocka_unit_test_setup(walk_reads_bounded_entries, setup),
	};

	return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
