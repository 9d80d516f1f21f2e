// SPDX-License-Identifier: MIT
/* Lanes of a wave instruction: all or nothing, over every kind of place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "mem/atomic.h"
#include "mem/words.h"
#include "mmu/fake_space.h"
#include "mmu/lanes.h"
#include "util/rng.h"

#define RAM_VA	0x7f0000000000ull	/* 4 pages of RAM, scattered */
#define VRAM_VA	0x7f0000004000ull	/* behind them: 4 pages of VRAM */
#define BAR_VA	0x7f0000010000ull
#define HOLE_VA	0x7f0000020000ull
#define RO_VA	0x7f0000030000ull
#define PRT_VA	0x7f0000040000ull

struct bench {
	struct fake_space space;
	struct mmu_access access;
};

static int setup(void **state)
{
	static struct bench bench;
	struct fake_space *space = &bench.space;

	fake_space_init(space, true);
	for (u64 n = 0; n < 4; n++) {
		fake_space_map_ram(space, RAM_VA + n * 4096, (7 - 2 * n) * 4096, 4096);
		fake_space_map_vram(space, VRAM_VA + n * 4096, (n ^ 1) * 4096, 4096);
	}
	fake_space_pte(space, BAR_VA, FAKE_SPACE_DOORBELLS | VKFD_PTE_SYSTEM | FAKE_SPACE_RW);
	fake_space_pte(space, RO_VA, FAKE_SPACE_RX);
	fake_space_pte(space, PRT_VA, VKFD_PTE_PRT);
	bench.access = (struct mmu_access){ .mmu = space->mmu, .ctx = FAKE_SPACE_CTX };
	*state = &bench;
	return 0;
}

static int teardown(void **state)
{
	fake_space_fini(&((struct bench *)*state)->space);
	return 0;
}

/* The byte of memory behind a VA of the eight pages, found by hand. */
static u8 *byte_at(struct bench *bench, u64 va)
{
	u64 page = (va - RAM_VA) / 4096, offset = va % 4096;

	if (page < 4)
		return bench->space.ram + (7 - 2 * page) * 4096 + offset;
	return bench->space.vram.base + ((page - 4) ^ 1) * 4096 + offset;
}

static void pieces_at_random_match_bytes_one_by_one(void **state)
{
	struct bench *bench = *state;
	struct rng rng;

	rng_init(&rng, 41, 1);
	for (int round = 0; round < 2000; round++) {
		struct mmu_pieces pieces = { .nr = 0 };
		u8 data[1024], want[1024];
		u64 va[64];
		u32 bytes = 1 + rng_below(&rng, 16);
		bool row = rng_below(&rng, 2);

		for (u32 i = 0; i < 64; i++) {
			va[i] = RAM_VA + rng_below(&rng, 8 * 4096 - 2048);
			if (row && i)
				va[i] = va[i - 1] + bytes;
			mmu_piece_add(&pieces, va[i], data + i * bytes, bytes);
		}
		for (u32 i = 0; i < sizeof(data); i++)
			data[i] = (u8)rng_next(&rng);
		assert_true(mmu_pieces_store(&bench->access, &pieces));
		/* Later lanes win: what memory holds now is what a load must give. */
		for (u32 i = 0; i < 64 * bytes; i++)
			want[i] = *byte_at(bench, va[i / bytes] + i % bytes);
		assert_memory_equal(want + 63 * bytes, data + 63 * bytes, bytes);
		memset(data, 0, sizeof(data));
		assert_true(mmu_pieces_load(&bench->access, &pieces));
		assert_memory_equal(data, want, 64 * bytes);
	}
}

static void pieces_that_follow_become_one(void **state)
{
	struct mmu_pieces pieces = { .nr = 0 };
	u8 data[64];

	(void)state;
	for (u32 i = 0; i < 16; i++)
		mmu_piece_add(&pieces, 0x1000 + 4 * i, data + 4 * i, 4);
	assert_int_equal(pieces.nr, 1);
	assert_int_equal(pieces.piece[0].len, 64);
	mmu_piece_add(&pieces, 0x1040, data, 4);
	mmu_piece_add(&pieces, 0x1048, data + 4, 4);
	assert_int_equal(pieces.nr, 3);
}

static void store_with_missing_last_page_changes_nothing(void **state)
{
	struct bench *bench = *state;
	struct mmu_pieces pieces = { .nr = 0 };
	u8 data[32], before[4];

	memset(data, 0xa5, sizeof(data));
	memcpy(before, byte_at(bench, RAM_VA), 4);
	memcpy(byte_at(bench, VRAM_VA), before, 4);
	mmu_piece_add(&pieces, RAM_VA, data, 4);
	mmu_piece_add(&pieces, VRAM_VA, data, 4);
	mmu_piece_add(&pieces, HOLE_VA - 2, data, 4);
	mmu_piece_add(&pieces, HOLE_VA + 8192, data, 4);
	assert_false(mmu_pieces_store(&bench->access, &pieces));
	assert_int_equal(bench->access.fault.va, HOLE_VA - 2);
	assert_int_equal(bench->access.fault.access, VKFD_FAULT_WRITE);
	assert_true(bench->access.fault.retry);
	assert_memory_equal(byte_at(bench, RAM_VA), before, 4);
	assert_memory_equal(byte_at(bench, VRAM_VA), before, 4);
}

/* All missing pages are named, each once; what is there, or is no retry, is not. */
static void other_missing_pages_are_named(void **state)
{
	struct bench *bench = *state;
	struct mmu_pieces pieces = { .nr = 0 };
	struct mmu_more more = { .nr = 9 };
	struct mmu_lane_atomics atomics = { .active = 0x8001f, .bytes = 4 };
	u8 data[64] = { 0 };

	bench->access.more = &more;
	mmu_piece_add(&pieces, VRAM_VA, data, 4);
	mmu_piece_add(&pieces, HOLE_VA + 16, data + 8, 4);
	mmu_piece_add(&pieces, HOLE_VA + 3 * 4096, data + 16, 4);
	mmu_piece_add(&pieces, RO_VA, data + 24, 4);
	mmu_piece_add(&pieces, HOLE_VA + 2 * 4096 - 2, data + 32, 4);
	mmu_piece_add(&pieces, HOLE_VA + 32, data + 40, 4);
	mmu_piece_add(&pieces, 1ull << 60, data + 48, 4);
	assert_false(mmu_pieces_store(&bench->access, &pieces));
	assert_int_equal(bench->access.fault.va, HOLE_VA + 16);
	assert_true(bench->access.fault.retry);
	assert_int_equal(more.nr, 3);
	assert_int_equal(more.page[0], HOLE_VA + 3 * 4096);
	assert_int_equal(more.page[1], HOLE_VA + 4096);
	assert_int_equal(more.page[2], HOLE_VA + 2 * 4096);

	for (u32 lane = 0; lane < 20; lane++)
		atomics.va[lane] = HOLE_VA + (lane % 4) * 4096;
	assert_false(mmu_lanes_atomic(&bench->access, &atomics));
	assert_int_equal(bench->access.fault.va, HOLE_VA);
	assert_int_equal(more.nr, 3);
	for (u32 i = 0; i < 3; i++)
		assert_int_equal(more.page[i], HOLE_VA + (i + 1) * 4096);

	/* Not retried: nothing else is of interest. */
	more.nr = 9;
	pieces.nr = 0;
	mmu_piece_add(&pieces, RO_VA, data, 4);
	mmu_piece_add(&pieces, HOLE_VA, data + 8, 4);
	assert_false(mmu_pieces_store(&bench->access, &pieces));
	assert_false(bench->access.fault.retry);
	assert_int_equal(more.nr, 9);
	bench->access.more = NULL;
}

static void store_straddling_into_missing_page_names_that_page(void **state)
{
	struct bench *bench = *state;
	struct mmu_pieces pieces = { .nr = 0 };
	u8 data[16] = { 1 }, before[8];
	u64 end = VRAM_VA + 4 * 4096;

	memcpy(before, byte_at(bench, end - 8), 8);
	mmu_piece_add(&pieces, end - 8, data, 16);
	assert_false(mmu_pieces_store(&bench->access, &pieces));
	assert_int_equal(bench->access.fault.va, end);
	assert_memory_equal(byte_at(bench, end - 8), before, 8);
}

static void rights_are_checked_per_kind(void **state)
{
	struct bench *bench = *state;
	struct mmu_pieces pieces = { .nr = 0 };
	u32 word = 5;

	mmu_piece_add(&pieces, RO_VA, &word, 4);
	assert_true(mmu_pieces_load(&bench->access, &pieces));
	assert_false(mmu_pieces_store(&bench->access, &pieces));
	assert_int_equal(bench->access.fault.cause, MMU_PERMISSION);
	assert_false(bench->access.fault.retry);
	assert_true(mmu_fetch(&bench->access, RO_VA, &word, 4));
	assert_false(mmu_fetch(&bench->access, RAM_VA, &word, 4));
	assert_int_equal(bench->access.fault.access, VKFD_FAULT_READ | VKFD_FAULT_EXECUTE);
	assert_int_equal(bench->access.fault.cause, MMU_PERMISSION);
}

static void prt_reads_zero_and_doorbell_store_arrives(void **state)
{
	struct bench *bench = *state;
	struct mmu_pieces pieces = { .nr = 0 };
	u64 word = 0x1122334455667788ull;

	mmu_piece_add(&pieces, PRT_VA + 8, &word, 8);
	assert_true(mmu_pieces_store(&bench->access, &pieces));
	assert_true(mmu_pieces_load(&bench->access, &pieces));
	assert_int_equal(word, 0);
	word = 77;
	pieces.nr = 0;
	mmu_piece_add(&pieces, BAR_VA + 0x20, &word, 8);
	assert_true(mmu_pieces_store(&bench->access, &pieces));
	assert_int_equal(bench->space.doorbell_writes, 1);
	assert_int_equal(bench->space.doorbell_offset, 0x20);
	assert_int_equal(bench->space.doorbell_value, 77);
	assert_true(mmu_pieces_load(&bench->access, &pieces));
	assert_int_equal(word, 0xd02b);
}

static void atomics_happen_all_or_none(void **state)
{
	struct bench *bench = *state;
	static const u64 bad[] = { HOLE_VA, VRAM_VA + 2, BAR_VA, RO_VA };

	for (u32 n = 0; n < 5; n++) {
		struct mmu_lane_atomics lanes = { .active = 0xf0f, .bytes = 4 };
		u32 word = 100, after;

		memcpy(byte_at(bench, RAM_VA + 64), &word, 4);
		for (u32 i = 0; i < 64; i++) {
			lanes.va[i] = RAM_VA + 64;
			lanes.atomic[i] = (struct mem_atomic){ .op = 15, .src = 1 };
		}
		if (n < 4)
			lanes.va[11] = bad[n];
		assert_int_equal(mmu_lanes_atomic(&bench->access, &lanes), n == 4);
		memcpy(&after, byte_at(bench, RAM_VA + 64), 4);
		assert_int_equal(after, n == 4 ? 108 : 100);
		if (n == 4)
			assert_int_equal(lanes.atomic[11].old, 107);
		else
			assert_int_equal(bench->access.fault.va, bad[n]);
	}
}

static void withdrawn_ram_fails_before_any_byte(void **state)
{
	struct bench *bench = *state;
	struct mmu_pieces pieces = { .nr = 0 };
	u32 word = 9;

	fake_space_pte(&bench->space, HOLE_VA,
		       (FAKE_SPACE_BUS + FAKE_SPACE_RAM) | VKFD_PTE_SYSTEM | FAKE_SPACE_RW);
	memset(byte_at(bench, RAM_VA), 0, 4);
	mmu_piece_add(&pieces, RAM_VA, &word, 4);
	mmu_piece_add(&pieces, HOLE_VA, &word, 4);
	assert_false(mmu_pieces_store(&bench->access, &pieces));
	assert_int_equal(bench->access.fault.va, HOLE_VA);
	assert_int_equal(bench->access.fault.cause, MMU_NO_ANSWER);
	assert_int_equal(*byte_at(bench, RAM_VA), 0);
	fake_space_pte(&bench->space, HOLE_VA, 0);
}

static void bytes_are_counted_by_side(void **state)
{
	struct bench *bench = *state;
	u64 vram = counter_get(&bench->space.counters, VKFD_STAT_VRAM_READ_BYTES);
	u64 ram = counter_get(&bench->space.counters, VKFD_STAT_SYSTEM_READ_BYTES);
	struct mmu_pieces pieces = { .nr = 0 };
	u8 data[64];

	mmu_piece_add(&pieces, VRAM_VA - 16, data, 64);
	assert_true(mmu_pieces_load(&bench->access, &pieces));
	assert_int_equal(counter_get(&bench->space.counters, VKFD_STAT_VRAM_READ_BYTES) - vram, 48);
	assert_int_equal(counter_get(&bench->space.counters, VKFD_STAT_SYSTEM_READ_BYTES) - ram, 16);
}

static void code_epoch_rises_with_every_flush_and_change(void **state)
{
	struct bench *bench = *state;
	const _Atomic u64 *epoch = mmu_code_epoch(bench->space.mmu, FAKE_SPACE_CTX);
	u64 before = *epoch;

	fake_space_flush(&bench->space);
	assert_int_equal(*epoch, before + 1);
	mmu_code_changed(bench->space.mmu, FAKE_SPACE_CTX);
	assert_int_equal(*epoch, before + 2);
	assert_null(mmu_code_epoch(bench->space.mmu, 9));
}

static void words_copy_any_alignment(void **state)
{
	u8 from[64], to[64], want[64];

	(void)state;
	for (u32 at = 0; at < 16; at++) {
		for (u32 len = 0; len < 40; len++) {
			for (u32 i = 0; i < 64; i++)
				from[i] = (u8)(i + 1);
			memset(to, 0, 64);
			memset(want, 0, 64);
			memcpy(want + at, from + 3, len);
			mem_words_store(to + at, from + 3, len);
			assert_memory_equal(to, want, 64);
			memset(want, 0, 64);
			memcpy(want + 5, from + at, len);
			memset(to, 0, 64);
			mem_words_load(to + 5, from + at, len);
			assert_memory_equal(to, want, 64);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_at_random_match_bytes_one_by_one),
		cmocka_unit_test(pieces_that_follow_become_one),
		cmocka_unit_test(store_with_missing_last_page_changes_nothing),
		cmocka_unit_test(other_missing_pages_are_named),
		cmocka_unit_test(store_straddling_into_missing_page_names_that_page),
		cmocka_unit_test(rights_are_checked_per_kind),
		cmocka_unit_test(prt_reads_zero_and_doorbell_store_arrives),
		cmocka_unit_test(atomics_happen_all_or_none),
		cmocka_unit_test(withdrawn_ram_fails_before_any_byte),
		cmocka_unit_test(bytes_are_counted_by_side),
		cmocka_unit_test(code_epoch_rises_with_every_flush_and_change),
		cmocka_unit_test(words_copy_any_alignment),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
