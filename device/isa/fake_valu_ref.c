// SPDX-License-Identifier: MIT
#include <math.h>
#include <string.h>
#include "isa/fake_valu_ref.h"
#include "vkfd_hw/addr.h"

/* Operands and results of the plain vector ALU, lane by lane. */

static const struct ref_row *find_in(const struct ref_row *rows, const char *name)
{
	for (; rows->name; rows++) {
		if (!strcmp(rows->name, name))
			return rows;
	}
	return NULL;
}

const struct ref_row *ref_find(const char *name)
{
	const struct ref_row *const all[] = {
		ref_int_rows, ref_half_rows, ref_float_rows, ref_cvt_rows,
	};

	for (size_t n = 0; n < sizeof(all) / sizeof(all[0]); n++) {
		const struct ref_row *row = find_in(all[n], name);

		if (row)
			return row;
	}
	return NULL;
}

static bool is_name(const struct isa_op *op, const char *name)
{
	return !strcmp(op->name + 2, name);
}

static bool is_compare(const struct isa_op *op)
{
	return op->shape == ISA_CMP || op->shape == ISA_CMPX;
}

bool ref_exists(const struct isa_op *op)
{
	static const char *const cross[] = {
		"nop", "clrexcp", "readfirstlane_b32", "readlane_b32", "writelane_b32",
		"swap_b32", "mbcnt_lo_u32_b32", "mbcnt_hi_u32_b32", "accvgpr_read_b32",
		"accvgpr_write_b32", "accvgpr_mov_b32",
	};
	struct ref_lane lane = { 0 };

	for (size_t n = 0; op->shape == ISA_CROSS && n < sizeof(cross) / sizeof(cross[0]); n++) {
		if (is_name(op, cross[n]))
			return true;
	}
	if (op->shape != ISA_CROSS && ref_find(op->name + 2))
		return true;
	return is_compare(op) && ref_compare(op->name + 2, &lane);
}

static const struct ref_format *format_of(enum isa_type type)
{
	switch (type) {
	case ISA_F16:
	case ISA_V2F16:
		return &ref_f16;
	case ISA_F32:
	case ISA_V2F32:
		return &ref_f32;
	case ISA_F64:
		return &ref_f64;
	default:
		return NULL;
	}
}

static int bits_of(enum isa_type type)
{
	return (int)isa_type_bits(type);
}

/* Two operands in one. */
static bool is_packed(enum isa_type type)
{
	return type == ISA_V2F16 || type == ISA_V2I16 || type == ISA_V2U16 ||
	       type == ISA_V2F32 || type == ISA_V2B32;
}

static u64 constant(u16 code, enum isa_type type)
{
	static const long double floats[] = { 0.5L, -0.5L, 1, -1, 2, -2, 4, -4 };
	static const u64 inverse[] = { 0x3118, 0x3e22f983, 0x3fc45f306dc9c882 };
	bool pair = type == ISA_V2F32 || type == ISA_V2B32;
	bool half = bits_of(type) == 16 || type == ISA_V2F16;
	const struct ref_format *f = half ? &ref_f16 :
				     bits_of(type) == 64 && !pair ? &ref_f64 : &ref_f32;
	u64 x;

	if (code <= 192)
		x = code - 128u;
	else if (code <= 208)
		x = (u64)(192 - (s64)code);
	else if (code == 248)
		x = inverse[half ? 0 : f == &ref_f32 ? 1 : 2];
	else
		x = ref_of_value(f, floats[(code - 240) & 7], 0, false);
	if (bits_of(type) != 64)
		x = (u32)x;
	return pair ? (u32)x * 0x100000001ULL : x;
}

/* A scalar source, constants and registers. */
static u64 scalar(const struct wave *w, const struct isa_inst *inst, u16 code, enum isa_type type)
{
	bool wide = bits_of(type) == 64;
	u64 exec = w->s[126] | (u64)w->s[127] << 32, vcc = w->s[106] | (u64)w->s[107] << 32, x;

	if (code < 128 && !wide)
		return w->s[code];
	/* Pairs are aligned: none begins at EXEC_HI. */
	if (code < 127)
		return w->s[code] | (u64)w->s[code + 1] << 32;
	switch (code) {
	case 235:
	case 236:
	case 237:
	case 238:
		x = code < 237 ? VKFD_LDS_BASE : VKFD_SCRATCH_BASE;
		return !wide ? x >> 32 : code & 1 ? x : x + 0xffffffff;
	case 251:
		return vcc == 0;
	case 252:
		return exec == 0;
	case 253:
		return w->scc;
	case 255:
		if (type == ISA_F64)
			return (u64)inst->literal << 32;
		return type == ISA_I64 ? (u64)(s64)(s32)inst->literal : inst->literal;
	default:
		return constant(code, type);
	}
}

/* The lane that DPP reads; -1: none. */
static int dpp_from(const struct isa_inst *inst, int lane)
{
	int ctrl = inst->dpp.ctrl, row = lane / 16 * 16, in = lane % 16, n = ctrl % 16;

	if (ctrl < 0x100)
		return lane / 4 * 4 + (ctrl >> lane % 4 * 2 & 3);
	if (ctrl <= 0x10f)
		return in + n < 16 ? lane + n : -1;
	if (ctrl <= 0x11f)
		return in - n >= 0 ? lane - n : -1;
	if (ctrl <= 0x12f)
		return row + (in - n + 16) % 16;
	if (ctrl >= 0x150)
		return row + n;
	switch (ctrl) {
	case 0x130:
		return lane == 63 ? -1 : lane + 1;
	case 0x134:
		return (lane + 1) % 64;
	case 0x138:
		return lane == 0 ? -1 : lane - 1;
	case 0x13c:
		return (lane + 63) % 64;
	case 0x140:
		return row + 15 - in;
	case 0x141:
		return lane / 8 * 8 + 7 - lane % 8;
	case 0x142:
		return lane < 16 ? -1 : row - 1;
	default:
		return lane < 32 ? -1 : 31;
	}
}

static bool lane_on(const struct wave *w, int lane)
{
	return lane >= 0 && (lane < 32 ? w->s[126] >> lane : w->s[127] >> (lane - 32)) & 1;
}

static bool written(const struct wave *w, const struct isa_inst *inst, int lane)
{
	if (!lane_on(w, lane))
		return false;
	if (inst->form != ISA_FORM_DPP)
		return true;
	return inst->dpp.row_mask >> lane / 16 & 1 && inst->dpp.bank_mask >> lane / 4 % 4 & 1 &&
	       (inst->dpp.bound_ctrl || lane_on(w, dpp_from(inst, lane)));
}

/* The bits that the operand's register or scalar has for this lane. */
static u64 raw(const struct wave *w, const struct isa_inst *inst, int n, enum isa_type type,
	       int lane)
{
	const union wave_vreg *v;

	if (inst->src[n] < 256)
		return scalar(w, inst, inst->src[n], type);
	v = w->v + (inst->src[n] - 256);
	if (inst->form == ISA_FORM_DPP && n == 0) {
		lane = dpp_from(inst, lane);
		if (!lane_on(w, lane))
			return 0;
	}
	return v[0].u[lane] | (bits_of(type) == 64 ? (u64)v[1].u[lane] << 32 : 0);
}

static u64 sdwa(u64 x, int sel, bool sext)
{
	int bits = sel < 4 ? 8 : 16, at = sel < 4 ? sel * 8 : (sel - 4) * 16;

	if (sel == 6)
		return x;
	x = x >> at & ((1u << bits) - 1);
	return sext && x >> (bits - 1) ? (u32)(x - (1ULL << bits)) : x;
}

/* |x| and -x of one number. */
static u64 signs(u64 x, int bits, bool abs, bool neg)
{
	u64 sign = 1ULL << (bits - 1);

	x = abs ? x & ~sign : x;
	return neg ? x ^ sign : x;
}

/* Both halves of a packed operand, chosen and signed apart. */
static u64 packed(const struct isa_inst *inst, int n, enum isa_type type, u64 x)
{
	int bits = bits_of(type) / 2;
	u64 mask = (1ULL << bits) - 1;
	bool vop3p = inst->enc == ISA_VOP3P, floats = format_of(type);
	bool low_sel = vop3p && inst->op_sel >> n & 1;
	bool high_sel = !vop3p || inst->op_sel_hi >> n & 1;
	u64 low = x >> (low_sel ? bits : 0) & mask, high = x >> (high_sel ? bits : 0) & mask;

	low = signs(low, bits, false, floats && inst->neg >> n & 1);
	high = signs(high, bits, false, floats && vop3p && inst->neg_hi >> n & 1);
	return low | high << bits;
}

/* v_fma_mix: half or single. */
static u64 mixed(const struct wave *w, const struct isa_inst *inst, int n, int lane)
{
	bool half = inst->op_sel_hi >> n & 1;
	struct ref_lane cvt = { .mode = w->mode };
	u64 x = raw(w, inst, n, half ? ISA_F16 : ISA_F32, lane);

	if (half) {
		cvt.a = inst->op_sel >> n & 1 ? x >> 16 & 0xffff : x & 0xffff;
		x = ref_find("cvt_f32_f16")->fn(&cvt);
	}
	return signs(x, 32, inst->neg_hi >> n & 1, inst->neg >> n & 1);
}

static u64 operand(const struct wave *w, const struct isa_inst *inst, int n, enum isa_type type,
		   int lane)
{
	bool abs = inst->abs >> n & 1, neg = inst->neg >> n & 1;
	u64 x;

	if (!strncmp(inst->op->name, "v_fma_mix", 9))
		return mixed(w, inst, n, lane);
	x = raw(w, inst, n, type, lane);
	if (inst->form == ISA_FORM_SDWA)
		x = sdwa(x, n ? inst->sdwa.src1_sel : inst->sdwa.src0_sel,
			 n ? inst->sdwa.sext1 : inst->sdwa.sext0);
	if (is_packed(type))
		return packed(inst, n, type, x);
	if (bits_of(type) == 16)
		x = inst->op_sel >> n & 1 ? x >> 16 & 0xffff : x & 0xffff;
	if (!format_of(type) && !is_name(inst->op, "cndmask_b32"))
		return x;
	return signs(x, bits_of(type), abs, neg);
}

static u64 vgpr(const struct wave *w, int n, enum isa_type type, int lane)
{
	if (bits_of(type) == 16)
		return w->v[n].u[lane] & 0xffff;
	return w->v[n].u[lane] | (bits_of(type) == 64 ? (u64)w->v[n + 1].u[lane] << 32 : 0);
}

/* The arguments of the row in @lane. */
static void arguments(const struct wave *w, const struct isa_inst *inst, int lane,
		      struct ref_lane *r)
{
	const struct isa_op *op = inst->op;
	u64 *arg[3] = { &r->a, &r->b, &r->c };
	u64 mask = 0;

	*r = (struct ref_lane){ .mode = w->mode, .clamp = inst->clamp };
	for (int n = 0; n < 3; n++) {
		if (op->type[n + 1] != ISA_NONE && op->type[n + 1] != ISA_MASK)
			*arg[n] = operand(w, inst, n, op->type[n + 1], lane);
	}
	if (op->shape == ISA_ACC)
		r->c = vgpr(w, inst->dst, op->type[0], lane);
	if (op->shape == ISA_MADK || op->shape == ISA_MADMK)
		r->c = inst->literal;
	if (op->shape == ISA_MADMK) {
		r->c = r->b;
		r->b = inst->literal;
	}
	if (op->shape == ISA_DIVFMAS)
		mask = scalar(w, inst, 106, ISA_B64);
	if (op->shape == ISA_CIN || op->shape == ISA_CINOUT)
		mask = scalar(w, inst, inst->smask, ISA_B64);
	r->in = mask >> lane & 1;
}

/* Output modifiers on one number. */
static u64 output(const struct wave *w, const struct isa_inst *inst, const struct ref_format *f,
		  u64 x, bool scale)
{
	static const long double factor[] = { 1, 2, 4, 0.5L };
	struct ref_lane mul = { .mode = w->mode };
	u64 one = ref_of_value(f, 1, 0, false);

	if (scale) {
		x = ref_flush(f, ref_flush_in(f, w->mode), x);
		x = ref_arith(f, REF_MUL, &mul, x,
			      ref_of_value(f, factor[inst->omod], 0, false), 0, 0);
		x = ref_flush(f, true, x);
		x = ref_is_zero(f, x) ? 0 : x;
	}
	if (!inst->clamp)
		return x;
	if (ref_is_nan(f, x))
		return w->mode & WAVE_MODE_DX10_CLAMP ? 0 : x;
	return ref_is_neg(f, x) ? 0 : ref_value(f, x) > 1 ? one : x;
}

static u64 modified(const struct wave *w, const struct isa_inst *inst, u64 x)
{
	enum isa_type type = inst->op->type[0];
	const struct ref_format *f = format_of(type);
	int bits = bits_of(type) / 2;

	if (!f)
		return x;
	if (!is_packed(type))
		return output(w, inst, f, x, inst->omod && ref_flush_out(f, w->mode) &&
			      !(w->mode & WAVE_MODE_IEEE));
	return output(w, inst, f, x & ((1ULL << bits) - 1), false) |
	       output(w, inst, f, x >> bits, false) << bits;
}

/* Instructions that leave the other half of the register alone. */
static bool keeps_half(const struct isa_op *op)
{
	return (op->enc == ISA_VOP3 || op->enc == ISA_VOP3P) && !strstr(op->name, "legacy");
}

static u64 merged(const struct isa_inst *inst, u64 x, u32 old)
{
	const struct isa_sdwa *s = &inst->sdwa;
	int bits = s->dst_sel < 4 ? 8 : 16, at = s->dst_sel < 4 ? s->dst_sel * 8 : s->dst_sel * 16 - 64;
	u32 r = 0;

	if (bits_of(inst->op->type[0]) == 16) {
		if (inst->op_sel & 8 || is_name(inst->op, "fma_mixhi_f16"))
			x = (u32)x << 16 | (old & 0xffff);
		else if (keeps_half(inst->op))
			x |= old & 0xffff0000;
	}
	if (inst->form != ISA_FORM_SDWA || s->dst_sel == 6)
		return x;
	for (int n = 0; n < 32; n++) {
		u32 bit;

		if (n >= at && n < at + bits)
			bit = x >> (n - at) & 1;
		else if (s->dst_unused == 2)
			bit = old >> n & 1;
		else
			bit = s->dst_unused == 1 && n >= at && x >> (bits - 1) & 1;
		r |= bit << n;
	}
	return r;
}

static void store(struct wave *w, const struct isa_inst *inst, int lane, u64 x)
{
	union wave_vreg *v = w->v + inst->dst;

	if (bits_of(inst->op->type[0]) == 64) {
		v[0].u[lane] = (u32)x;
		v[1].u[lane] = (u32)(x >> 32);
	} else {
		v[0].u[lane] = (u32)merged(inst, x, v[0].u[lane]);
	}
}

/* Scalar results; the trap temporaries (108 to 123) are the trap handler's. */
static void set_scalar(struct wave *w, int code, u32 x)
{
	if (code < 108 || code > 123 || w->status & WAVE_STATUS_PRIV)
		w->s[code] = x;
}

/* Rows by name: across lanes, or into the accumulation registers. */
static bool cross(struct wave *w, const struct isa_inst *inst)
{
	const char *name = inst->op->name + 2;
	struct wave old = *w;
	union wave_vreg v[256], a[256];
	int lane = 0;

	memcpy(v, w->v, w->nr_vgprs * sizeof(v[0]));
	memcpy(a, w->a, w->nr_agprs * sizeof(a[0]));
	old.v = v;
	while (!strcmp(name, "readfirstlane_b32") && lane < 63 && !lane_on(w, lane))
		lane++;
	if (!lane_on(w, lane) && !strcmp(name, "readfirstlane_b32"))
		lane = 0;
	if (!strcmp(name, "readlane_b32"))
		lane = (int)(raw(&old, inst, 1, ISA_B32, 0) & 63);
	if (!strncmp(name, "read", 4))
		set_scalar(w, inst->dst, (u32)raw(&old, inst, 0, ISA_B32, lane));
	if (!strcmp(name, "writelane_b32"))
		w->v[inst->dst].u[raw(&old, inst, 1, ISA_B32, 0) & 63] =
			(u32)raw(&old, inst, 0, ISA_B32, 0);
	for (lane = 0; lane < 64; lane++) {
		u32 x, n = 0;

		if (!lane_on(&old, lane) || !strncmp(name, "read", 4))
			continue;
		x = (u32)raw(&old, inst, 0, ISA_B32, lane);
		if (!strcmp(name, "swap_b32")) {
			w->v[inst->dst].u[lane] = x;
			w->v[inst->src[0] - 256].u[lane] = v[inst->dst].u[lane];
		} else if (!strncmp(name, "mbcnt", 5)) {
			for (int i = 0; i < 32; i++)
				n += x >> i & (i + (name[6] == 'h' ? 32 : 0) < lane);
			w->v[inst->dst].u[lane] = n + (u32)raw(&old, inst, 1, ISA_B32, lane);
		} else if (!strcmp(name, "accvgpr_read_b32")) {
			w->v[inst->dst].u[lane] = a[inst->src[0] - 256].u[lane];
		} else if (!strcmp(name, "accvgpr_mov_b32")) {
			w->a[inst->dst].u[lane] = a[inst->src[0] - 256].u[lane];
		} else if (!strcmp(name, "accvgpr_write_b32")) {
			w->a[inst->dst].u[lane] = x;
		}
	}
	return true;
}

/* All lanes' results before any is stored. */
static bool compute(const struct wave *w, const struct isa_inst *inst, ref_approx *approx,
		    void *opaque, u64 *result, u64 *mask)
{
	const struct ref_row *row = ref_find(inst->op->name + 2);
	struct ref_lane r;
	u64 args[64];

	*mask = 0;
	for (int lane = 0; lane < 64; lane++) {
		arguments(w, inst, lane, &r);
		args[lane] = r.a;
		if (row && row->fn)
			result[lane] = row->fn(&r);
		else if (!row && !ref_compare(inst->op->name + 2, &r))
			return false;
		*mask |= (u64)(r.out & 1) << lane;
	}
	return !row || row->fn || approx(opaque, row, w, inst->op, args, result);
}

bool ref_run(struct wave *w, const struct isa_inst *inst, ref_approx *approx, void *opaque)
{
	u64 result[64], mask, out = 0;
	u8 shape = inst->op->shape;

	if (shape == ISA_CROSS)
		return cross(w, inst);
	if (!compute(w, inst, approx, opaque, result, &mask))
		return false;
	for (int lane = 0; lane < 64; lane++) {
		if (!written(w, inst, lane))
			continue;
		if (!is_compare(inst->op))
			store(w, inst, lane, modified(w, inst, result[lane]));
		out |= mask & 1ULL << lane;
	}
	if (is_compare(inst->op) || shape == ISA_COUT || shape == ISA_CINOUT ||
	    shape == ISA_DIVSCALE || shape == ISA_MADCOUT) {
		set_scalar(w, inst->sdst, (u32)out);
		set_scalar(w, inst->sdst + 1, (u32)(out >> 32));
	}
	if (shape == ISA_CMPX) {
		w->s[126] = (u32)out;
		w->s[127] = (u32)(out >> 32);
	}
	return true;
}
