// SPDX-License-Identifier: MIT
/*
 * Every pure scalar row against a reference written bit by bit, without the
 * tricks of salu_ops.h, on random and on awkward operands.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <time.h>
#include "isa/exec.h"
#include "isa/op_id.h"
#include "util/rng.h"

#define ROUNDS	3000
#define SRC0	10u
#define SRC1	12u
#define DST	20u

/* What the reference works on. @bits: of the sources. */
struct job {
	u64 a, b, old;
	bool scc;
	unsigned int bits;
};

struct answer {
	u64 value;
	bool scc;
};

static bool bit(u64 v, unsigned int n)
{
	return v >> n & 1;
}

static u64 ones(unsigned int n)
{
	u64 v = 0;

	while (n--)
		v = v << 1 | 1;
	return v;
}

static s64 number(u64 v, unsigned int bits)
{
	return bits < 64 && bit(v, bits - 1) ? (s64)(v - (1ull << bits)) : (s64)v;
}

static bool is(const char *name, const char *want)
{
	return !strncmp(name, want, strlen(want));
}

static struct answer logic(const struct job *job, bool (*op)(bool a, bool b))
{
	struct answer answer = { 0, false };

	for (unsigned int n = 0; n < job->bits; n++)
		answer.value |= (u64)op(bit(job->a, n), bit(job->b, n)) << n;
	answer.scc = answer.value;
	return answer;
}

static bool op_and(bool a, bool b) { return a && b; }
static bool op_or(bool a, bool b) { return a || b; }
static bool op_xor(bool a, bool b) { return a != b; }
static bool op_andn2(bool a, bool b) { return a && !b; }
static bool op_orn2(bool a, bool b) { return a || !b; }
static bool op_nand(bool a, bool b) { return !(a && b); }
static bool op_nor(bool a, bool b) { return !(a || b); }
static bool op_xnor(bool a, bool b) { return a == b; }
static bool op_not(bool a, bool b) { (void)b; return !a; }

static const struct {
	const char *name;
	bool (*op)(bool a, bool b);
} logics[] = {
	{ "s_andn2_", op_andn2 }, { "s_orn2_", op_orn2 }, { "s_nand_", op_nand },
	{ "s_nor_", op_nor }, { "s_xnor_", op_xnor }, { "s_and_", op_and },
	{ "s_or_", op_or }, { "s_xor_", op_xor }, { "s_not_", op_not },
};

/* Sums in numbers wide enough not to wrap. */
static bool ref_sums(const char *name, const struct job *job, struct answer *answer)
{
	u64 a = job->a, b = job->b, sum = 0;
	s64 sa = number(a, 32), sb = number(b, 32), exact = 0;

	if (is(name, "s_add_u32") || is(name, "s_addc_u32"))
		sum = a + b + (is(name, "s_addc") && job->scc);
	else if (is(name, "s_sub_u32") || is(name, "s_subb_u32"))
		sum = a - b - (is(name, "s_subb") && job->scc);
	else if (is(name, "s_lshl") && strstr(name, "_add_u32"))
		sum = a * (2ull << (name[6] - '1')) + b;
	else if (is(name, "s_add_i32") || is(name, "s_addk_i32"))
		exact = sa + sb;
	else if (is(name, "s_sub_i32"))
		exact = sa - sb;
	else
		return false;
	if (strstr(name, "_i32"))
		*answer = (struct answer){ (u32)exact, exact > INT32_MAX || exact < INT32_MIN };
	else
		*answer = (struct answer){ (u32)sum, sum >> 32 };
	return true;
}

static bool ref_products(const char *name, const struct job *job, struct answer *answer)
{
	s64 sa = number(job->a, 32), sb = number(job->b, 32);

	answer->scc = job->scc;
	if (is(name, "s_mul_i32") || is(name, "s_mulk_i32"))
		answer->value = (u32)(sa * sb);
	else if (is(name, "s_mul_hi_u32"))
		answer->value = job->a * job->b >> 32;
	else if (is(name, "s_mul_hi_i32"))
		answer->value = (u32)((u64)(sa * sb) >> 32);
	else
		return false;
	return true;
}

static bool ref_choices(const char *name, const struct job *job, struct answer *answer)
{
	bool sign = strstr(name, "_i32") || strstr(name, "_i64");
	bool less = sign ? number(job->a, 32) < number(job->b, 32) : job->a < job->b;
	bool more = sign ? number(job->a, 32) > number(job->b, 32) : job->a > job->b;

	if (is(name, "s_min_"))
		*answer = (struct answer){ less ? job->a : job->b, less };
	else if (is(name, "s_max_"))
		*answer = (struct answer){ more ? job->a : job->b, more };
	else if (is(name, "s_cselect_"))
		*answer = (struct answer){ job->scc ? job->a : job->b, job->scc };
	else if (is(name, "s_cmov"))
		*answer = (struct answer){ job->scc ? (is(name, "s_cmovk") ? job->b : job->a) : job->old,
					   job->scc };
	else if (is(name, "s_movk"))
		*answer = (struct answer){ job->b, job->scc };
	else if (is(name, "s_mov_"))
		*answer = (struct answer){ job->a, job->scc };
	else
		return false;
	return true;
}

static bool ref_compares(const char *name, const struct job *job, struct answer *answer)
{
	bool sign = strstr(name, "_i32");
	unsigned int bits = strstr(name, "64") ? 64 : 32;
	bool less = sign ? number(job->a, 32) < number(job->b, 32) : job->a < job->b;
	bool same = job->a == job->b;

	answer->value = 0;
	if (is(name, "s_bitcmp")) {
		answer->scc = bit(job->a, (unsigned int)(job->b % bits)) == (name[8] == '1');
		return true;
	}
	if (!is(name, "s_cmp"))
		return false;
	if (strstr(name, "_eq_"))
		answer->scc = same;
	else if (strstr(name, "_lg_"))
		answer->scc = !same;
	else if (strstr(name, "_lt_"))
		answer->scc = less;
	else if (strstr(name, "_le_"))
		answer->scc = less || same;
	else if (strstr(name, "_gt_"))
		answer->scc = !less && !same;
	else
		answer->scc = !less;
	return true;
}

/* Bits [low, low + width) of @v, as far as it has them. */
static u64 field(u64 v, unsigned int low, unsigned int width, unsigned int bits)
{
	u64 out = 0;

	for (unsigned int n = 0; n < width && low + n < bits; n++)
		out |= (u64)bit(v, low + n) << n;
	return out;
}

static bool ref_shifts(const char *name, const struct job *job, struct answer *answer)
{
	unsigned int by = (unsigned int)(job->b % job->bits), width = (unsigned int)(job->b >> 16) & 0x7f;
	u64 all = ones(job->bits);

	if (is(name, "s_lshl_"))
		answer->value = job->a << by & all;
	else if (is(name, "s_lshr_"))
		answer->value = job->a >> by;
	else if (is(name, "s_ashr_"))
		answer->value = (job->a >> by | (bit(job->a, job->bits - 1) ? all << (job->bits - by - 1) << 1 : 0)) & all;
	else if (is(name, "s_bfe_"))
		answer->value = field(job->a, by, width, job->bits);
	else
		return false;
	if (is(name, "s_bfe_i") && width) {
		unsigned int got = width < job->bits - by ? width : job->bits - by;

		answer->value = (u64)number(answer->value, got) & all;
	}
	answer->scc = answer->value;
	return true;
}

static unsigned int count_bits(u64 v, unsigned int bits, bool want)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < bits; i++)
		n += bit(v, i) == want;
	return n;
}

/* First bit from the bottom or the top that is @want; ~0: none. */
static u32 find_bit(u64 v, unsigned int bits, bool want, bool top)
{
	for (unsigned int i = 0; i < bits; i++) {
		if (bit(v, top ? bits - 1 - i : i) == want)
			return i;
	}
	return ~0u;
}

static bool ref_counts(const char *name, const struct job *job, struct answer *answer)
{
	bool top = bit(job->a, job->bits - 1);

	answer->scc = job->scc;
	if (is(name, "s_bcnt")) {
		answer->value = count_bits(job->a, job->bits, name[6] == '1');
		answer->scc = answer->value;
	} else if (is(name, "s_ff0") || is(name, "s_ff1")) {
		answer->value = find_bit(job->a, job->bits, name[4] == '1', false);
	} else if (is(name, "s_flbit_i32_b")) {
		answer->value = find_bit(job->a, job->bits, true, true);
	} else if (is(name, "s_flbit_i32")) {
		answer->value = find_bit(job->a, job->bits, !top, true);
	} else {
		return false;
	}
	return true;
}

static bool ref_patterns(const char *name, const struct job *job, struct answer *answer)
{
	u64 value = 0;

	for (unsigned int n = 0; n < job->bits; n++) {
		if (is(name, "s_brev"))
			value |= (u64)bit(job->a, n) << (job->bits - 1 - n);
		else if (is(name, "s_wqm"))
			value |= (u64)(field(job->a, n / 4 * 4, 4, 64) != 0) << n;
		else if (is(name, "s_quadmask") && n < job->bits / 4)
			value |= (u64)(field(job->a, n * 4, 4, 64) != 0) << n;
		else if (is(name, "s_bitreplicate"))
			value |= (u64)bit(job->a, n) * 3 << 2 * n;
	}
	*answer = (struct answer){ value, job->scc };
	if (is(name, "s_wqm") || is(name, "s_quadmask"))
		answer->scc = value;
	return is(name, "s_brev") || is(name, "s_wqm") || is(name, "s_quadmask") ||
	       is(name, "s_bitreplicate");
}

static bool ref_bits(const char *name, const struct job *job, struct answer *answer)
{
	unsigned int bits = strstr(name, "b64") ? 64 : 32;
	u64 one = 1ull << job->a % bits;

	answer->scc = job->scc;
	if (is(name, "s_bitset0"))
		answer->value = (job->old | one) - one;
	else if (is(name, "s_bitset1"))
		answer->value = (job->old & one) ? job->old : job->old + one;
	else if (is(name, "s_bfm"))
		answer->value = (ones((unsigned int)(job->a % bits)) << job->b % bits) & ones(bits);
	else if (is(name, "s_sext_i32_i8"))
		answer->value = (u32)number(job->a & 0xff, 8);
	else if (is(name, "s_sext_i32_i16"))
		answer->value = (u32)number(job->a & 0xffff, 16);
	else if (is(name, "s_pack_ll"))
		answer->value = (job->a % 65536) + (job->b % 65536) * 65536;
	else if (is(name, "s_pack_lh"))
		answer->value = (job->a % 65536) + (job->b / 65536) * 65536;
	else if (is(name, "s_pack_hh"))
		answer->value = (job->a / 65536) + (job->b / 65536) * 65536;
	else
		return false;
	return true;
}

static bool ref_sizes(const char *name, const struct job *job, struct answer *answer)
{
	s64 diff = number(job->a, 32);

	if (is(name, "s_absdiff"))
		diff = number((u32)(job->a - job->b), 32);
	else if (!is(name, "s_abs_"))
		return false;
	answer->value = (u32)(diff < 0 ? -diff : diff);
	answer->scc = answer->value;
	return true;
}

static struct answer reference(const char *name, const struct job *job)
{
	static bool (*const parts[])(const char *name, const struct job *job,
				     struct answer *answer) = {
		ref_sums, ref_products, ref_choices, ref_compares, ref_shifts, ref_counts,
		ref_patterns, ref_bits, ref_sizes,
	};
	struct answer answer = { 0, false };

	for (size_t n = 0; n < sizeof(parts) / sizeof(parts[0]); n++) {
		if (parts[n](name, job, &answer))
			return answer;
	}
	for (size_t n = 0; n < sizeof(logics) / sizeof(logics[0]); n++) {
		if (is(name, logics[n].name))
			return logic(job, logics[n].op);
	}
	fail_msg("no reference for %s", name);
	return answer;
}

static u64 operand(struct rng *rng)
{
	static const u64 edges[] = {
		0, 1, ~0ull, 0x80000000, 0x7fffffff, 0xffffffff, 1ull << 63, ~0ull >> 1, 0x100000000,
		31, 32, 63, 64, 0x00200000, 0x00400020,
	};
	u64 value = rng_next(rng);

	switch (rng_below(rng, 4)) {
	case 0:
		return edges[rng_below(rng, sizeof(edges) / sizeof(edges[0]))];
	case 1:
		return value & 0x7f003f;
	default:
		return value >> rng_below(rng, 63);
	}
}

static unsigned int wide_bits(unsigned int type)
{
	return isa_type_bits(type) == 64 ? 64 : 32;
}

static u64 cut(u64 value, unsigned int bits)
{
	return bits == 64 ? value : (u32)value;
}

static void check_row(const struct isa_op *op, struct rng *rng)
{
	struct isa_inst inst = { .op = op, .bytes = 4, .enc = op->enc, .dst = DST,
				 .src = { SRC0, SRC1 }, .simm = (int16_t)rng_next(rng) };
	struct job job = { operand(rng), operand(rng), operand(rng), rng_next(rng) & 1,
			   wide_bits(op->type[1]) };
	unsigned int dst_bits = wide_bits(op->type[0]);
	struct answer want;
	struct wave wave;

	memset(&wave, 0, sizeof(wave));
	if (op->enc == ISA_SOPK && op->type[0] != ISA_NONE)
		job.a = job.old;
	wave_set_sreg64(&wave, SRC0, job.a);
	wave_set_sreg64(&wave, SRC1, job.b);
	wave_set_sreg64(&wave, DST, job.old);
	wave.scc = job.scc;
	job.a = cut(job.a, wide_bits(op->type[1]));
	job.b = cut(job.b, wide_bits(op->type[2]));
	job.old = cut(job.old, dst_bits);
	if (op->enc == ISA_SOPK)
		job.b = op->type[2] == ISA_U16 ? (u16)inst.simm : (u32)inst.simm;
	want = reference(op->name, &job);
	assert_int_equal(isa_execs[op->id](&wave, NULL, &inst), WAVE_READY);
	if (op->type[0] != ISA_NONE && cut(wave_sreg64(&wave, DST), dst_bits) != cut(want.value, dst_bits))
		fail_msg("%s %#lx %#lx old %#lx: %#lx, want %#lx", op->name, job.a, job.b, job.old,
			 wave_sreg64(&wave, DST), want.value);
	if (wave.scc != want.scc)
		fail_msg("%s %#lx %#lx: scc %d", op->name, job.a, job.b, wave.scc);
}

static void pure_rows_match_the_reference(void **state)
{
	u64 seed = (u64)time(NULL);
	unsigned int rows = 0;
	struct rng rng;

	(void)state;
	print_message("seed %lu\n", seed);
	rng_init(&rng, seed, 1);
	for (unsigned int id = 0; id < isa_nr_ops; id++) {
		const struct isa_op *op = &isa_ops[id];

		if (op->enc > ISA_SOPK || op->shape != ISA_PURE)
			continue;
		rows++;
		for (int round = 0; round < ROUNDS; round++)
			check_row(op, &rng);
	}
	assert_true(rows > 100);
}

/* Runs a hand-made instruction on @wave. */
static enum wave_stop run(struct wave *wave, unsigned int id, struct isa_inst inst)
{
	inst.op = &isa_ops[id];
	inst.enc = inst.op->enc;
	return isa_execs[id](wave, NULL, &inst);
}

static void constants_have_their_values(void **state)
{
	static const struct {
		u16 code;
		u64 value32, value64;
	} codes[] = {
		{ 128, 0, 0 }, { 192, 64, 64 }, { 193, 0xffffffff, ~0ull }, { 208, 0xfffffff0, ~15ull },
		{ 235, 0x10000, 0x0001000000000000 }, { 236, 0x10000, 0x00010000ffffffff },
		{ 237, 0x20000, 0x0002000000000000 }, { 240, 0x3f000000, 0x3fe0000000000000 },
		{ 247, 0xc0800000, 0xc010000000000000 }, { 248, 0x3e22f983, 0x3fc45f306dc9c882 },
		{ 251, 1, 1 }, { 252, 0, 0 }, { 253, 1, 1 }, { 255, 0x89abcdef, 0x89abcdef },
	};
	struct wave wave;

	(void)state;
	memset(&wave, 0, sizeof(wave));
	wave.scc = true;
	wave_set_sreg64(&wave, ISA_SRC_EXEC, 2);
	for (size_t n = 0; n < sizeof(codes) / sizeof(codes[0]); n++) {
		struct isa_inst inst = { .dst = DST, .src = { codes[n].code }, .literal = 0x89abcdef };

		run(&wave, ISA_OP_s_mov_b32, inst);
		assert_int_equal(wave.s[DST], codes[n].value32);
		run(&wave, ISA_OP_s_mov_b64, inst);
		assert_int_equal(wave_sreg64(&wave, DST), codes[n].value64);
	}
	/* A literal of a signed 64-bit operation is sign-extended. */
	run(&wave, ISA_OP_s_ashr_i64, (struct isa_inst){ .dst = DST, .src = { 255, 128 }, .literal = 0x80000000 });
	assert_int_equal(wave_sreg64(&wave, DST), 0xffffffff80000000ull);
}

static void saveexec_rows_save_and_set(void **state)
{
	static const struct {
		unsigned int id;
		u64 exec;	/* of src 0xc (1100), EXEC 0xa (1010) */
		bool save;
	} rows[] = {
		{ ISA_OP_s_and_saveexec_b64, 0x8, true }, { ISA_OP_s_or_saveexec_b64, 0xe, true },
		{ ISA_OP_s_xor_saveexec_b64, 0x6, true }, { ISA_OP_s_andn2_saveexec_b64, 0x4, true },
		{ ISA_OP_s_orn2_saveexec_b64, ~0x2ull & ~0ull, true },
		{ ISA_OP_s_nand_saveexec_b64, ~0x8ull, true }, { ISA_OP_s_nor_saveexec_b64, ~0xeull, true },
		{ ISA_OP_s_xnor_saveexec_b64, ~0x6ull, true }, { ISA_OP_s_andn1_saveexec_b64, 0x2, true },
		{ ISA_OP_s_orn1_saveexec_b64, ~0x4ull, true }, { ISA_OP_s_andn1_wrexec_b64, 0x2, false },
		{ ISA_OP_s_andn2_wrexec_b64, 0x4, false },
	};
	struct wave wave;

	(void)state;
	for (size_t n = 0; n < sizeof(rows) / sizeof(rows[0]); n++) {
		memset(&wave, 0, sizeof(wave));
		wave_set_sreg64(&wave, SRC0, 0xc);
		wave_set_sreg64(&wave, ISA_SRC_EXEC, 0xa);
		run(&wave, rows[n].id, (struct isa_inst){ .dst = DST, .src = { SRC0 } });
		assert_int_equal(wave_exec(&wave), rows[n].exec);
		assert_int_equal(wave_sreg64(&wave, DST), rows[n].save ? 0xa : rows[n].exec);
		assert_true(wave.scc);
	}
	memset(&wave, 0, sizeof(wave));
	run(&wave, ISA_OP_s_and_saveexec_b64, (struct isa_inst){ .dst = DST, .src = { SRC0 } });
	assert_false(wave.scc);
}

static void trap_temporaries_need_privilege(void **state)
{
	struct wave wave;

	(void)state;
	memset(&wave, 0, sizeof(wave));
	run(&wave, ISA_OP_s_mov_b32, (struct isa_inst){ .dst = ISA_SRC_TTMP + 3, .src = { 129 } });
	assert_int_equal(wave.s[ISA_SRC_TTMP + 3], 0);
	wave.status = WAVE_STATUS_PRIV;
	run(&wave, ISA_OP_s_mov_b32, (struct isa_inst){ .dst = ISA_SRC_TTMP + 3, .src = { 129 } });
	assert_int_equal(wave.s[ISA_SRC_TTMP + 3], 1);
}

static void indexed_moves_stay_in_the_register_file(void **state)
{
	struct isa_inst inst = { .dst = 4, .src = { 8 } };
	struct wave wave;

	(void)state;
	memset(&wave, 0, sizeof(wave));
	for (u32 n = 0; n < 108; n++)
		wave.s[n] = 1000 + n;
	wave.s[ISA_SRC_M0] = 6;
	run(&wave, ISA_OP_s_movrels_b32, inst);
	assert_int_equal(wave.s[4], 1014);
	run(&wave, ISA_OP_s_movreld_b64, inst);
	assert_int_equal(wave_sreg64(&wave, 10), 1008 | 1009ull << 32);
	for (u64 m0 = 100; m0 < 1ull << 32; m0 = m0 * 3 + 1) {
		wave.s[ISA_SRC_M0] = (u32)m0;
		run(&wave, ISA_OP_s_movrels_b64, inst);
		run(&wave, ISA_OP_s_movreld_b32, inst);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pure_rows_match_the_reference),
		cmocka_unit_test(constants_have_their_values),
		cmocka_unit_test(saveexec_rows_save_and_set),
		cmocka_unit_test(trap_temporaries_need_privilege),
		cmocka_unit_test(indexed_moves_stay_in_the_register_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
