// SPDX-License-Identifier: MIT
/*
 * DOC: known differences between LLVM and the decoder
 *
 * LLVM's disassembler takes more than its assembler: it rounds scalar pairs down,
 * ignores fields, prints registers that do not exist. We refuse what the assembler
 * refuses. Each exception is as narrow as the words allow and has a name; the
 * oracle counts how often each was used.
 */
#include <stdio.h>
#include <string.h>

#include "isa/op_id.h"
#include "isa/oracle.h"

#define SOFFSET_EN	0x4000u

static u32 field(u32 word, unsigned int low, unsigned int count)
{
	return (word >> low) & ((1u << count) - 1);
}

/* LLVM ends in llvm_unreachable() on the selects that SDWA reserves. */
bool oracle_kills_llvm(const u32 word[2])
{
	bool is_vopc = word[0] >> 25 == 0x3e, is_vop1 = word[0] >> 25 == 0x3f;

	if (word[0] >> 31 || field(word[0], 0, 9) != ISA_SRC_SDWA)
		return false;
	if (field(word[1], 16, 3) == 7 || (!is_vop1 && field(word[1], 24, 3) == 7))
		return true;
	return !is_vopc && (field(word[1], 8, 3) == 7 || field(word[1], 11, 2) == 3);
}

/* Low bits of scalar registers, which LLVM clears in a pair or quad. */
static bool is_misaligned(const struct oracle_case *c)
{
	static const u32 low_bits[ISA_NR_ENCS][2] = {
		[ISA_SOP1] = { 0x00010001, 0 }, [ISA_SOP2] = { 0x00010101, 0 },
		[ISA_SOPC] = { 0x00000101, 0 }, [ISA_SOPK] = { 0x00010000, 0 },
		[ISA_SMEM] = { 0x000000c1, 0 },
		[ISA_VOP1] = { 0x00000001, 0 }, [ISA_VOP2] = { 0x00000001, 0 },
		[ISA_VOPC] = { 0x00000001, 0x00000100 },
		[ISA_VOP3] = { 0x00000101, 0x00040201 }, [ISA_VOP3P] = { 0, 0x00040201 },
		[ISA_FLAT] = { 0, 0x00010000 },
	};
	const u32 *mask = low_bits[c->inst.enc];

	return ((c->word[0] ^ c->again[0]) & mask[0]) || ((c->word[1] ^ c->again[1]) & mask[1]);
}

static bool is_vector_move(const struct isa_op *op)
{
	return op->id == ISA_OP_v_swap_b32 || op->id == ISA_OP_v_accvgpr_mov_b32 ||
	       op->id == ISA_OP_v_accvgpr_read_b32;
}

/* Bit 8 of a source that can only be a vector register: LLVM 14 sets it. */
static bool is_scalar_for_vector(const struct oracle_case *c)
{
	if (!is_vector_move(c->inst.op))
		return false;
	return !((c->inst.enc == ISA_VOP1 ? c->word[0] : c->word[1]) & 0x100);
}

/* abs or neg on a source that is no float: LLVM has the operand, and prints nothing or sext(). */
static bool negates_integer(const struct oracle_case *c)
{
	const struct isa_op *op = c->inst.op;
	u32 set;

	if (c->inst.enc == ISA_VOP3)
		set = field(c->word[0], 8, 3) | c->word[1] >> 29;
	else if (field(c->word[0], 0, 9) == ISA_SRC_DPP)
		set = (u32)(field(c->word[1], 20, 2) != 0) |
		      (u32)(field(c->word[1], 22, 2) != 0) << 1;
	else
		return false;
	for (unsigned int n = 0; n < 3; n++) {
		unsigned int type = op->type[n + 1];

		if (set >> n & 1 && type != ISA_F16 && type != ISA_F32 && type != ISA_F64 &&
		    type != ISA_V2F16)
			return true;
	}
	return false;
}

/* src_scc and the like, where the value is written to or used as a register's number. */
static bool names_no_register(const struct oracle_case *c)
{
	const char *operand = strchr(c->text, ' ');

	switch (c->inst.op->id) {
	case ISA_OP_s_setpc_b64:
	case ISA_OP_s_rfe_b64:
	case ISA_OP_s_movrels_b32:
	case ISA_OP_s_movrels_b64:
		return strstr(c->text, "src_") != NULL;
	default:
		return operand && !strncmp(operand, " src_", 5);
	}
}

/* SDWA or DPP on an instruction without sources, where LLVM forgets the second dword. */
static bool is_form_without_source(const struct oracle_case *c)
{
	u32 src0 = field(c->word[0], 0, 9);

	return c->inst.enc == ISA_VOP1 && c->inst.op->type[0] == ISA_NONE &&
	       (src0 == ISA_SRC_SDWA || src0 == ISA_SRC_DPP);
}

/* A literal that is one value too many for the constant bus, but is printed as an inline constant. */
static bool is_literal_printed_inline(const struct oracle_case *c)
{
	return c->inst.enc >= ISA_VOP1 && c->inst.enc <= ISA_VOPC && c->encoded_bytes == 4 &&
	       field(c->word[0], 0, 9) == ISA_SRC_LITERAL;
}

static bool is_lane_op(const struct isa_op *op)
{
	return op->id == ISA_OP_v_readlane_b32 || op->id == ISA_OP_v_writelane_b32;
}

static bool is_l2_op(const struct isa_op *op)
{
	return op->id == ISA_OP_buffer_wbl2 || op->id == ISA_OP_buffer_invl2;
}

/* What one of the two ages of LLVM takes and we do not. */
static const char *refused_by_age(const struct oracle_llvm *llvm, const struct oracle_case *c)
{
	const struct isa_op *op = c->inst.op;

	if (llvm->major >= 15 && op->enc == ISA_FLAT && c->word[0] & 0x2000)
		return "new LLVM: FLAT with lds";
	if (llvm->major >= 15 && is_l2_op(op) && c->word[0] & 0x1f000)
		return "new LLVM: cache bits of wbl2 and invl2";
	if (llvm->major < 17 && op->enc == ISA_MUBUF && c->word[0] & 0x10000)
		return "old LLVM: MUBUF lds of more than a dword or into AccVGPRs";
	if (llvm->major < 17 && op->enc == ISA_SMEM && c->word[0] & SOFFSET_EN)
		return "old LLVM: no soffset_en";
	if (llvm->major < 17 && op->id == ISA_OP_v_cndmask_b32 && c->inst.enc == ISA_VOP2 &&
	    field(c->word[0], 0, 9) == ISA_SRC_SDWA)
		return "old LLVM: v_cndmask with SDWA or DPP is an integer";
	if (llvm->major < 17 && is_lane_op(op))
		return "old LLVM: unused fields of readlane and writelane";
	return NULL;
}

const char *oracle_why_refused(const struct oracle_llvm *llvm, const struct oracle_case *c)
{
	if (!c->assembled || strstr(c->text, "/*"))
		return "LLVM does not assemble it";
	if (is_misaligned(c))
		return "misaligned scalar registers, which LLVM rounds down";
	if (is_scalar_for_vector(c))
		return "scalar in place of a vector register";
	if (negates_integer(c))
		return "abs or neg of an integer";
	if (names_no_register(c))
		return "not a register";
	if (is_literal_printed_inline(c))
		return "literal on a full constant bus that LLVM prints as an inline constant";
	if (is_form_without_source(c))
		return "SDWA or DPP of v_nop or v_clrexcp";
	return refused_by_age(llvm, c);
}

static bool is_dot2c(const struct isa_op *op)
{
	return op->id >= ISA_OP_v_dot2c_f32_f16 && op->id <= ISA_OP_v_dot8c_i32_i4;
}

/* hwreg names that LLVM got later. */
static bool names_late_hwreg(const struct oracle_case *c)
{
	u32 id = field(c->word[0], 0, 6);

	return c->inst.enc == ISA_SOPK && strstr(c->inst.op->name, "etreg") && id >= 16 && id <= 19;
}

const char *oracle_version_differs(const struct oracle_llvm *llvm, const struct oracle_case *c)
{
	const struct isa_op *op = c->inst.op;

	if (llvm->major >= 17 || !op)
		return NULL;
	if (c->inst.enc == ISA_VOP3 && op->enc == ISA_VOP3 && op->type[1] == ISA_F16 && c->inst.omod)
		return "old LLVM: no omod with op_sel";
	if (c->inst.enc == ISA_VOP3 && is_dot2c(op))
		return "old LLVM: no long form of v_dot2c";
	if (op->id == ISA_OP_v_cndmask_b32 && c->inst.form != ISA_FORM_PLAIN &&
	    (c->inst.neg | c->inst.abs || c->inst.sdwa.sext0 | c->inst.sdwa.sext1))
		return "old LLVM: v_cndmask with SDWA or DPP is an integer";
	if (c->inst.enc == ISA_MUBUF && c->inst.lds)
		return "old LLVM: prints vdata of MUBUF lds";
	if (c->inst.enc == ISA_SMEM && op->base && c->word[0] & SOFFSET_EN)
		return "old LLVM: no soffset_en";
	if (names_late_hwreg(c))
		return "old LLVM: no name for TBA and TMA";
	return NULL;
}

/* An inline float as a 16-bit integer is printed as its bits, which would be a literal. */
static bool has_float_in_short(const struct oracle_case *c)
{
	for (unsigned int n = 0; n < 3; n++) {
		unsigned int type = c->inst.op->type[n + 1];

		if (type != ISA_B16 && type != ISA_U16 && type != ISA_I16 && type != ISA_V2I16 &&
		    type != ISA_V2U16)
			continue;
		if (c->inst.src[n] >= ISA_SRC_FLOAT_FIRST && c->inst.src[n] <= ISA_SRC_FLOAT_LAST)
			return true;
	}
	return false;
}

/*
 * The literal is printed as a float, of which the assembler takes a double's bits;
 * a mask that fixes all bits has several encodings, of which one is a broadcast.
 */
const char *oracle_why_reassembled(const struct oracle_case *c)
{
	if (c->inst.op->id == ISA_OP_s_setreg_imm32_b32 && strchr(c->text, '.'))
		return "literal of s_setreg_imm32 that LLVM prints as a float";
	if (c->inst.op->id == ISA_OP_ds_swizzle_b32 && strstr(c->text, "BITMASK_PERM"))
		return "swizzle mask with a shorter name";
	return NULL;
}

const char *oracle_why_not_assembled(const struct oracle_llvm *llvm, const struct oracle_case *c)
{
	if (llvm->major < 17 && c->inst.acc && c->inst.op->enc == ISA_FLAT &&
	    c->inst.op->shape == ISA_ATOMIC && c->inst.glc && !c->inst.seg)
		return "old LLVM: flat atomics that return into AccVGPRs";
	if (llvm->major < 17 && c->inst.op->id == ISA_OP_v_accvgpr_write_b32 &&
	    c->inst.src[0] < ISA_SRC_VGPR)
		return "old LLVM: v_accvgpr_write of a scalar";
	if (c->inst.scc && !strcmp(c->error, "scc is not supported on this GPU"))
		return "LLVM disassembles scc only";
	if (has_float_in_short(c))
		return "inline float in a 16-bit integer operand";
	return NULL;
}
