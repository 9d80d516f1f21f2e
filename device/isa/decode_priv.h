/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_DECODE_PRIV_H
#define VKFD_DEVICE_ISA_DECODE_PRIV_H

#include "isa/inst.h"

/* The parts of the decoder. Each part fills @inst from inst->word, false: illegal. */

static inline u32 bits(u32 word, unsigned int low, unsigned int count)
{
	return (word >> low) & (count < 32 ? (1u << count) - 1 : ~0u);
}

/* decode_operand.c */

/* @dwords scalar registers starting at @code: exist, aligned, all of one kind. */
bool isa_scalar_tuple(unsigned int code, unsigned int dwords);
/* A scalar register or constant that a source of @type may name; no literal. */
bool isa_scalar_source(unsigned int code, enum isa_type type);
/* Counts @dwords VGPRs (or AccVGPRs) from @number as used; false if misaligned. */
bool isa_use_vector(struct isa_inst *inst, unsigned int number, unsigned int dwords, bool acc);
unsigned int isa_type_dwords(enum isa_type type);
bool isa_type_is_float(enum isa_type type);

/* decode_scalar.c */
bool isa_decode_sop1(struct isa_inst *inst);
bool isa_decode_sop2(struct isa_inst *inst);
bool isa_decode_sopc(struct isa_inst *inst);
bool isa_decode_sopk(struct isa_inst *inst);
bool isa_decode_sopp(struct isa_inst *inst);
bool isa_decode_smem(struct isa_inst *inst);

/* decode_valu.c: VOP1, VOP2 and VOPC in 32 bits, with literal, SDWA, DPP */
bool isa_decode_valu(struct isa_inst *inst);
/* decode_vop3.c */
bool isa_decode_vop3(struct isa_inst *inst);
bool isa_decode_vop3p(struct isa_inst *inst);

/* decode_mem.c */
bool isa_decode_ds(struct isa_inst *inst);
bool isa_decode_flat(struct isa_inst *inst);
bool isa_decode_mubuf(struct isa_inst *inst);

/* Two values in the data: the new one and what to compare with, or a mask. */
bool isa_is_two_value(const struct isa_op *op);

/* Which register fields a DS row has. */
struct isa_ds_fields {
	bool addr, data0, data1, dst;
};

struct isa_ds_fields isa_ds_fields(const struct isa_op *op);

/* valu_rules.c: what a VALU row may carry */
bool isa_has_sdwa(const struct isa_op *op);
bool isa_has_dpp(const struct isa_op *op);
bool isa_has_long_form(const struct isa_op *op);
bool isa_has_op_sel(const struct isa_op *op);
bool isa_has_clamp(const struct isa_op *op);
bool isa_has_omod(const struct isa_op *op);
/* Sources that may be negated or made absolute: bit n. */
unsigned int isa_float_sources(const struct isa_op *op);
/* At most one scalar value besides constants. */
bool isa_constant_bus_ok(const struct isa_inst *inst);

/* Carry-out in a scalar pair of its own (VOP3B). */
static inline bool isa_writes_mask(const struct isa_op *op)
{
	return op->shape == ISA_COUT || op->shape == ISA_CINOUT || op->shape == ISA_DIVSCALE ||
	       op->shape == ISA_MADCOUT;
}

static inline bool isa_reads_mask(const struct isa_op *op)
{
	return op->shape == ISA_CIN || op->shape == ISA_CINOUT;
}

static inline bool isa_is_compare(const struct isa_op *op)
{
	return op->shape == ISA_CMP || op->shape == ISA_CMPX;
}

/* Sources that are operands of the instruction's text: 0 to 3. */
static inline unsigned int isa_nr_sources(const struct isa_op *op)
{
	unsigned int n = 0;

	while (n < 3 && op->type[n + 1] != ISA_NONE)
		n++;
	return n;
}

#endif
