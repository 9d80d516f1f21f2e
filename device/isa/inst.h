/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_INST_H
#define VKFD_DEVICE_ISA_INST_H

#include <stddef.h>
#include "isa/op.h"

/* Source operand codes, 9 bits; scalar operands use the low 8. */
enum isa_src {
	ISA_SRC_FLAT_SCRATCH = 102,
	ISA_SRC_XNACK_MASK = 104,
	ISA_SRC_VCC = 106,
	ISA_SRC_TTMP = 108,
	ISA_SRC_M0 = 124,
	ISA_SRC_EXEC = 126,
	ISA_SRC_INT_0 = 128,		/* 128..192: 0..64 */
	ISA_SRC_INT_M1 = 193,		/* 193..208: -1..-16 */
	ISA_SRC_SHARED_BASE = 235,
	ISA_SRC_SHARED_LIMIT = 236,
	ISA_SRC_PRIVATE_BASE = 237,
	ISA_SRC_PRIVATE_LIMIT = 238,
	ISA_SRC_POPS_WAVE_ID = 239,
	ISA_SRC_FLOAT_FIRST = 240,	/* 0.5 -0.5 1 -1 2 -2 4 -4 1/2pi */
	ISA_SRC_FLOAT_LAST = 248,
	ISA_SRC_SDWA = 249,
	ISA_SRC_DPP = 250,
	ISA_SRC_VCCZ = 251,
	ISA_SRC_EXECZ = 252,
	ISA_SRC_SCC = 253,
	ISA_SRC_LDS_DIRECT = 254,
	ISA_SRC_LITERAL = 255,
	ISA_SRC_VGPR = 256,		/* 256..511 */
};

#define ISA_MAX_BYTES	8u
#define ISA_SADDR_OFF	0x7fu
#define ISA_NO_REG	0xffffu

enum isa_form { ISA_FORM_PLAIN, ISA_FORM_SDWA, ISA_FORM_DPP };

/* SDWA selects, per operand. */
struct isa_sdwa {
	u8 dst_sel, dst_unused, src0_sel, src1_sel;	/* 6 = whole dword */
	bool sext0, sext1;
};

struct isa_dpp {
	u16 ctrl;
	u8 row_mask, bank_mask;
	bool bound_ctrl;
};

/*
 * One decoded instruction: plain values, valid for any wave. Operand fields
 * that the encoding lacks are 0.
 *
 * Vector ALU: dst is a VGPR number (or for CMP and readlane the scalar
 * register), src[] are 9-bit codes with SDWA and DPP already replaced by the real
 * operand, sdst the scalar pair of a carry-out or compare (VCC if implied), smask
 * the pair that a carry-in is read from. abs and neg are set for float sources
 * only; v_fma_mix has abs in neg_hi. v_accvgpr_read, write and mov name an
 * AccVGPR by the code or number of a VGPR.
 * Scalar: dst and src[] are 8-bit codes; simm holds SIMM16, sign-extended, or the
 * second source field of SOPC as it is.
 * Memory: vaddr, vdata, vdata2 (DS), dst are VGPR numbers; saddr is the scalar
 * base (SMEM: sbase register, MUBUF: V# register, FLAT: ISA_SADDR_OFF = none),
 * src[0] the scalar offset operand where there is one (SMEM, MUBUF soffset,
 * ISA_NO_REG = none; the SMEM address adds both src[0] and offset); offset the
 * immediate in bytes, sign-extended where signed (DS with two elements: offset0,
 * offset1 apart, in units of isa_ds_unit()). vaddr is ISA_NO_REG where a scalar or
 * nothing stands in its place. MUBUF: dst == vdata for loads and atomics.
 */
struct isa_inst {
	const struct isa_op *op;
	u8 enc;		/* encoding used: VOP3 for the long form of VOP1, VOP2, VOPC */
	u8 bytes;	/* 4 or 8 */
	u8 form;	/* enum isa_form */
	u8 seg;		/* FLAT: 0 flat, 1 scratch, 2 global */
	u16 src[3];
	u16 dst, sdst, smask;
	u32 literal;
	s32 simm;
	s32 offset;
	u8 offset1;	/* DS */
	u16 vaddr, vdata, vdata2, saddr;
	u8 abs, neg, neg_hi;		/* bit n: source n; VOP3P: neg = neg_lo */
	u8 op_sel, op_sel_hi;		/* bit n: source n, bit 3 of op_sel: destination */
	u8 omod;
	bool clamp;
	bool glc, slc, scc, lds, gds, acc, offen, idxen, imm;
	u16 nr_vgprs, nr_agprs;		/* highest VGPR / AccVGPR named + 1 */
	struct isa_sdwa sdwa;
	struct isa_dpp dpp;
	u32 word[2];	/* as fetched */
};

enum isa_decode_status {
	ISA_DECODED,
	ISA_MORE,	/* @bytes hold the beginning of a longer instruction */
	ISA_ILLEGAL,	/* inst->word and inst->bytes say what it was */
};

/**
 * isa_decode() - decode the instruction at @words
 * @words: at least @bytes / 4 dwords
 * @bytes: 4, or 8 and more
 *
 * Pure; any input is acceptable. An opcode without a row, a misaligned register
 * tuple, a second literal and reserved bits that LLVM refuses are ILLEGAL.
 */
enum isa_decode_status isa_decode(const u32 *words, size_t bytes, struct isa_inst *inst);

/**
 * isa_disasm() - print an instruction as LLVM does for gfx90a
 * @inst: what isa_decode() returned ISA_DECODED for
 *
 * Branches are printed as LLVM prints them without symbols, by offset.
 *
 * Return: length of the text, as snprintf().
 */
int isa_disasm(const struct isa_inst *inst, char *buf, size_t len);

#endif
