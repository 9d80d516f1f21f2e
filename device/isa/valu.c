// SPDX-License-Identifier: MIT
#include <fenv.h>
#include "isa/operand.h"
#include "isa/valu_priv.h"

/*
 * MODE and the instruction's clamp, as lane functions see them. In place, field by
 * field: copying the structure would wait for its bytes to reach the cache.
 */
static inline void set_fp(struct valu_fp *fp, u32 mode, bool clamp)
{
	fp->flush32_in = !(mode & 0x10);
	fp->flush32_out = !(mode & 0x20);
	fp->flush16_in = !(mode & 0x40);
	fp->flush16_out = !(mode & 0x80);
	fp->ieee = !!(mode & WAVE_MODE_IEEE);
	fp->dx10_clamp = !!(mode & WAVE_MODE_DX10_CLAMP);
	fp->fp16_ovfl = !!(mode & WAVE_MODE_FP16_OVFL);
	fp->clamp = clamp;
	fp->round32 = mode & WAVE_MODE_ROUND32;
	fp->round64 = (u8)((mode & WAVE_MODE_ROUND64) >> 2);
}

/* The host's rounding mode for results of the instruction's type. */
static u8 round_of(const struct valu_work *work)
{
	switch (work->inst->op->type[0]) {
	case ISA_F32:
	case ISA_V2F32:
		return work->io.fp.round32;
	case ISA_F16:
	case ISA_V2F16:
		/* v_fma_mixlo and its like compute in single first */
		return valu_is_mix(work->inst->op) ? work->io.fp.round32 : work->io.fp.round64;
	case ISA_F64:
		return work->io.fp.round64;
	default:
		return 0;
	}
}

static bool fetch_all(struct valu_work *work)
{
	const struct isa_inst *inst = work->inst;
	const struct isa_op *op = inst->op;

	if (op->shape == ISA_MADMK)
		return valu_fetch(work, 0, 0, op->type[1]) &&
		       valu_fetch_literal(work, 1, op->type[0]) &&
		       valu_fetch(work, 1, 2, op->type[2]);
	for (unsigned int n = 0; n < 3; n++) {
		enum isa_type type = op->type[n + 1];

		if (type != ISA_NONE && type != ISA_MASK && !valu_fetch(work, n, n, type))
			return false;
	}
	if (op->shape == ISA_ACC)
		valu_fetch_vgpr(work, inst->dst, 2, op->type[0]);
	if (op->shape == ISA_MADK)
		return valu_fetch_literal(work, 2, op->type[0]);
	return true;
}

/* The mask that the row reads. False: no such scalar pair. */
static bool fetch_mask(struct valu_work *work)
{
	u8 shape = work->inst->op->shape;
	u16 pair = shape == ISA_DIVFMAS ? ISA_SRC_VCC : work->inst->smask;
	u64 bits;

	if (shape != ISA_CIN && shape != ISA_CINOUT && shape != ISA_DIVFMAS)
		return true;
	if (!valu_scalar(work->wave, work->inst, pair, ISA_B64, &bits))
		return false;
	work->io.mask_in = bits;
	return true;
}

static bool writes_mask(u8 shape)
{
	return shape == ISA_CMP || shape == ISA_CMPX || shape == ISA_COUT || shape == ISA_CINOUT ||
	       shape == ISA_DIVSCALE || shape == ISA_MADCOUT;
}

/* May the loop write the register itself? */
static bool is_direct(const struct valu_work *work)
{
	const struct isa_inst *inst = work->inst;
	enum isa_type type = inst->op->type[0];

	return work->lanes == ~0ULL && inst->form != ISA_FORM_SDWA && !inst->omod &&
	       !inst->clamp && !valu_is_wide(type) && !valu_is_half(type);
}

/* Bits of inactive lanes are zero. */
static void write_mask(struct valu_work *work)
{
	const struct isa_inst *inst = work->inst;
	u64 mask = work->io.mask_out & work->lanes;

	operand_write64(work->wave, inst->sdst, mask);
	if (inst->op->shape == ISA_CMPX)
		wave_set_sreg64(work->wave, ISA_SRC_EXEC, mask);
}

static const int host_round[] = { FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO };

static void execute(struct valu_work *work)
{
	u8 round = round_of(work);

	if (round)
		fesetround(host_round[round]);
	valu_unit->lanes[work->inst->op->id](&work->io);
	if (work->io.dst && work->io.dst != work->wave->v[work->inst->dst].u)
		valu_post(work);
	if (round)
		fesetround(FE_TONEAREST);
}

static bool is_executable(const struct wave *wave, const struct isa_inst *inst)
{
	u8 shape = inst->op->shape;

	if (inst->nr_vgprs > wave->nr_vgprs || inst->nr_agprs > wave->nr_agprs)
		return false;
	return !writes_mask(shape) || (inst->sdst < WAVE_SREGS && !(inst->sdst & 1));
}

bool valu_run(struct wave *wave, const struct isa_inst *inst)
{
	struct valu_work work;
	u8 shape = inst->op->shape;

	if (!is_executable(wave, inst))
		return false;
	if (shape == ISA_CROSS)
		return valu_cross(wave, inst);
	if (!valu_unit->lanes[inst->op->id])
		return false;
	work.wave = wave;
	work.inst = inst;
	work.lanes = wave_exec(wave);
	set_fp(&work.io.fp, wave->mode, inst->clamp);
	if (inst->form == ISA_FORM_DPP && !valu_dpp_lanes(&work))
		return false;
	if (!fetch_all(&work) || !fetch_mask(&work))
		return false;
	work.io.dst = is_direct(&work) ? (void *)wave->v[inst->dst].u : work.out;
	if (shape == ISA_CMP || shape == ISA_CMPX)
		work.io.dst = NULL;
	execute(&work);
	if (work.io.dst)
		valu_write_back(&work);
	if (writes_mask(shape))
		write_mask(&work);
	return true;
}
