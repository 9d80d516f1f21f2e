// SPDX-License-Identifier: MIT
#include "isa/lane_cvt.h"
#include "isa/valu_priv.h"
#include "vkfd_hw/addr.h"

/* 0.5 -0.5 1 -1 2 -2 4 -4 1/2pi */
static const u16 inline_f16[] = {
	0x3800, 0xb800, 0x3c00, 0xbc00, 0x4000, 0xc000, 0x4400, 0xc400, 0x3118,
};
static const u32 inline_f32[] = {
	0x3f000000, 0xbf000000, 0x3f800000, 0xbf800000, 0x40000000,
	0xc0000000, 0x40800000, 0xc0800000, 0x3e22f983,
};
static const u64 inline_f64[] = {
	0x3fe0000000000000, 0xbfe0000000000000, 0x3ff0000000000000,
	0xbff0000000000000, 0x4000000000000000, 0xc000000000000000,
	0x4010000000000000, 0xc010000000000000, 0x3fc45f306dc9c882,
};

static bool is_pair(enum isa_type type)
{
	return type == ISA_V2F32 || type == ISA_V2B32;
}

static u64 inline_int(u16 code, enum isa_type type)
{
	s64 x = code <= ISA_SRC_INT_M1 - 1 ? code - ISA_SRC_INT_0 : ISA_SRC_INT_M1 - 1 - code;

	if (is_pair(type))
		return (u32)x | (u64)(u32)x << 32;
	return valu_is_wide(type) ? (u64)x : (u32)x;
}

/* In packed integer instructions the constants are those of single precision. */
static u64 inline_float(u16 code, enum isa_type type)
{
	unsigned int n = code - ISA_SRC_FLOAT_FIRST;

	if (is_pair(type))
		return inline_f32[n] | (u64)inline_f32[n] << 32;
	if (valu_is_wide(type))
		return inline_f64[n];
	return valu_is_half(type) || type == ISA_V2F16 ? inline_f16[n] : inline_f32[n];
}

static u64 literal_as(u32 literal, enum isa_type type)
{
	if (type == ISA_F64)
		return (u64)literal << 32;
	if (type == ISA_I64)
		return (u64)(s64)(s32)literal;
	return is_pair(type) ? literal | (u64)literal << 32 : literal;
}

/* Apertures and flags. A 32-bit use of an aperture is its high half. */
static bool special_scalar(const struct wave *wave, u16 code, bool wide, u64 *bits)
{
	switch (code) {
	case ISA_SRC_SHARED_BASE:
	case ISA_SRC_SHARED_LIMIT:
		*bits = VKFD_LDS_BASE;
		break;
	case ISA_SRC_PRIVATE_BASE:
	case ISA_SRC_PRIVATE_LIMIT:
		*bits = VKFD_SCRATCH_BASE;
		break;
	case ISA_SRC_VCCZ:
		*bits = !wave_sreg64(wave, ISA_SRC_VCC);
		return true;
	case ISA_SRC_EXECZ:
		*bits = !wave_exec(wave);
		return true;
	case ISA_SRC_SCC:
		*bits = wave->scc;
		return true;
	default:
		return false;
	}
	if (!wide)
		*bits >>= 32;
	else if (code == ISA_SRC_SHARED_LIMIT || code == ISA_SRC_PRIVATE_LIMIT)
		*bits |= UINT32_MAX;
	return true;
}

bool valu_scalar(const struct wave *wave, const struct isa_inst *inst, u16 code,
		 enum isa_type type, u64 *bits)
{
	bool wide = valu_is_wide(type);

	if (code < WAVE_SREGS) {
		if (wide && (code & 1))
			return false;
		*bits = wide ? wave_sreg64(wave, code) : wave->s[code];
		return true;
	}
	if (code < ISA_SRC_INT_M1 + 16) {
		*bits = inline_int(code, type);
		return true;
	}
	if (code >= ISA_SRC_FLOAT_FIRST && code <= ISA_SRC_FLOAT_LAST) {
		*bits = inline_float(code, type);
		return true;
	}
	if (code == ISA_SRC_LITERAL) {
		*bits = literal_as(inst->literal, type);
		return true;
	}
	return special_scalar(wave, code, wide, bits);
}

/* SDWA: a byte or half of the dword, extended. */
static u32 select(u32 x, u8 sel, bool sext)
{
	if (sel < 4) {
		x = x >> sel * 8 & 0xff;
		return sext ? (u32)(int8_t)x : x;
	}
	if (sel < 6) {
		x = x >> (sel & 1) * 16 & 0xffff;
		return sext ? (u32)(int16_t)x : x;
	}
	return x;
}

static void select_lanes(u32 *x, u8 sel, bool sext)
{
	for (unsigned int i = 0; i < WAVE_LANES; i++)
		x[i] = select(x[i], sel, sext);
}

static bool takes_modifiers(const struct isa_op *op, enum isa_type type)
{
	return valu_is_float(type) || type == ISA_V2F16 || type == ISA_V2F32 ||
	       op->id == ISA_OP_v_cndmask_b32;
}

/*
 * What is done to operand @n in every lane: halves chosen by op_sel, then abs and
 * neg. Packed operands have a neg for each half and no abs; v_fma_mix has abs in the
 * place of neg_hi.
 */
struct change {
	bool low, high;		/* which half goes to the low and the high half */
	u64 and, xor;
};

static u64 sign_of(enum isa_type type)
{
	return type == ISA_F16 ? F16_SIGN : type == ISA_F64 ? F64_SIGN : F32_SIGN;
}

static struct change change_of(const struct isa_inst *inst, unsigned int n, enum isa_type type)
{
	bool neg = inst->neg >> n & 1, neg_hi = inst->neg_hi >> n & 1;
	struct change c = { .and = ~0ULL };

	c.low = inst->op_sel >> n & 1;
	c.high = inst->enc == ISA_VOP3P ? inst->op_sel_hi >> n & 1 : true;
	if (!takes_modifiers(inst->op, type))
		return c;
	if (type == ISA_V2F16) {
		c.xor = (neg ? F16_SIGN : 0) | (neg_hi ? F32_SIGN : 0);
	} else if (type == ISA_V2F32) {
		c.xor = (neg ? F32_SIGN : 0) | (neg_hi ? F64_SIGN : 0);
	} else {
		bool abs = inst->abs >> n & 1 || (valu_is_mix(inst->op) && neg_hi);

		c.and = abs ? ~sign_of(type) : ~0ULL;
		c.xor = neg ? sign_of(type) : 0;
	}
	return c;
}

static bool is_packed_half(enum isa_type type)
{
	return type == ISA_V2F16 || type == ISA_V2I16 || type == ISA_V2U16;
}

/* v_fma_mix reads operand @n as half precision. */
static bool is_mix_half(const struct isa_inst *inst, unsigned int n)
{
	return valu_is_mix(inst->op) && inst->op_sel_hi >> n & 1;
}

static void change_lanes(struct valu_work *work, unsigned int n, unsigned int slot,
			 enum isa_type type)
{
	struct change c = change_of(work->inst, n, type);
	u32 *to = (u32 *)work->src[slot];
	const u32 *from = work->io.src[slot];

	if (valu_is_wide(type)) {
		if (c.and != ~0ULL || c.xor)
			valu_unit->change_wide(work->src[slot], work->io.src[slot], c.and, c.xor);
		return;		/* the halves have been chosen */
	}
	if (is_mix_half(work->inst, n))
		valu_unit->widen(&work->io.fp, to, from, c.low ? 16 : 0);
	else if (is_packed_half(type) && (c.low || !c.high))
		valu_unit->halves(to, from, c.low ? 16 : 0, c.high ? 16 : 0);
	else if (valu_is_half(type) && c.low)
		valu_unit->halves(to, from, 16, 16);
	else if (c.and == ~0ULL && !c.xor)
		return;
	else
		to = NULL;
	if (to) {
		work->io.src[slot] = from = to;
		if (c.and == ~0ULL && !c.xor)
			return;
	}
	valu_unit->change((u32 *)work->src[slot], from, (u32)c.and, (u32)c.xor);
	work->io.src[slot] = work->src[slot];
}

/* The same for a scalar. */
static u64 change_scalar(const struct valu_work *work, unsigned int n, enum isa_type type, u64 x)
{
	struct change c = change_of(work->inst, n, type);

	if (is_mix_half(work->inst, n))
		x = lane_cvt_f32_f16(&work->io.fp, (u32)x >> (c.low ? 16 : 0), 0, 0);
	else if (is_pair(type))
		x = (c.low ? x >> 32 : x & UINT32_MAX) | (c.high ? x >> 32 : x) << 32;
	else if (is_packed_half(type))
		x = (x >> (c.low ? 16 : 0) & 0xffff) | (u32)(x >> (c.high ? 16 : 0)) << 16;
	else if (valu_is_half(type) && c.low)
		x = x >> 16 & 0xffff;
	return (x & c.and) ^ c.xor;
}

static void splat(void *buf, bool wide, u64 bits)
{
	u32 *x32 = buf;
	u64 *x64 = buf;

	for (unsigned int i = 0; i < WAVE_LANES; i++) {
		if (wide)
			x64[i] = bits;
		else
			x32[i] = (u32)bits;
	}
}

static bool fetch_scalar(struct valu_work *work, unsigned int n, unsigned int slot,
			 enum isa_type type)
{
	const struct isa_inst *inst = work->inst;
	enum isa_type as = is_mix_half(inst, n) ? ISA_F16 : type;
	u64 bits;

	if (!valu_scalar(work->wave, inst, inst->src[n], as, &bits))
		return false;
	if (inst->form == ISA_FORM_SDWA && n < 2)
		bits = select((u32)bits, n ? inst->sdwa.src1_sel : inst->sdwa.src0_sel,
			      n ? inst->sdwa.sext1 : inst->sdwa.sext0);
	bits = change_scalar(work, n, type, bits);
	splat(work->src[slot], valu_is_wide(type), bits);
	work->io.src[slot] = work->src[slot];
	return true;
}

/* Registers whose bits are moved before they are operands: SDWA and DPP. */
static void fetch_moved(struct valu_work *work, unsigned int n, unsigned int slot, bool wide)
{
	const struct isa_inst *inst = work->inst;
	const union wave_vreg *v = &work->wave->v[inst->src[n] - ISA_SRC_VGPR];
	union wave_vreg low, high;
	u32 *dst = (u32 *)work->src[slot];

	if (inst->form == ISA_FORM_SDWA) {
		__builtin_memcpy(dst, v->u, sizeof(v->u));
		select_lanes(dst, n ? inst->sdwa.src1_sel : inst->sdwa.src0_sel,
			     n ? inst->sdwa.sext1 : inst->sdwa.sext0);
	} else if (wide) {
		valu_dpp_move(work, low.u, v[0].u);
		valu_dpp_move(work, high.u, v[1].u);
		valu_unit->join(work->src[slot], low.u, high.u);
	} else {
		valu_dpp_move(work, dst, v->u);
	}
	work->io.src[slot] = dst;
}

void valu_fetch_vgpr(struct valu_work *work, u16 vgpr, unsigned int slot, enum isa_type type)
{
	const union wave_vreg *v = &work->wave->v[vgpr];

	if (valu_is_wide(type)) {
		valu_unit->join(work->src[slot], v[0].u, v[1].u);
		work->io.src[slot] = work->src[slot];
	} else {
		work->io.src[slot] = v->u;
	}
}

bool valu_fetch_literal(struct valu_work *work, unsigned int slot, enum isa_type type)
{
	splat(work->src[slot], valu_is_wide(type), literal_as(work->inst->literal, type));
	work->io.src[slot] = work->src[slot];
	return true;
}

/* A pair of registers for a packed operand: op_sel picks for either half. */
static void fetch_pair(struct valu_work *work, unsigned int n, unsigned int slot)
{
	const union wave_vreg *v = &work->wave->v[work->inst->src[n] - ISA_SRC_VGPR];
	struct change c = change_of(work->inst, n, ISA_V2B32);

	valu_unit->join(work->src[slot], v[c.low].u, v[c.high].u);
	work->io.src[slot] = work->src[slot];
}

bool valu_fetch(struct valu_work *work, unsigned int n, unsigned int slot, enum isa_type type)
{
	const struct isa_inst *inst = work->inst;
	bool moved = (inst->form == ISA_FORM_SDWA && n < 2) || (inst->form == ISA_FORM_DPP && !n);

	if (inst->src[n] < ISA_SRC_VGPR)
		return fetch_scalar(work, n, slot, type);
	if (moved)
		fetch_moved(work, n, slot, valu_is_wide(type));
	else if (is_pair(type))
		fetch_pair(work, n, slot);
	else
		valu_fetch_vgpr(work, (u16)(inst->src[n] - ISA_SRC_VGPR), slot, type);
	if (inst->enc == ISA_VOP3P || ((inst->abs | inst->neg | inst->op_sel) >> n & 1))
		change_lanes(work, n, slot, type);
	return true;
}
