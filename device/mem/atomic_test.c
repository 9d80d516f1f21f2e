// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "mem/atomic.h"
#include "mem/vram.h"
#include "util/rng.h"

static u32 bits_of(float value)
{
	u32 bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

/* Before, source, compare, after; both forms of the operation. */
static void check32(u32 op, u32 before, u32 src, u32 compare, u32 after)
{
	for (u32 form = 0; form <= MEM_ATOMIC_NO_RETURN; form += MEM_ATOMIC_NO_RETURN) {
		struct mem_atomic atomic = { .op = op | form, .src = src, .compare = compare };
		u32 word = before;

		assert_true(mem_atomic_run(&word, &atomic, 4));
		assert_int_equal(word, after);
		assert_int_equal(atomic.old, before);
	}
}

static void check64(u32 op, u64 before, u64 src, u64 compare, u64 after)
{
	struct mem_atomic atomic = { .op = op + 32, .src = src, .compare = compare };
	u64 word = before;

	assert_true(mem_atomic_run(&word, &atomic, 8));
	assert_int_equal(word, after);
	assert_int_equal(atomic.old, before);
}

static void atomic_integers_32_follow_the_table(void **state)
{
	(void)state;
	check32(7, 1, 2, 0, 2);
	check32(8, 1, 2, 1, 2);
	check32(8, 1, 2, 3, 1);
	check32(15, 0xffffffff, 2, 0, 1);
	check32(16, 1, 2, 0, 0xffffffff);
	check32(17, 1, 0xffffffff, 0, 0xffffffff);
	check32(18, 1, 0xffffffff, 0, 1);
	check32(19, 1, 0xffffffff, 0, 1);
	check32(20, 1, 0xffffffff, 0, 0xffffffff);
	check32(21, 0xff, 0x1f0, 0, 0xf0);
	check32(22, 0xff, 0x1f0, 0, 0x1ff);
	check32(23, 0xff, 0x1f0, 0, 0x10f);
	check32(24, 4, 5, 0, 5);
	check32(24, 5, 5, 0, 0);
	check32(25, 4, 5, 0, 3);
	check32(25, 0, 5, 0, 5);
	check32(25, 6, 5, 0, 5);
}

static void atomic_integers_64_use_all_bits(void **state)
{
	(void)state;
	check64(7, 1, 1ull << 40, 0, 1ull << 40);
	check64(8, 1ull << 40, 7, 1ull << 40, 7);
	check64(8, 1ull << 40, 7, 0, 1ull << 40);
	check64(15, 0xffffffff, 1, 0, 1ull << 32);
	check64(15, 1, ~0ull, 0, 0);
	check64(16, 0, 1, 0, ~0ull);
	check64(17, 1, ~0ull, 0, ~0ull);
	check64(20, 1, ~0ull, 0, ~0ull);
	check64(23, 1ull << 63, 1ull << 63, 0, 0);
	check64(24, ~0ull, 5, 0, 0);
	check64(25, 0, 1ull << 50, 0, 1ull << 50);
}

static void atomic_floats_compare_as_numbers(void **state)
{
	const u32 tiny = 1, minus_zero = 0x80000000u, nan = 0x7fc00000u;

	(void)state;
	check32(2, bits_of(1.5f), bits_of(-2.0f), 0, bits_of(-2.0f));
	check32(2, bits_of(-2.0f), bits_of(1.5f), 0, bits_of(-2.0f));
	check32(3, bits_of(-2.0f), bits_of(1.5f), 0, bits_of(1.5f));
	check32(3, bits_of(1.0f), nan, 0, bits_of(1.0f));
	check32(1, minus_zero, bits_of(3.0f), 0, bits_of(3.0f));
	check32(1, nan, bits_of(3.0f), nan, nan);
	/* a denormal counts, unless it is flushed */
	check32(3, 0, tiny, 0, tiny);
	check32(11, 0, tiny, 0, 0);
	check32(9, tiny, bits_of(3.0f), 0, bits_of(3.0f));
	check64(3, 0xbff0000000000000ull, 0x3ff0000000000000ull, 0, 0x3ff0000000000000ull);
	check64(10, 0, 0x8000000000000001ull, 0, 0);
}

/* Sums of waves: not for packets, so packets cannot name them. */
static void wave_check(u32 op, unsigned int bytes, const u64 *value)
{
	struct mem_atomic atomic = { .op = op, .src = value[1] };
	unsigned int any;
	u64 word = value[0], pure = 0;

	assert_false(mem_atomic_known(op, &any));
	assert_true(mem_atomic_result(&atomic, bytes, value[0], &pure));
	assert_int_equal(pure, value[2]);
	assert_true(mem_atomic_run(&word, &atomic, bytes));
	assert_int_equal(word, value[2]);
	assert_int_equal(atomic.old, value[0]);
	assert_false(mem_atomic_run(&word, &atomic, 12 - bytes));
}

static void atomic_float_sums_round_and_flush_as_named(void **state)
{
	static const u64 plain[][3] = {
		{ 0x3f800000, 0x40000000, 0x40400000 }, /* 1 + 2 */
		{ 0x3f800000, 0x33800000, 0x3f800000 }, /* tie to even */
		{ 0x80000000, 0x80000000, 0x80000000 },
		{ 0x7f7fffff, 0x7f7fffff, 0x7f800000 },
	};
	static const u64 tiny[2][3] = {
		{ 0x00800000, 0x80000001, 0x00800000 },	/* operand flushed */
		{ 0x00800000, 0x80c00000, 0x80000000 },	/* result flushed */
	};
	static const u64 kept[] = { 0x00800000, 0x80000001, 0x007fffff };
	static const u64 wide[] = { 0x3ff0000000000000, 0x0000000000000001, 0x3ff0000000000000 };
	static const u64 wide_tiny[] = { 1, 2, 3 };
	static const u64 packed[] = { 0x3c007bff, 0x40007bff, 0x42007c00 };

	(void)state;
	for (int i = 0; i < 4; i++) {
		wave_check(MEM_ATOMIC_FADD, 4, plain[i]);
		wave_check(MEM_ATOMIC_FADD_DENORM, 4, plain[i]);
	}
	wave_check(MEM_ATOMIC_FADD, 4, tiny[0]);
	wave_check(MEM_ATOMIC_FADD, 4, tiny[1]);
	wave_check(MEM_ATOMIC_FADD_DENORM, 4, kept);
	wave_check(MEM_ATOMIC_FADD | MEM_ATOMIC_64, 8, wide);
	wave_check(MEM_ATOMIC_FADD | MEM_ATOMIC_64, 8, wide_tiny);
	wave_check(MEM_ATOMIC_PK_FADD16, 4, packed);
}

static void f16_sums_are_those_of_the_compiler(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, 16, 1);
	for (int i = 0; i < 1000000; i++) {
		u64 random = rng_next(&rng);
		u16 a = (u16)random, b = (u16)(random >> 16), bits;
		_Float16 x, y, sum;

		/* Near in size, so that they meet in the mantissa. */
		if (i & 1)
			b = (u16)((b & 0x83ff) | (a & 0x7c00));
		memcpy(&x, &a, 2);
		memcpy(&y, &b, 2);
		sum = (_Float16)((float)x + (float)y);
		memcpy(&bits, &sum, 2);
		if ((bits & 0x7fff) > 0x7c00)
			assert_true((mem_f16_add(a, b) & 0x7fff) > 0x7c00);
		else
			assert_int_equal(mem_f16_add(a, b), bits);
	}
}

static void atomic_unknown_operation_changes_nothing(void **state)
{
	(void)state;
	for (u32 op = 0; op < 512; op++) {
		struct mem_atomic atomic = { .op = op, .src = ~0ull };
		unsigned int bytes = 0;
		u64 word = 5;

		if (op >= MEM_ATOMIC_WAVE && op <= (MEM_ATOMIC_FADD_DENORM | MEM_ATOMIC_64)) {
			/* A wave's own, see above. */
			assert_false(mem_atomic_known(op, &bytes));
			continue;
		}
		if (!mem_atomic_known(op, &bytes)) {
			assert_false(mem_atomic_run(&word, &atomic, 4));
			assert_false(mem_atomic_run(&word, &atomic, 8));
			assert_int_equal(word, 5);
			continue;
		}
		assert_int_equal(bytes, op & 32 ? 8 : 4);
		assert_false(mem_atomic_run(&word, &atomic, 12 - bytes));
		assert_false(mem_atomic_run((u8 *)&word + 2, &atomic, bytes));
	}
}

#define ADDERS 4
#define ADDS   100000

static void *adder(void *arg)
{
	struct mem_atomic atomic = { .op = 47 | MEM_ATOMIC_NO_RETURN, .src = 1 };

	for (int i = 0; i < ADDS; i++)
		mem_atomic_run(arg, &atomic, 8);
	return NULL;
}

static void atomic_adds_of_threads_are_not_lost(void **state)
{
	pthread_t thread[ADDERS];
	u64 sum = 0;

	(void)state;
	for (int i = 0; i < ADDERS; i++)
		pthread_create(&thread[i], NULL, adder, &sum);
	for (int i = 0; i < ADDERS; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(sum, ADDERS * ADDS);
}

static void vram_edges_are_checked(void **state)
{
	const u64 bytes = 64ull << 20;
	struct mem_atomic add = { .op = 15, .src = 1 };
	struct vram vram;
	u64 value = 0;
	u8 buf[8];

	(void)state;
	assert_int_equal(vram_init(&vram, bytes), 0);
	assert_int_equal(vram_store(&vram, bytes - 8, 0x1122334455667788ull, 8), MEM_OK);
	assert_int_equal(vram_load(&vram, bytes - 4, &value, 4), MEM_OK);
	assert_int_equal(value, 0x11223344);
	assert_int_equal(vram_atomic(&vram, bytes - 4, &add, 4), MEM_OK);
	assert_int_equal(vram_read(&vram, bytes - 8, buf, 8), MEM_OK);
	assert_int_equal(buf[4], 0x45);
	assert_int_equal(vram_read(&vram, bytes - 7, buf, 8), MEM_UNMAPPED);
	assert_int_equal(vram_write(&vram, ~0ull - 3, buf, 8), MEM_UNMAPPED);
	assert_int_equal(vram_load(&vram, bytes, &value, 4), MEM_UNMAPPED);
	assert_int_equal(vram_store(&vram, 2, 0, 4), MEM_UNMAPPED);
	vram_fini(&vram);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(atomic_integers_32_follow_the_table),
		cmocka_unit_test(atomic_integers_64_use_all_bits),
		cmocka_unit_test(atomic_floats_compare_as_numbers),
		cmocka_unit_test(atomic_float_sums_round_and_flush_as_named),
		cmocka_unit_test(f16_sums_are_those_of_the_compiler),
		cmocka_unit_test(atomic_unknown_operation_changes_nothing),
		cmocka_unit_test(atomic_adds_of_threads_are_not_lost),
		cmocka_unit_test(vram_edges_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
