// SPDX-License-Identifier: MIT
/* DOC: operands of SOP1, SOP2, SOPC, SOPK, SOPP and SMEM. */
#include "isa/disasm_priv.h"
#include "isa/op_id.h"

/* Which operands are indexed. */
static void gpr_idx(struct text *text, u32 mask)
{
	static const char *const names[] = { "SRC0", "SRC1", "SRC2", "DST" };
	const char *comma = "";

	text_put(text, "gpr_idx(");
	for (unsigned int n = 0; n < 4; n++) {
		if (!(mask >> n & 1))
			continue;
		text_put(text, "%s%s", comma, names[n]);
		comma = ",";
	}
	text_put(text, ")");
}

void text_salu(struct text *text, const struct isa_inst *inst)
{
	const struct isa_op *op = inst->op;
	unsigned int sources = inst->enc == ISA_SOP1 ? 1 : 2;
	const char *comma = " ";

	if (op->type[0] != ISA_NONE) {
		text_put(text, " ");
		text_scalar(text, inst->dst, isa_type_dwords(op->type[0]));
		comma = ", ";
	}
	for (unsigned int n = 0; n < sources && op->type[n + 1] != ISA_NONE; n++) {
		text_put(text, "%s", comma);
		text_source(text, inst, inst->src[n], op->type[n + 1]);
		comma = ", ";
	}
	if (op->id == ISA_OP_s_set_gpr_idx_on) {
		text_put(text, ", ");
		gpr_idx(text, (u32)inst->simm);
	}
}

static const char *const hwreg_names[] = {
	[1] = "HW_REG_MODE",
	[2] = "HW_REG_STATUS",
	[3] = "HW_REG_TRAPSTS",
	[4] = "HW_REG_HW_ID",
	[5] = "HW_REG_GPR_ALLOC",
	[6] = "HW_REG_LDS_ALLOC",
	[7] = "HW_REG_IB_STS",
	[15] = "HW_REG_SH_MEM_BASES",
	[16] = "HW_REG_TBA_LO",
	[17] = "HW_REG_TBA_HI",
	[18] = "HW_REG_TMA_LO",
	[19] = "HW_REG_TMA_HI",
};

static void hwreg(struct text *text, u32 field)
{
	unsigned int id = bits(field, 0, 6), offset = bits(field, 6, 5);
	unsigned int width = bits(field, 11, 5) + 1;

	if (id < sizeof(hwreg_names) / sizeof(hwreg_names[0]) && hwreg_names[id])
		text_put(text, "hwreg(%s", hwreg_names[id]);
	else
		text_put(text, "hwreg(%u", id);
	if (offset || width != 32)
		text_put(text, ", %u, %u", offset, width);
	text_put(text, ")");
}

void text_sopk(struct text *text, const struct isa_inst *inst)
{
	const struct isa_op *op = inst->op;
	u32 field = (u32)inst->simm & 0xffff;

	text_put(text, " ");
	switch (op->id) {
	case ISA_OP_s_setreg_b32:
		hwreg(text, field);
		text_put(text, ", ");
		text_scalar(text, inst->src[0], 1);
		break;
	case ISA_OP_s_setreg_imm32_b32:
		hwreg(text, field);
		text_put(text, ", ");
		text_source(text, inst, ISA_SRC_LITERAL, ISA_B32);
		break;
	case ISA_OP_s_getreg_b32:
		text_scalar(text, inst->dst, 1);
		text_put(text, ", ");
		hwreg(text, field);
		break;
	case ISA_OP_s_call_b64:
		text_scalar(text, inst->dst, 2);
		text_put(text, ", %u", field);
		break;
	default:
		text_scalar(text, op->type[0] != ISA_NONE ? inst->dst : inst->src[0], 1);
		text_put(text, ", 0x%x", field);
		break;
	}
}

/* Counters that the wait leaves alone are not printed. */
static void waitcnt(struct text *text, u32 field)
{
	unsigned int vm = bits(field, 0, 4) | bits(field, 14, 2) << 4;
	unsigned int exp = bits(field, 4, 3), lgkm = bits(field, 8, 4);
	bool all = vm == 63 && exp == 7 && lgkm == 15;

	if (vm != 63 || all)
		text_put(text, " vmcnt(%u)", vm);
	if (exp != 7 || all)
		text_put(text, " expcnt(%u)", exp);
	if (lgkm != 15 || all)
		text_put(text, " lgkmcnt(%u)", lgkm);
}

static const char *const messages[] = {
	[1] = "MSG_INTERRUPT",
	[2] = "MSG_GS",
	[3] = "MSG_GS_DONE",
	[4] = "MSG_SAVEWAVE",
	[5] = "MSG_STALL_WAVE_GEN",
	[6] = "MSG_HALT_WAVES",
	[7] = "MSG_ORDERED_PS_DONE",
	[8] = "MSG_EARLY_PRIM_DEALLOC",
	[9] = "MSG_GS_ALLOC_REQ",
	[10] = "MSG_GET_DOORBELL",
	[15] = "MSG_SYSMSG",
};

struct message {
	u32 id, op, stream;
};

static bool is_gs(struct message msg)
{
	return msg.id == 2 || msg.id == 3;
}

/* A name, and an operation and stream that go with it. */
static bool is_known(struct message msg)
{
	if (!messages[msg.id])
		return false;
	if (msg.id == 15)
		return msg.op >= 1 && msg.op <= 4 && !msg.stream;
	if (!is_gs(msg))
		return !msg.op && !msg.stream;
	return msg.op ? msg.op < 4 : msg.id == 3 && !msg.stream;
}

static void message(struct text *text, u32 field)
{
	static const char *const gs_op[] = { "GS_OP_NOP", "GS_OP_CUT", "GS_OP_EMIT",
					     "GS_OP_EMIT_CUT" };
	static const char *const sys_op[] = { NULL, "SYSMSG_OP_ECC_ERR_INTERRUPT",
					      "SYSMSG_OP_REG_RD", "SYSMSG_OP_HOST_TRAP_ACK",
					      "SYSMSG_OP_TTRACE_PC" };
	struct message msg = { bits(field, 0, 4), bits(field, 4, 3), bits(field, 8, 2) };

	if (is_known(msg)) {
		text_put(text, " sendmsg(%s", messages[msg.id]);
		if (is_gs(msg))
			text_put(text, ", %s", gs_op[msg.op]);
		if (is_gs(msg) && msg.op)
			text_put(text, ", %u", msg.stream);
		if (msg.id == 15)
			text_put(text, ", %s", sys_op[msg.op]);
		text_put(text, ")");
	} else if ((field & 0x37f) == field) {
		text_put(text, " sendmsg(%u, %u, %u)", msg.id, msg.op, msg.stream);
	} else {
		text_put(text, " %u", field);
	}
}

void text_sopp(struct text *text, const struct isa_inst *inst)
{
	u32 field = (u32)inst->simm & 0xffff;

	switch (inst->op->count) {
	case ISA_SOPP_OPT:
		if (!field)
			break;
		/* fall through */
	case ISA_SOPP_LABEL:
		text_put(text, " %u", field);
		break;
	case ISA_SOPP_SIMM:
		text_put(text, field <= 64 ? " %u" : " 0x%x", field);
		break;
	case ISA_SOPP_WAITCNT:
		waitcnt(text, field);
		break;
	case ISA_SOPP_MSG:
		message(text, field);
		break;
	case ISA_SOPP_GPRIDX:
		text_put(text, " ");
		gpr_idx(text, field);
		break;
	default:
		break;
	}
}

void text_smem(struct text *text, const struct isa_inst *inst)
{
	const struct isa_op *op = inst->op;

	if (op->shape == ISA_CACHE)
		return;
	text_put(text, " ");
	text_scalar(text, inst->dst, op->count);
	if (!op->base)
		return;
	text_put(text, ", ");
	text_scalar(text, inst->saddr, op->base);
	text_put(text, ", ");
	if (inst->src[0] != ISA_NO_REG)
		text_scalar(text, inst->src[0], 1);
	if (inst->imm)
		text_put(text, "%s%s0x%x", inst->src[0] != ISA_NO_REG ? " offset:" : "",
			 inst->offset < 0 ? "-" : "",
			 (unsigned int)(inst->offset < 0 ? -inst->offset : inst->offset));
	if (inst->glc)
		text_put(text, " glc");
}
