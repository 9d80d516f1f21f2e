/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_VALU_H
#define VKFD_DEVICE_ISA_VALU_H

#include "isa/wave.h"

/*
 * Vector ALU: operand fetch (constants, SGPRs, SDWA, DPP, abs, neg, op_sel), the
 * loop over lanes, clamp and omod, masked write-back. The loops are compiled for
 * several vector units (valu_lanes.c), one set is chosen at start.
 */

/*
 * What a lane function may look at beside its operands. Of 0 and 1, and not bool:
 * a bool from memory keeps gcc from making vector code of a loop.
 */
struct valu_fp {
	u8 flush32_in, flush32_out;	/* MODE.denorm of f32 */
	u8 flush16_in, flush16_out;	/* of f16 and f64 */
	u8 ieee, dx10_clamp, fp16_ovfl;
	u8 clamp;			/* integers saturate; floats are clamped by the caller */
	u8 round32, round64;		/* 0 even, 1 +inf, 2 -inf, 3 zero */
};

/*
 * One whole-wave operation. Arrays have 64 elements of the operand's width (u32 or
 * u64), 64-byte aligned, in the order of the arguments of the row's function; @dst
 * may be one of them.
 */
struct valu_io {
	void *dst;
	const void *src[3];
	u64 mask_in;	/* carry-in, cndmask selector, VCC of div_fmas */
	u64 mask_out;	/* compare, carry-out: all 64 lanes, EXEC is applied by the caller */
	struct valu_fp fp;
};

typedef void (*valu_lanes_fn)(struct valu_io *io);

/* Vector units that the loops are compiled for, the best last. */
enum valu_unit_id { VALU_BASE, VALU_AVX2, VALU_AVX512, VALU_NR_UNITS };

/* Chooses the loops from what the CPU has. Call once, before any wave runs. */
void valu_init(void);

/*
 * Takes one unit by hand (tests, measurements). False: the CPU lacks it. Not while
 * any wave runs.
 */
bool valu_use(enum valu_unit_id id);
const char *valu_unit_name(void);

/* Executes a VALU instruction. False: illegal in this form, and nothing happened. */
bool valu_run(struct wave *wave, const struct isa_inst *inst);

/**
 * valu_index() - an instruction as it is while MODE.GPR_IDX_EN is set
 * @indexed: gets @inst with M0's index added to the VGPRs it is for; its nr_vgprs
 *           may be more than the wave has.
 */
void valu_index(const struct wave *wave, const struct isa_inst *inst, struct isa_inst *indexed);

#endif
