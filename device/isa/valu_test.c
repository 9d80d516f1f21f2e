// SPDX-License-Identifier: MIT
/*
 * Every VALU row against the plain vector ALU (fake_valu_ref.c): random encodings in
 * every form, random operands, EXEC and MODE, on every vector unit of this host.
 * VKFD_SEED chooses the numbers, VKFD_ROUNDS how many instructions a row gets.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "isa/fake_valu_ref.h"
#include "isa/valu.h"
#include "util/rng.h"

#define VGPRS	24u
#define AGPRS	8u

struct state {
	struct wave wave;
	union wave_vreg v[VGPRS], a[AGPRS];
};

static struct state before, want, got;
static struct rng rng;
static unsigned int rounds = 60;

static u32 random_below(u32 n)
{
	return (u32)(rng_next(&rng) % n);
}

static bool chance(u32 one_in)
{
	return random_below(one_in) == 0;
}

/* Bits that are interesting as some type. */
static u64 random_bits(void)
{
	static const u64 f32s[] = {
		0, 0x80000000, 1, 0x807fffff, 0x00800000, 0x3f800000, 0xbf800000, 0x3f000000,
		0x3f7fffff, 0x4b800000, 0x4f000000, 0x4f800000, 0xcf000000, 0x7f7fffff,
		0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001, 0xffc12345, 0x477fe000,
		0x477ff000, 0x33000000, 0x38800000, 0x387fc000, 0x42000000, 0xc3000000,
	};
	static const u16 f16s[] = {
		0, 0x8000, 1, 0x83ff, 0x400, 0x3c00, 0xbc00, 0x3800, 0x3bff, 0x7bff, 0x7c00,
		0xfc00, 0x7e00, 0x7c01, 0x6400, 0x4400,
	};
	static const u64 f64s[] = {
		0, 0x8000000000000000, 1, 0x000fffffffffffff, 0x0010000000000000,
		0x3ff0000000000000, 0xbfe0000000000000, 0x41e0000000000000, 0x41f0000000000000,
		0xc1e0000000200000, 0x7fefffffffffffff, 0x7ff0000000000000, 0xfff8000000000000,
		0x7ff0000000000001, 0x36a0000000000000, 0x380fffffffffffff, 0x47efffffffffffff,
		0x7b00000000000000, 0xfafabcdef0123456, 0x4350000000000000, 0x4367654321fedcba,
	};
	u64 r = rng_next(&rng);

	switch (random_below(8)) {
	case 0:
		return f32s[r % (sizeof(f32s) / 8)] | f32s[(r >> 32) % (sizeof(f32s) / 8)] << 32;
	case 1:
		return f64s[r % (sizeof(f64s) / 8)];
	case 2:
		return f16s[r % 16] | (u64)f16s[(r >> 8) % 16] << 16 | (r & ~0xffffffffULL);
	case 3:
		return r % 160 - 80;
	case 4:		/* near 1 as f32, and as f64 */
		return (r & 0x000fffff83ffffffULL) | 0x3ff000003c000000ULL;
	case 5:
		return r & 0x807fffff800fffffULL;
	default:
		return r;
	}
}

/* Registers where neighbours make a double. */
static void random_state(struct state *s)
{
	static const u64 execs[] = { ~0ULL, 0, 1, 1ULL << 63, 0x0000ffff00ff0f33ULL };

	for (unsigned int n = 0; n + 1 < VGPRS; n += 2) {
		u32 same = chance(4);
		u64 x = random_bits();

		for (unsigned int i = 0; i < WAVE_LANES; i++) {
			x = same && i ? x : random_bits();
			s->v[n].u[i] = (u32)x;
			s->v[n + 1].u[i] = (u32)(x >> 32);
		}
	}
	for (unsigned int i = 0; i < AGPRS * WAVE_LANES; i++)
		s->a[i / WAVE_LANES].u[i % WAVE_LANES] = (u32)rng_next(&rng);
	for (unsigned int n = 0; n < WAVE_SREGS; n += 2)
		wave_set_sreg64(&s->wave, n, random_bits());
	wave_set_sreg64(&s->wave, ISA_SRC_EXEC, chance(2) ? ~0ULL : chance(2) ?
			rng_next(&rng) : execs[random_below(5)]);
	if (chance(4))
		wave_set_sreg64(&s->wave, ISA_SRC_VCC, 0);
	s->wave.mode = chance(3) ? 0xf0 : (u32)rng_next(&rng) & 0x8003ff;
	s->wave.scc = chance(2);
	s->wave.status = chance(2) ? WAVE_STATUS_PRIV : 0;
	s->wave.nr_vgprs = VGPRS;
	s->wave.nr_agprs = AGPRS;
}

static void copy_state(struct state *to, const struct state *from)
{
	*to = *from;
	to->wave.v = to->v;
	to->wave.a = to->a;
}

/* A nine-bit source. */
static u32 random_source(void)
{
	static const u16 special[] = { 106, 107, 124, 126, 127, 235, 236, 237, 238, 251, 252, 253 };

	switch (random_below(8)) {
	case 0:
		return random_below(16);
	case 1:
		return 128 + random_below(81);
	case 2:
		return 240 + random_below(9);
	case 3:
		return chance(3) ? special[random_below(12)] : 255;
	default:
		return 256 + random_below(VGPRS);
	}
}

static u32 random_dpp_control(void)
{
	static const u16 others[] = {
		0x130, 0x134, 0x138, 0x13c, 0x140, 0x141, 0x142, 0x143,
	};

	switch (random_below(4)) {
	case 0:
		return random_below(256);
	case 1:
		return 0x100 + random_below(48);
	case 2:
		return others[random_below(8)];
	default:
		return 0x150 + random_below(16);
	}
}

/* The second dword of a short form: what src0 says. */
static u32 random_extra(u32 src0)
{
	u32 r = (u32)rng_next(&rng);

	switch (src0) {
	case ISA_SRC_SDWA:
		r = (r & 0xf3ffff00) | random_below(VGPRS);
		return chance(2) ? r & 0xc0c0ffff & ~0x6000e000u : r & ~0xe000u;
	case ISA_SRC_DPP:
		r = (r & 0xff080000) | random_dpp_control() << 8 | random_below(VGPRS);
		r |= chance(2) ? (u32)rng_next(&rng) & 0x00f00000 : 0;
		return chance(2) ? r | 0xff000000 : r;
	default:
		return (u32)random_bits();
	}
}

static void encode_short(const struct isa_op *op, u32 *word)
{
	u32 src0 = chance(3) ? ISA_SRC_SDWA : chance(3) ? ISA_SRC_DPP : random_source();
	u32 vdst = random_below(VGPRS), vsrc1 = random_below(VGPRS);

	if (op->shape == ISA_CROSS && op->type[0] == ISA_SREG)
		vdst = random_below(100);
	if (op->type[0] == ISA_NONE)
		vdst = src0 = 0;
	if (op->enc == ISA_VOP1)
		word[0] = 0x7e000000 | vdst << 17 | (u32)op->opcode << 9 | src0;
	else if (op->enc == ISA_VOP2)
		word[0] = (u32)op->opcode << 25 | vdst << 17 | vsrc1 << 9 | src0;
	else
		word[0] = 0x7c000000 | (u32)op->opcode << 17 | vsrc1 << 9 | src0;
	word[1] = random_extra(src0);
}

static void encode_long(const struct isa_op *op, u32 *word)
{
	u32 code = op->opcode, top = 0xd0000000, low = 0, high = 0;
	u32 vdst = random_below(VGPRS), sources = 0;

	if (op->enc == ISA_VOP2)
		code += 0x100;
	else if (op->enc == ISA_VOP1)
		code += 0x140;
	else if (op->enc == ISA_VOP3P)
		top = 0xd3800000;
	for (int n = 0; n < 3; n++) {
		if (op->type[n + 1] != ISA_NONE)
			sources |= random_source() << n * 9;
	}
	if (!chance(4)) {
		low = (u32)rng_next(&rng) & 0xff00 & (chance(2) ? ~0u : 0x7800);
		high = (u32)rng_next(&rng) & 0xf8000000 & (chance(2) ? ~0u : 0xe0000000);
	}
	if (op->type[0] == ISA_MASK || op->type[0] == ISA_SREG)
		vdst = random_below(124);
	word[0] = top | code << 16 | low | vdst;
	word[1] = sources | high;
}

/* A legal encoding of the row, within the registers that there are. */
static bool random_inst(const struct isa_op *op, struct isa_inst *inst)
{
	bool is_long = op->enc == ISA_VOP3 || op->enc == ISA_VOP3P;
	u32 word[2] = { 0 };

	for (unsigned int tries = 0; tries < 4000; tries++) {
		if (is_long || chance(3))
			encode_long(op, word);
		else
			encode_short(op, word);
		if (isa_decode(word, 8, inst) == ISA_DECODED && inst->op == op &&
		    inst->nr_vgprs <= VGPRS && inst->nr_agprs <= AGPRS)
			return true;
	}
	return false;
}

/* Is @x as near to @exact as the row promises? */
static bool is_near(const struct ref_row *row, u64 x, long double exact)
{
	const struct ref_format *f = row->format;
	long double value = ref_value(f, x), most = ref_value(f, ref_inf(f) - 1);
	long double least = ldexpl(1, 2 - (1 << (f->exp_bits - 1))), unit;
	int exp;

	if (isnan(exact))
		return ref_is_nan(f, x);
	/* Which zero a sine has is nobody's business. */
	if (exact == 0 && (row->exact(0.25L) == 1 || row->exact(0) == 1))
		return value == 0;
	if (isinf(exact) || value == exact)
		return value == exact && signbit(value) == signbit(exact);
	frexpl(fabsl(exact) < least ? least : exact, &exp);
	unit = ldexpl(1, exp - 1 - f->frac_bits);
	if (isinf(value) || fabsl(value) == most)
		return fabsl(exact) > most - unit && (value < 0) == (exact < 0);
	if (value == 0 && fabsl(exact) <= least + unit)
		return true;	/* flushed, or too small for the format */
	return fabsl(value - exact) <= row->tolerance * unit;
}

/* What the row sees of a denormal. */
static u64 seen(const struct ref_row *row, u32 mode, u64 x)
{
	bool always = row->format == &ref_f32 && row->name[0] != 'r';	/* not rcp, rsq */

	return ref_flush(row->format, always || ref_flush_in(row->format, mode), x);
}

/* The row on these operands, plain, is taken for right where it is near enough. */
static bool approximate(void *opaque, const struct ref_row *row, const struct wave *wave,
			const struct isa_op *op, const u64 *operand, u64 *result)
{
	static union wave_vreg v[4];
	static struct wave plain = { .v = v, .nr_vgprs = 4 };
	struct isa_inst inst = { .op = op, .enc = op->enc, .src = { 256 }, .dst = 2 };
	bool ok = true;

	(void)opaque;
	for (unsigned int i = 0; i < WAVE_LANES; i++) {
		v[0].u[i] = (u32)operand[i];
		v[1].u[i] = (u32)(operand[i] >> 32);
	}
	wave_set_sreg64(&plain, ISA_SRC_EXEC, ~0ULL);
	plain.mode = wave->mode;
	if (!valu_run(&plain, &inst))
		return false;
	for (unsigned int i = 0; i < WAVE_LANES; i++) {
		u64 x = operand[i];

		result[i] = v[2].u[i] | (row->format == &ref_f64 ? (u64)v[3].u[i] << 32 : 0);
		if (ref_is_nan(row->format, x))
			ok &= result[i] == ref_quiet(row->format, x);
		else
			ok &= is_near(row, result[i],
				      row->exact(ref_value(row->format, seen(row, wave->mode, x))));
		if (!ok) {
			print_error("%s of %lx: %lx is too far\n", row->name, x, result[i]);
			break;
		}
	}
	return ok;
}

static bool describe(const struct isa_inst *inst, const char *what, unsigned int n,
		     unsigned int lane, u32 is, u32 should)
{
	char text[256];

	isa_disasm(inst, text, sizeof(text));
	print_error("%s (%08x %08x), %s, MODE %x, EXEC %016lx:\n  %s%u lane %u is %08x, not %08x\n",
		    text, inst->word[0], inst->word[1], valu_unit_name(), before.wave.mode,
		    wave_exec(&before.wave), what, n, lane, is, should);
	for (int i = 0; i < 3; i++) {
		u16 src = inst->src[i];

		if (src >= ISA_SRC_VGPR)
			print_error("  src%d v%u = %08x %08x\n", i, src - ISA_SRC_VGPR,
				    before.v[src - ISA_SRC_VGPR].u[lane],
				    src - ISA_SRC_VGPR + 1u < VGPRS ?
				    before.v[src - ISA_SRC_VGPR + 1].u[lane] : 0);
		else if (src < WAVE_SREGS)
			print_error("  src%d s%u = %08x\n", i, src, before.wave.s[src]);
	}
	print_error("  dst was %08x\n", inst->dst < VGPRS ? before.v[inst->dst].u[lane] : 0);
	return false;
}

static bool is_same(const struct isa_inst *inst)
{
	for (unsigned int n = 0; n < WAVE_SREGS; n++) {
		if (got.wave.s[n] != want.wave.s[n])
			return describe(inst, "s", n, 0, got.wave.s[n], want.wave.s[n]);
	}
	for (unsigned int n = 0; n < VGPRS; n++) {
		for (unsigned int i = 0; i < WAVE_LANES; i++) {
			if (got.v[n].u[i] != want.v[n].u[i])
				return describe(inst, "v", n, i, got.v[n].u[i], want.v[n].u[i]);
		}
	}
	for (unsigned int n = 0; n < AGPRS; n++) {
		for (unsigned int i = 0; i < WAVE_LANES; i++) {
			if (got.a[n].u[i] != want.a[n].u[i])
				return describe(inst, "a", n, i, got.a[n].u[i], want.a[n].u[i]);
		}
	}
	return true;
}

/* One instruction: the reference, then each unit from the same start. */
static bool try_inst(const struct isa_inst *inst)
{
	copy_state(&want, &before);
	assert_true(valu_use(VALU_BASE));
	if (!ref_run(&want.wave, inst, approximate, NULL)) {
		print_error("%s: the reference does not do it\n", inst->op->name);
		return false;
	}
	for (int id = 0; id < VALU_NR_UNITS; id++) {
		if (!valu_use((enum valu_unit_id)id))
			continue;
		copy_state(&got, &before);
		if (!valu_run(&got.wave, inst)) {
			print_error("%s %08x %08x: illegal here\n", inst->op->name,
				    inst->word[0], inst->word[1]);
			return false;
		}
		if (!is_same(inst))
			return false;
	}
	return true;
}

static bool is_valu(const struct isa_op *op)
{
	return op->enc >= ISA_VOP1 && op->enc <= ISA_VOP3P;
}

/* Goes on after a wrong row, to show all of them. */
static void valu_every_row_matches_its_reference(void **state)
{
	unsigned int bad = 0;

	(void)state;
	for (unsigned int id = 0; id < isa_nr_ops; id++) {
		struct isa_inst inst;
		bool ok = true;

		if (!is_valu(&isa_ops[id]))
			continue;
		for (unsigned int n = 0; ok && n < rounds; n++) {
			random_state(&before);
			ok = random_inst(&isa_ops[id], &inst);
			if (!ok)
				print_error("%s: no encoding found\n", isa_ops[id].name);
			ok = ok && try_inst(&inst);
		}
		bad += !ok;
	}
	assert_int_equal(bad, 0);
}

static void valu_every_row_has_a_reference(void **state)
{
	unsigned int bad = 0;

	(void)state;
	for (unsigned int id = 0; id < isa_nr_ops; id++) {
		if (is_valu(&isa_ops[id]) && !ref_exists(&isa_ops[id])) {
			print_error("%s has none\n", isa_ops[id].name);
			bad++;
		}
	}
	assert_int_equal(bad, 0);
}

static void valu_registers_beyond_the_allocation_are_refused(void **state)
{
	const u32 mov[] = { 0x7e000300 | VGPRS << 17 };	/* v_mov_b32 v24, v0 */
	struct isa_inst inst;

	(void)state;
	random_state(&before);
	copy_state(&got, &before);
	assert_int_equal(isa_decode(mov, 4, &inst), ISA_DECODED);
	assert_false(valu_run(&got.wave, &inst));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valu_every_row_has_a_reference),
		cmocka_unit_test(valu_every_row_matches_its_reference),
		cmocka_unit_test(valu_registers_beyond_the_allocation_are_refused),
	};
	const char *seed = getenv("VKFD_SEED"), *count = getenv("VKFD_ROUNDS");

	rng_init(&rng, seed ? strtoull(seed, NULL, 0) : 1, 0);
	rounds = count ? (unsigned int)strtoul(count, NULL, 0) : rounds;
	printf("seed %s (VKFD_SEED), %u rounds (VKFD_ROUNDS)\n", seed ? seed : "1", rounds);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
