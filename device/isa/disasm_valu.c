// SPDX-License-Identifier: MIT
/* DOC: operands and modifiers of the vector ALU. */
#include "isa/disasm_priv.h"
#include "isa/op_id.h"

/* f32 or f16 sources chosen by op_sel_hi; neg_hi is abs. */
static bool is_mix(const struct isa_op *op)
{
	return op->id >= ISA_OP_v_fma_mix_f32 && op->id <= ISA_OP_v_fma_mixhi_f16;
}

static void dest(struct text *text, const struct isa_inst *inst)
{
	const struct isa_op *op = inst->op;

	text_put(text, " ");
	if (op->type[0] == ISA_MASK)
		text_scalar(text, inst->sdst, 2);
	else if (op->type[0] == ISA_SREG)
		text_scalar(text, inst->dst, 1);
	else
		text_vector(text, inst->dst, isa_type_dwords(op->type[0]),
			    op->id == ISA_OP_v_accvgpr_write_b32 ||
			    op->id == ISA_OP_v_accvgpr_mov_b32);
	if (isa_writes_mask(op)) {
		text_put(text, ", ");
		text_scalar(text, inst->sdst, 2);
	}
}

static bool is_constant(unsigned int code)
{
	return code == ISA_SRC_LITERAL || (code >= ISA_SRC_INT_0 && code <= ISA_SRC_INT_M1 + 15) ||
	       (code >= ISA_SRC_FLOAT_FIRST && code <= ISA_SRC_FLOAT_LAST);
}

static void modified(struct text *text, const struct isa_inst *inst, unsigned int n, u8 neg,
		     u8 abs)
{
	bool is_abs = abs & 1u << n, is_neg = neg & 1u << n;
	/* -1 is not neg(1) */
	bool call = is_neg && !is_abs && is_constant(inst->src[n]);

	text_put(text, "%s%s", call ? "neg(" : is_neg ? "-" : "", is_abs ? "|" : "");
	text_source(text, inst, inst->src[n], inst->op->type[n + 1]);
	text_put(text, "%s%s", is_abs ? "|" : "", call ? ")" : "");
}

static void source(struct text *text, const struct isa_inst *inst, unsigned int n)
{
	const struct isa_op *op = inst->op;
	bool sext = inst->form == ISA_FORM_SDWA && (n ? inst->sdwa.sext1 : inst->sdwa.sext0);

	text_put(text, ", ");
	if (op->id == ISA_OP_v_accvgpr_read_b32 || op->id == ISA_OP_v_accvgpr_mov_b32) {
		text_vector(text, inst->src[n] - ISA_SRC_VGPR, 1, true);
		return;
	}
	text_put(text, "%s", sext ? "sext(" : "");
	if (inst->enc == ISA_VOP3P)
		modified(text, inst, n, is_mix(op) ? inst->neg : 0, is_mix(op) ? inst->neg_hi : 0);
	else
		modified(text, inst, n, inst->neg, inst->abs);
	text_put(text, "%s", sext ? ")" : "");
}

static void sources(struct text *text, const struct isa_inst *inst)
{
	const struct isa_op *op = inst->op;

	for (unsigned int n = 0; n < 3; n++) {
		if (op->shape == ISA_MADMK && n == 1)
			text_put(text, ", 0x%x", inst->literal);
		if (op->type[n + 1] == ISA_NONE)
			break;
		if (op->type[n + 1] == ISA_MASK) {
			text_put(text, ", ");
			text_scalar(text, inst->smask, 2);
			break;
		}
		source(text, inst, n);
	}
	if (op->shape == ISA_MADK)
		text_put(text, ", 0x%x", inst->literal);
}

/* " name:[a,b,c]" of the low @count bits of @value, unless they are @usual. */
static void bit_list(struct text *text, const char *name, unsigned int value, unsigned int count,
		     unsigned int usual)
{
	unsigned int mask = (1u << count) - 1;

	if ((value & mask) == (usual & mask))
		return;
	text_put(text, " %s:[", name);
	for (unsigned int n = 0; n < count; n++)
		text_put(text, "%s%u", n ? "," : "", value >> n & 1);
	text_put(text, "]");
}

static void packed_modifiers(struct text *text, const struct isa_inst *inst)
{
	const struct isa_op *op = inst->op;
	unsigned int count = isa_nr_sources(op);

	if (op->shape == ISA_CROSS)
		return;
	bit_list(text, "op_sel", inst->op_sel, count, 0);
	bit_list(text, "op_sel_hi", inst->op_sel_hi, count, is_mix(op) ? 0 : 7);
	if (is_mix(op))
		return;
	bit_list(text, "neg_lo", inst->neg, count, 0);
	bit_list(text, "neg_hi", inst->neg_hi, count, 0);
}

static void long_modifiers(struct text *text, const struct isa_inst *inst)
{
	unsigned int count = isa_nr_sources(inst->op);
	/* the destination's bit stands behind the sources' */
	unsigned int op_sel = (inst->op_sel & ((1u << count) - 1)) |
			      (unsigned int)(inst->op_sel >> 3) << count;

	bit_list(text, "op_sel", op_sel, count + 1, 0);
}

static void sdwa(struct text *text, const struct isa_inst *inst)
{
	static const char *const select[] = { "BYTE_0", "BYTE_1", "BYTE_2", "BYTE_3", "WORD_0",
					      "WORD_1", "DWORD" };
	static const char *const unused[] = { "UNUSED_PAD", "UNUSED_SEXT", "UNUSED_PRESERVE" };
	const struct isa_sdwa *sel = &inst->sdwa;

	if (!isa_is_compare(inst->op))
		text_put(text, " dst_sel:%s dst_unused:%s", select[sel->dst_sel],
			 unused[sel->dst_unused]);
	text_put(text, " src0_sel:%s", select[sel->src0_sel]);
	if (inst->op->enc != ISA_VOP1)
		text_put(text, " src1_sel:%s", select[sel->src1_sel]);
}

static void dpp_control(struct text *text, unsigned int ctrl)
{
	static const char *const shift[] = { "row_shl", "row_shr", "row_ror" };
	static const char *const wave[] = { "wave_shl", "wave_rol", "wave_shr", "wave_ror" };
	static const char *const other[] = { "row_mirror", "row_half_mirror", "row_bcast:15",
					     "row_bcast:31" };

	if (ctrl < 0x100)
		text_put(text, " quad_perm:[%u,%u,%u,%u]", ctrl & 3, ctrl >> 2 & 3, ctrl >> 4 & 3,
			 ctrl >> 6);
	else if (ctrl < 0x130)
		text_put(text, " %s:%u", shift[(ctrl >> 4) & 3], ctrl & 15);
	else if (ctrl < 0x140)
		text_put(text, " %s:1", wave[(ctrl >> 2) & 3]);
	else if (ctrl < 0x150)
		text_put(text, " %s", other[ctrl & 3]);
	else
		text_put(text, " row_newbcast:%u", ctrl & 15);
}

static void dpp(struct text *text, const struct isa_inst *inst)
{
	dpp_control(text, inst->dpp.ctrl);
	text_put(text, " row_mask:0x%x bank_mask:0x%x", inst->dpp.row_mask, inst->dpp.bank_mask);
	if (inst->dpp.bound_ctrl)
		text_put(text, " bound_ctrl:1");
}

void text_valu(struct text *text, const struct isa_inst *inst)
{
	static const char *const omod[] = { "", " mul:2", " mul:4", " div:2" };

	if (inst->op->type[0] != ISA_NONE) {
		dest(text, inst);
		sources(text, inst);
	}
	if (inst->enc == ISA_VOP3P)
		packed_modifiers(text, inst);
	else if (inst->enc == ISA_VOP3)
		long_modifiers(text, inst);
	text_put(text, "%s%s", inst->clamp ? " clamp" : "", omod[inst->omod]);
	if (inst->form == ISA_FORM_SDWA)
		sdwa(text, inst);
	else if (inst->form == ISA_FORM_DPP)
		dpp(text, inst);
}
