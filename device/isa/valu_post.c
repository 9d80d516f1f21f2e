// SPDX-License-Identifier: MIT
#include "isa/lane_f64.h"
#include "isa/lane_cvt.h"
#include "isa/valu_priv.h"

/*
 * Output modifiers are not IEEE: they are ignored where MODE asks for IEEE or keeps
 * denormal results, and turn -0 into 0.
 */
static bool omod_applies(const struct valu_work *work)
{
	const struct valu_fp *fp = &work->io.fp;
	bool flush = work->inst->op->type[0] == ISA_F32 ? fp->flush32_out : fp->flush16_out;

	return work->inst->omod && valu_is_float(work->inst->op->type[0]) && !fp->ieee && flush;
}

static u64 omod(const struct valu_work *work, u64 x)
{
	static const double factor[] = { 1.0, 2.0, 4.0, 0.5 };
	const struct valu_fp *fp = &work->io.fp;
	double f = factor[work->inst->omod];
	u64 r;

	switch (work->inst->op->type[0]) {
	case ISA_F32:
		r = lane_mul_f32(fp, (u32)x, f32_bits((float)f), 0);
		return r & F32_ABS ? r : 0;
	case ISA_F64:
		r = lane_mul_f64(fp, x, f64_bits(f), 0);
		return r & F64_ABS ? r : 0;
	default:
		r = f16_nan1(f16_out(fp, f16_value((u32)x) * f), (u32)x);
		return r & F16_ABS ? r : 0;
	}
}

/* To [0, 1]; -0 becomes 0; a NaN becomes 0 with DX10_CLAMP and stays without. */
static u32 clamp_f32(const struct valu_fp *fp, u32 x)
{
	if (f32_is_nan(x))
		return fp->dx10_clamp ? 0 : x;
	return x & F32_SIGN ? 0 : x > F32_ONE ? F32_ONE : x;
}

static u32 clamp_f16(const struct valu_fp *fp, u32 x)
{
	if (f16_is_nan(x))
		return fp->dx10_clamp ? 0 : x;
	return x & F16_SIGN ? 0 : x > 0x3c00 ? 0x3c00 : x;
}

static u64 clamp_f64(const struct valu_fp *fp, u64 x)
{
	const u64 one = 0x3ff0000000000000ULL;

	if (f64_is_nan(x))
		return fp->dx10_clamp ? 0 : x;
	return x & F64_SIGN ? 0 : x > one ? one : x;
}

static u64 clamp(const struct valu_work *work, u64 x)
{
	const struct valu_fp *fp = &work->io.fp;

	switch (work->inst->op->type[0]) {
	case ISA_F16:
		return clamp_f16(fp, (u32)x);
	case ISA_F32:
		return clamp_f32(fp, (u32)x);
	case ISA_F64:
		return clamp_f64(fp, x);
	case ISA_V2F16:
		return clamp_f16(fp, (u32)x & 0xffff) | clamp_f16(fp, (u32)x >> 16) << 16;
	case ISA_V2F32:
		return clamp_f32(fp, (u32)x) | (u64)clamp_f32(fp, (u32)(x >> 32)) << 32;
	default:
		return x;	/* integers saturate in their lane functions */
	}
}

void valu_post(struct valu_work *work)
{
	bool wide = valu_is_wide(work->inst->op->type[0]);
	bool scale = omod_applies(work);
	u32 *x32 = work->io.dst;
	u64 *x64 = work->io.dst;

	if (!scale && !work->inst->clamp)
		return;
	for (unsigned int i = 0; i < WAVE_LANES; i++) {
		u64 x = wide ? x64[i] : x32[i];

		if (scale)
			x = omod(work, x);
		if (work->inst->clamp)
			x = clamp(work, x);
		if (wide)
			x64[i] = x;
		else
			x32[i] = (u32)x;
	}
}

/*
 * Most instructions clear the half of the register beside a 16-bit result. Those that
 * came with op_sel in the long form keep it (LLVM's zeroesHigh16BitsOfDest() has the
 * list, found by experiment).
 */
static bool keeps_half(const struct isa_op *op)
{
	switch (op->id) {
	case ISA_OP_v_mad_legacy_f16:
	case ISA_OP_v_mad_legacy_u16:
	case ISA_OP_v_mad_legacy_i16:
	case ISA_OP_v_fma_legacy_f16:
	case ISA_OP_v_div_fixup_legacy_f16:
		return false;
	default:
		return op->enc == ISA_VOP3 || op->enc == ISA_VOP3P;
	}
}

static void merge_half(const struct valu_work *work, u32 *x, const u32 *old)
{
	if (work->inst->op_sel & 8 || work->inst->op->id == ISA_OP_v_fma_mixhi_f16) {
		for (unsigned int i = 0; i < WAVE_LANES; i++)
			x[i] = (old[i] & 0xffff) | x[i] << 16;
	} else if (keeps_half(work->inst->op)) {
		for (unsigned int i = 0; i < WAVE_LANES; i++)
			x[i] = (old[i] & 0xffff0000) | (x[i] & 0xffff);
	}
}

/* SDWA: the result into a byte or half; what becomes of the rest. */
static u32 place(const struct isa_sdwa *sdwa, u32 x, u32 old)
{
	u32 bits = sdwa->dst_sel < 4 ? 8 : 16;
	u32 shift = sdwa->dst_sel < 4 ? sdwa->dst_sel * 8u : (sdwa->dst_sel & 1) * 16u;
	u32 mask = ((1u << bits) - 1) << shift;
	u32 sign = x >> (bits - 1) & 1 ? ~0u << shift & ~mask : 0;

	if (sdwa->dst_sel >= 6)
		return x;
	x = x << shift & mask;
	switch (sdwa->dst_unused) {
	case 1:
		return x | sign;
	case 2:
		return x | (old & ~mask);
	default:
		return x;
	}
}

void valu_write_back(struct valu_work *work)
{
	const struct isa_inst *inst = work->inst;
	union wave_vreg *dst = &work->wave->v[inst->dst];
	u32 *x = work->io.dst;

	if (work->io.dst == dst->u)
		return;
	if (valu_is_wide(inst->op->type[0])) {
		valu_unit->split(dst[0].u, dst[1].u, work->io.dst, work->lanes);
		return;
	}
	if (valu_is_half(inst->op->type[0]))
		merge_half(work, x, dst->u);
	if (inst->form == ISA_FORM_SDWA) {
		for (unsigned int i = 0; i < WAVE_LANES; i++)
			x[i] = place(&inst->sdwa, x[i], dst->u[i]);
	}
	valu_unit->blend(dst->u, x, work->lanes);
}
