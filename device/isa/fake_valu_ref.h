/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_FAKE_VALU_REF_H
#define VKFD_DEVICE_ISA_FAKE_VALU_REF_H

#include "isa/wave.h"

/*
 * DOC: the plain vector ALU
 *
 * A second implementation of every VALU row, for tests: one lane after the other,
 * operands picked apart by hand, sums and products exact in a long fixed-point
 * number and rounded by the book. Slow, and shares nothing with the fast one but
 * the table of rows. Written from the description of the instructions.
 */

/* One lane of one instruction. Operands are bits of their types. */
struct ref_lane {
	u64 a, b, c;
	u32 in;			/* the lane's bit of the mask that is read */
	u32 out;		/* carry, compare */
	u32 mode;		/* MODE of the wave */
	bool clamp;
};

typedef u64 ref_fn(struct ref_lane *lane);

/* The format of a float type. */
struct ref_format {
	int exp_bits, frac_bits;
};

extern const struct ref_format ref_f16, ref_f32, ref_f64;

struct ref_row {
	const char *name;	/* without v_ */
	ref_fn *fn;
	/* Where the hardware approximates: the exact result, in @tolerance units of @format. */
	long double (*exact)(long double x);
	const struct ref_format *format;
	int tolerance;
};

extern const struct ref_row ref_int_rows[], ref_half_rows[], ref_float_rows[], ref_cvt_rows[];

/* NULL: no reference for this row. v_cmp rows and ISA_CROSS are done by name. */
const struct ref_row *ref_find(const char *name);

/* An approximated row in all lanes: checked by the caller, who then gives the result. */
typedef bool ref_approx(void *opaque, const struct ref_row *row, const struct wave *wave,
			const struct isa_op *op, const u64 *operand, u64 *result);

/* Executes @inst on @wave. False: illegal, no reference, or @approx failed. */
bool ref_run(struct wave *wave, const struct isa_inst *inst, ref_approx *approx, void *opaque);

/* Is there a reference for the row? */
bool ref_exists(const struct isa_op *op);

/* v_cmp_<how>_<type>: by the letters of the name. */
bool ref_compare(const char *name, struct ref_lane *lane);

/* Numbers by the book: fake_valu_num.c. */
enum ref_op { REF_ADD, REF_MUL, REF_FMA };

u64 ref_arith(const struct ref_format *f, enum ref_op op, const struct ref_lane *lane,
	      u64 a, u64 b, u64 c, int scale);
u64 ref_flush(const struct ref_format *f, bool on, u64 x);
bool ref_flush_in(const struct ref_format *f, u32 mode);
bool ref_flush_out(const struct ref_format *f, u32 mode);
int ref_round_mode(const struct ref_format *f, u32 mode);
u64 ref_quiet(const struct ref_format *f, u64 x);
bool ref_is_nan(const struct ref_format *f, u64 x);
bool ref_is_inf(const struct ref_format *f, u64 x);
bool ref_is_neg(const struct ref_format *f, u64 x);
bool ref_is_zero(const struct ref_format *f, u64 x);
u64 ref_abs(const struct ref_format *f, u64 x);
u64 ref_inf(const struct ref_format *f);
u64 ref_nan(const struct ref_format *f);
/* Exact, also of infinities; a NaN becomes some NaN. */
long double ref_value(const struct ref_format *f, u64 x);
/* x (of at most 64 significant bits) to the format, one rounding. */
u64 ref_of_value(const struct ref_format *f, long double x, int round, bool ovfl);
/* To the nearest integer, halves to even. */
long double ref_nearest(long double x);

#endif
