/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_OP_H
#define VKFD_DEVICE_ISA_OP_H

#include <stdbool.h>
#include <stddef.h>
#include "vkfd_hw/types.h"

/*
 * DOC: the opcode table
 *
 * One row per opcode, in isa/<encoding>.def. The decoder, the disassembler, the
 * executors, docs/isa.md and the tests are made from the same rows by including
 * them under other macros; opcodes.def includes all, so the position of a row
 * is the opcode's number (isa_op::id) everywhere.
 *
 *   VALU(enc, opcode, name, shape, dst, src0, src1, src2, fn)
 *       enc VOP1, VOP2, VOPC, VOP3, VOP3P. The VOP3 form of a VOP1, VOP2 or
 *       VOPC opcode is the same row. fn(fp, a, b, c) is a pure function of one
 *       lane's bits (see valu.h); its arguments have the widths of the types.
 *   SALU(enc, opcode, name, shape, dst, src0, src1, fn)
 *       enc SOP1, SOP2, SOPC, SOPK. A SOP1 with src1, and a SOPK with src0, gets
 *       the old value of dst there (bitset, cmov, addk); a SOPK's src1 is SIMM16.
 *       SOPK that write no register (cmpk, setreg) read it: src0. A SOPC without
 *       src1 has eight bits of SIMM there.
 *   SOPP(opcode, name, operand, fn)
 *   SMEM(opcode, name, kind, dwords, base)   base: dwords of the address, 2 or
 *       4 (buffer), 0 none
 *   DS(opcode, name, kind, type, count)      count: elements
 *   FLAT(opcode, name, kind, type, segs)     name without "flat_"; segs: which
 *       of flat, scratch, global have it
 *   MUBUF(opcode, name, kind, type)
 *
 * Types of atomics are those of one operand; cmpswap, cmpst and mskor have two.
 */

/* How an instruction is laid out. FLAT covers flat, global and scratch. */
enum isa_enc {
	ISA_SOP1, ISA_SOP2, ISA_SOPC, ISA_SOPK, ISA_SOPP, ISA_SMEM,
	ISA_VOP1, ISA_VOP2, ISA_VOPC, ISA_VOP3, ISA_VOP3P,
	ISA_DS, ISA_FLAT, ISA_MUBUF,
	ISA_NR_ENCS
};

/* What the bits of an operand mean; width, constants and modifiers follow from it. */
enum isa_type {
	ISA_NONE,
	ISA_B16, ISA_U16, ISA_I16, ISA_F16,
	ISA_B32, ISA_U32, ISA_I32, ISA_F32,
	ISA_B64, ISA_U64, ISA_I64, ISA_F64,
	ISA_V2F16, ISA_V2I16, ISA_V2U16,	/* packed, 32 bits */
	ISA_V2F32, ISA_V2B32,			/* packed, 64 bits */
	ISA_MASK,	/* one bit a lane: VCC or an SGPR pair */
	ISA_SREG,	/* 32 bits of the wave: lane number, read lane */
	ISA_U8, ISA_I8,	/* memory only */
	ISA_B96, ISA_B128, ISA_B256, ISA_B512,
	ISA_D16_U8, ISA_D16_I8, ISA_D16_B16,		/* memory: into the low half, keep the high */
	ISA_D16HI_U8, ISA_D16HI_I8, ISA_D16HI_B16,	/* memory: from or into the high half */
};

/* What a row's function gets beside its sources, and where its result goes. */
enum isa_shape {
	/* vector */
	ISA_PLAIN,	/* dst = fn(src0, src1, src2) */
	ISA_ACC,	/* dst = fn(src0, src1, dst) */
	ISA_MADK,	/* dst = fn(src0, src1, literal) */
	ISA_MADMK,	/* dst = fn(src0, literal, src1) */
	ISA_CMP,	/* mask = fn(src0, src1) */
	ISA_CMPX,	/* mask and EXEC = fn(src0, src1) */
	ISA_COUT,	/* dst, mask = fn(src0, src1, 0) */
	ISA_CINOUT,	/* dst, mask = fn(src0, src1, mask) */
	ISA_CIN,	/* dst = fn(src0, src1, mask): cndmask */
	ISA_DIVSCALE,	/* dst, mask = fn(src0, src1, src2) */
	ISA_DIVFMAS,	/* dst = fn(src0, src1, src2, VCC) */
	ISA_MADCOUT,	/* dst, mask = fn(src0, src1, src2): v_mad_u64_u32 */
	ISA_CROSS,	/* looks across lanes or at no lane: named in the executor */
	/* scalar */
	ISA_PURE,	/* dst, SCC = fn(src0, src1, SCC) */
	ISA_WAVE,	/* works on the wave: saveexec, getpc, getreg, branches */
};

enum isa_mem_kind {
	ISA_LOAD,
	ISA_STORE,
	ISA_ATOMIC,	/* fn is in the name; type is of the data */
	ISA_ADDTID,	/* no address operand */
	ISA_SWIZZLE,	/* DS: bpermute, permute, swizzle */
	ISA_CACHE,	/* write-back and invalidate: no effect here beyond ordering */
	ISA_CLOCK,	/* memtime, memrealtime */
	ISA_COUNTER,	/* DS: append, consume: address in M0 */
	ISA_GWS,	/* DS: semaphores of the queue; count: values */
};

/* What SIMM16 of a SOPP means. */
enum isa_sopp_operand {
	ISA_SOPP_NONE,
	ISA_SOPP_SIMM,
	ISA_SOPP_OPT,		/* number, not printed if 0 */
	ISA_SOPP_LABEL,		/* dwords from the next instruction */
	ISA_SOPP_WAITCNT,
	ISA_SOPP_MSG,
	ISA_SOPP_GPRIDX,	/* which VGPR operands are indexed */
};

/* One opcode, as all readers see it. */
struct isa_op {
	const char *name;
	u16 id;		/* row number over all files */
	u16 opcode;	/* in its own encoding */
	u8 enc;		/* enum isa_enc; FLAT: see inst->seg */
	u8 shape;	/* enum isa_shape or enum isa_mem_kind */
	u8 type[4];	/* enum isa_type: dst, src0, src1, src2; memory: [0] data */
	u8 count;	/* DS: elements; SMEM: dwords; SOPP: enum isa_sopp_operand */
	u8 base;	/* SMEM: dwords of the base: 0, 2, 4 */
	u8 segs;	/* FLAT: BIT(0) flat, BIT(1) scratch, BIT(2) global */
};

extern const struct isa_op isa_ops[];
extern const unsigned int isa_nr_ops;

/* NULL: no such row. */
const struct isa_op *isa_op_find(enum isa_enc enc, unsigned int opcode);

/* Bits of one lane's (or scalar) operand; 0 for ISA_NONE, 1 for ISA_MASK. */
unsigned int isa_type_bits(enum isa_type type);

/* DS: bytes that one step of offset0 (and offset1) stands for. */
unsigned int isa_ds_unit(const struct isa_op *op);

#endif
