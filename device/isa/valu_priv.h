/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_VALU_PRIV_H
#define VKFD_DEVICE_ISA_VALU_PRIV_H

#include "isa/op_id.h"
#include "isa/valu_unit.h"

/* One instruction under way: buffers for operands that are not simply a register. */
struct valu_work {
	struct wave *wave;
	const struct isa_inst *inst;
	u64 lanes;		/* that are written: EXEC without what DPP takes away */
	struct valu_io io;
	u64 src[3][WAVE_LANES] __attribute__((aligned(64)));
	u64 out[WAVE_LANES] __attribute__((aligned(64)));
};

static inline bool valu_is_wide(enum isa_type type)
{
	return (1ULL << ISA_B64 | 1ULL << ISA_U64 | 1ULL << ISA_I64 | 1ULL << ISA_F64 |
		1ULL << ISA_V2F32 | 1ULL << ISA_V2B32) >> type & 1;
}

static inline bool valu_is_half(enum isa_type type)
{
	return type == ISA_F16 || type == ISA_B16 || type == ISA_U16 || type == ISA_I16;
}

static inline bool valu_is_float(enum isa_type type)
{
	return type == ISA_F16 || type == ISA_F32 || type == ISA_F64;
}

static inline bool valu_is_mix(const struct isa_op *op)
{
	return op->id == ISA_OP_v_fma_mix_f32 || op->id == ISA_OP_v_fma_mixlo_f16 ||
	       op->id == ISA_OP_v_fma_mixhi_f16;
}

/*
 * A scalar operand, constant or literal as bits of @type; 64-bit packed operands get
 * constants in both halves. False: not an operand of a vector instruction.
 */
bool valu_scalar(const struct wave *wave, const struct isa_inst *inst, u16 code,
		 enum isa_type type, u64 *bits);

/*
 * Points work->io.src[slot] at operand @n of the instruction, read as @type, with
 * SDWA, DPP, op_sel, abs and neg applied. False: illegal.
 */
bool valu_fetch(struct valu_work *work, unsigned int n, unsigned int slot, enum isa_type type);
/* A register as it is, or the literal, for slots that no source field names. */
void valu_fetch_vgpr(struct valu_work *work, u16 vgpr, unsigned int slot, enum isa_type type);
bool valu_fetch_literal(struct valu_work *work, unsigned int slot, enum isa_type type);

/* Takes the lanes from work->lanes that DPP does not write. False: illegal control. */
bool valu_dpp_lanes(struct valu_work *work);
/* Moves 64 dwords along: dst[lane] = src[source lane], 0 where there is none. */
void valu_dpp_move(const struct valu_work *work, u32 *dst, const u32 *src);

/* omod and clamp of work->io.dst, floats only. */
void valu_post(struct valu_work *work);
/* Puts work->io.dst into the registers: half words, SDWA, only active lanes. */
void valu_write_back(struct valu_work *work);

/* ISA_CROSS rows. */
bool valu_cross(struct wave *wave, const struct isa_inst *inst);

#endif
