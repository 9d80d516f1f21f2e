// SPDX-License-Identifier: MIT
/*
 * DOC: disassembler
 *
 * Prints what llvm-mc --disassemble -mcpu=gfx90a prints, so that the decoder can
 * be compared with it character by character. Names come from the rows; operands
 * are printed per encoding in disasm_*.c.
 */
#include <stdarg.h>
#include <stdio.h>
#include "isa/disasm_priv.h"
#include "isa/op_id.h"

void text_put(struct text *text, const char *format, ...)
{
	bool fits = text->pos < text->len;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(fits ? text->buf + text->pos : NULL, fits ? text->len - text->pos : 0,
		      format, args);
	va_end(args);
	if (n > 0)
		text->pos += (size_t)n;
}

/* Which of several encodings of one VALU opcode. */
static const char *suffix(const struct isa_inst *inst)
{
	const struct isa_op *op = inst->op;

	if (op->enc != ISA_VOP1 && op->enc != ISA_VOP2 && op->enc != ISA_VOPC)
		return "";
	if (op->id == ISA_OP_v_pk_fmac_f16)
		return "_e32";
	if (!isa_has_long_form(op) || op->type[0] == ISA_NONE)
		return "";
	if (inst->form == ISA_FORM_SDWA)
		return "_sdwa";
	if (inst->form == ISA_FORM_DPP)
		return "_dpp";
	return inst->enc == ISA_VOP3 ? "_e64" : "_e32";
}

static void operands(struct text *text, const struct isa_inst *inst)
{
	switch (inst->enc) {
	case ISA_SOP1:
	case ISA_SOP2:
	case ISA_SOPC:
		text_salu(text, inst);
		break;
	case ISA_SOPK:
		text_sopk(text, inst);
		break;
	case ISA_SOPP:
		text_sopp(text, inst);
		break;
	case ISA_SMEM:
		text_smem(text, inst);
		break;
	case ISA_DS:
		text_ds(text, inst);
		break;
	case ISA_FLAT:
		text_flat(text, inst);
		break;
	case ISA_MUBUF:
		text_mubuf(text, inst);
		break;
	default:
		text_valu(text, inst);
		break;
	}
}

int isa_disasm(const struct isa_inst *inst, char *buf, size_t len)
{
	static const char *const segment[] = { "flat_", "scratch_", "global_" };
	struct text text = { .buf = buf, .len = len };

	if (inst->enc == ISA_FLAT)
		text_put(&text, "%s", segment[inst->seg]);
	text_put(&text, "%s%s", inst->op->name, suffix(inst));
	operands(&text, inst);
	return (int)text.pos;
}
