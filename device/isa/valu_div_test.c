// SPDX-License-Identifier: MIT
/*
 * The division sequences that compilers emit, instruction by instruction through
 * valu_run(), against IEEE division: correctly rounded for every operand.
 */
#include <fenv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "isa/lane.h"
#include "isa/op_id.h"
#include "util/rng.h"

#define ROUNDS	400u
#define V(n)	(ISA_SRC_VGPR + (n))
#define ONE	242u			/* inline 1.0 */

static union wave_vreg regs[32];
static struct wave wave = { .v = regs, .nr_vgprs = 32 };
static struct rng rng;

static void step(enum isa_op_id id, u16 dst, u16 a, u16 b, u16 c, u8 neg)
{
	struct isa_inst inst = {
		.op = &isa_ops[id], .enc = ISA_VOP3, .dst = dst, .src = { a, b, c },
		.sdst = ISA_SRC_VCC, .neg = neg, .nr_vgprs = 32,
	};

	assert_true(valu_run(&wave, &inst));
}

/* v0 / v2 to v4, as LLVM expands a single division with denormals on. */
static void divide_f32(void)
{
	step(ISA_OP_v_div_scale_f32, 6, V(2), V(2), V(0), 0);
	step(ISA_OP_v_rcp_f32, 8, V(6), 0, 0, 0);
	step(ISA_OP_v_div_scale_f32, 10, V(0), V(2), V(0), 0);
	step(ISA_OP_v_fma_f32, 12, V(6), V(8), ONE, 1);
	step(ISA_OP_v_fma_f32, 8, V(12), V(8), V(8), 0);
	step(ISA_OP_v_mul_f32, 14, V(10), V(8), 0, 0);
	step(ISA_OP_v_fma_f32, 16, V(6), V(14), V(10), 1);
	step(ISA_OP_v_fma_f32, 14, V(16), V(8), V(14), 0);
	step(ISA_OP_v_fma_f32, 16, V(6), V(14), V(10), 1);
	step(ISA_OP_v_div_fmas_f32, 16, V(16), V(8), V(14), 0);
	step(ISA_OP_v_div_fixup_f32, 4, V(16), V(2), V(0), 0);
}

static void divide_f64(void)
{
	step(ISA_OP_v_div_scale_f64, 6, V(2), V(2), V(0), 0);
	step(ISA_OP_v_rcp_f64, 8, V(6), 0, 0, 0);
	step(ISA_OP_v_fma_f64, 10, V(6), V(8), ONE, 1);
	step(ISA_OP_v_fma_f64, 8, V(8), V(10), V(8), 0);
	step(ISA_OP_v_fma_f64, 10, V(6), V(8), ONE, 1);
	step(ISA_OP_v_fma_f64, 8, V(8), V(10), V(8), 0);
	step(ISA_OP_v_div_scale_f64, 12, V(0), V(2), V(0), 0);
	step(ISA_OP_v_mul_f64, 14, V(12), V(8), 0, 0);
	step(ISA_OP_v_fma_f64, 6, V(6), V(14), V(12), 1);
	step(ISA_OP_v_div_fmas_f64, 6, V(6), V(8), V(14), 0);
	step(ISA_OP_v_div_fixup_f64, 4, V(6), V(2), V(0), 0);
}

/* Numbers of all exponents, the edges more often. */
static u32 any_f32(void)
{
	static const u32 edge[] = {
		0, 1, 2, 0x007fffff, 0x00800000, 0x00800001, 0x3f800000, 0x3f7fffff,
		0x7f7fffff, 0x7f800000, 0x7fc00000, 0x7e800000, 0x7e800001, 0x7f000000,
		0x0b800000, 0x0c000000, 0x34000000, 0x4b000000,
	};
	u32 r = (u32)rng_next(&rng);

	switch (rng_next(&rng) % 8) {
	case 0:
		return edge[rng_next(&rng) % (sizeof(edge) / sizeof(edge[0]))] ^ (r & F32_SIGN);
	case 1:
		return r & 0x807fffff;
	case 2:
		return r & 0xff80000f;
	default:
		return r;
	}
}

static u64 any_f64(void)
{
	static const u64 edge[] = {
		0, 1, 0x000fffffffffffff, 0x0010000000000000, 0x3ff0000000000000,
		0x3fefffffffffffff, 0x7fefffffffffffff, 0x7ff0000000000000,
		0x7ff8000000000000, 0x7fd0000000000000, 0x7fd0000000000001,
		0x0350000000000000, 0x0360000000000000,
	};
	u64 r = rng_next(&rng);

	switch (rng_next(&rng) % 8) {
	case 0:
		return edge[rng_next(&rng) % (sizeof(edge) / sizeof(edge[0]))] ^ (r & F64_SIGN);
	case 1:
		return r & 0x800fffffffffffff;
	case 2:
		return r & 0xfff000000000000f;
	default:
		return r;
	}
}

static u64 reg64(unsigned int n, unsigned int lane)
{
	return regs[n].u[lane] | (u64)regs[n + 1].u[lane] << 32;
}

static void check_f32(void)
{
	for (unsigned int i = 0; i < WAVE_LANES; i++) {
		regs[0].u[i] = any_f32();
		regs[2].u[i] = any_f32();
	}
	divide_f32();
	for (unsigned int i = 0; i < WAVE_LANES; i++) {
		u32 want = f32_bits(regs[0].f[i] / regs[2].f[i]), got = regs[4].u[i];

		if (want != got && !(f32_is_nan(want) && f32_is_nan(got)))
			fail_msg("%08x / %08x = %08x, not %08x (%s)", regs[0].u[i], regs[2].u[i],
				 want, got, valu_unit_name());
	}
}

static void check_f64(void)
{
	for (unsigned int i = 0; i < WAVE_LANES; i++) {
		u64 num = any_f64(), den = any_f64();

		regs[0].u[i] = (u32)num;
		regs[1].u[i] = (u32)(num >> 32);
		regs[2].u[i] = (u32)den;
		regs[3].u[i] = (u32)(den >> 32);
	}
	divide_f64();
	for (unsigned int i = 0; i < WAVE_LANES; i++) {
		u64 want = f64_bits(f64_of(reg64(0, i)) / f64_of(reg64(2, i))), got = reg64(4, i);

		if (want != got && !(f64_is_nan(want) && f64_is_nan(got)))
			fail_msg("%016lx / %016lx = %016lx, not %016lx (%s)", reg64(0, i),
				 reg64(2, i), want, got, valu_unit_name());
	}
}

static void each_unit(void (*check)(void))
{
	wave.mode = 0xf0;
	wave_set_sreg64(&wave, ISA_SRC_EXEC, ~0ULL);
	for (int id = 0; id < VALU_NR_UNITS; id++) {
		if (!valu_use((enum valu_unit_id)id))
			continue;
		for (unsigned int i = 0; i < ROUNDS; i++)
			check();
	}
}

static void div_f32_sequence_is_correctly_rounded(void **state)
{
	(void)state;
	each_unit(check_f32);
}

static void div_f64_sequence_is_correctly_rounded(void **state)
{
	(void)state;
	each_unit(check_f64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(div_f32_sequence_is_correctly_rounded),
		cmocka_unit_test(div_f64_sequence_is_correctly_rounded),
	};
	const char *seed = getenv("VKFD_SEED");

	rng_init(&rng, seed ? strtoull(seed, NULL, 0) : 1, 0);
	printf("seed %s (VKFD_SEED)\n", seed ? seed : "1");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
