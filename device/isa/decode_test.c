// SPDX-License-Identifier: MIT
/* Decoder and disassembler on fixed encodings; the ISA oracle compares with LLVM at large. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "isa/inst.h"
#include "isa/op_id.h"

struct golden {
	unsigned int bytes;
	u32 word[2];
	const char *text;
};

/* Encodings by llvm-mc 17 -mcpu=gfx90a. */
static const struct golden golden[] = {
	{ 8, { 0xbe8500ff, 0x00001234 },
	  "s_mov_b32 s5, 0x1234" },
	{ 4, { 0xbeea017e },
	  "s_mov_b64 vcc, exec" },
	{ 4, { 0xbe84206a },
	  "s_and_saveexec_b64 s[4:5], vcc" },
	{ 4, { 0xbe801d1e },
	  "s_setpc_b64 s[30:31]" },
	{ 4, { 0x8000d001 },
	  "s_add_u32 s0, s1, -16" },
	{ 4, { 0x8580f202 },
	  "s_cselect_b64 s[0:1], s[2:3], 1.0" },
	{ 4, { 0x8e800402 },
	  "s_lshl_b64 s[0:1], s[2:3], s4" },
	{ 4, { 0xbf138002 },
	  "s_cmp_lg_u64 s[2:3], 0" },
	{ 4, { 0xbf0d8c03 },
	  "s_bitcmp1_b32 s3, 12" },
	{ 4, { 0xb0018000 },
	  "s_movk_i32 s1, 0x8000" },
	{ 4, { 0xb481ffff },
	  "s_cmpk_lg_u32 s1, 0xffff" },
	{ 4, { 0xb8821801 },
	  "s_getreg_b32 s2, hwreg(HW_REG_MODE, 0, 4)" },
	{ 8, { 0xba00f803, 0x12345678 },
	  "s_setreg_imm32_b32 hwreg(HW_REG_TRAPSTS), 0x12345678" },
	{ 4, { 0xba840004 },
	  "s_call_b64 s[4:5], 4" },
	{ 4, { 0xbf800003 },
	  "s_nop 3" },
	{ 4, { 0xbf810000 },
	  "s_endpgm" },
	{ 4, { 0xbf88fffc },
	  "s_cbranch_execz 65532" },
	{ 4, { 0xbf8c0370 },
	  "s_waitcnt vmcnt(0) lgkmcnt(3)" },
	{ 4, { 0xbf900001 },
	  "s_sendmsg sendmsg(MSG_INTERRUPT)" },
	{ 4, { 0xbf920002 },
	  "s_trap 2" },
	{ 8, { 0xc0020041, 0x001ffff0 },
	  "s_load_dword s1, s[2:3], -0x10" },
	{ 8, { 0xc0110101, 0x00000005 },
	  "s_load_dwordx16 s[4:19], s[2:3], s5 glc" },
	{ 8, { 0xc02a0104, 0x00000040 },
	  "s_buffer_load_dwordx4 s[4:7], s[8:11], 0x40" },
	{ 8, { 0xc28a0082, 0x00000000 },
	  "s_atomic_add_x2 s[2:3], s[4:5], 0x0" },
	{ 8, { 0xc0900080, 0x00000000 },
	  "s_memtime s[2:3]" },
	{ 8, { 0xc0840000, 0x00000000 },
	  "s_dcache_wb" },
	{ 4, { 0x7e0202bf },
	  "v_mov_b32_e32 v1, 63" },
	{ 8, { 0x7e0202ff, 0x12345678 },
	  "v_mov_b32_e32 v1, 0x12345678" },
	{ 8, { 0x7e0202fa, 0xfa091302 },
	  "v_mov_b32_dpp v1, v2 row_shr:3 row_mask:0xf bank_mask:0xa bound_ctrl:1" },
	{ 8, { 0x7e0202f9, 0x000b1502 },
	  "v_mov_b32_sdwa v1, sext(v2) dst_sel:WORD_1 dst_unused:UNUSED_PRESERVE src0_sel:BYTE_3" },
	{ 4, { 0x7e060507 },
	  "v_readfirstlane_b32 s3, v7" },
	{ 4, { 0x7e040805 },
	  "v_cvt_f64_i32_e32 v[2:3], s5" },
	{ 4, { 0x7e044af8 },
	  "v_rcp_f64_e32 v[2:3], 0.15915494309189532" },
	{ 8, { 0x7e0472ff, 0x00001234 },
	  "v_cvt_f16_u16_e32 v2, 0x1234" },
	{ 8, { 0xd1648102, 0x28000003 },
	  "v_rsq_f32_e64 v2, -|s3| clamp mul:2" },
	{ 4, { 0x7e06a5ff },
	  "v_accvgpr_mov_b32 a3, a255" },
	{ 4, { 0x02020702 },
	  "v_add_f32_e32 v1, v2, v3" },
	{ 8, { 0x020206f9, 0x25100602 },
	  "v_add_f32_sdwa v1, -v2, |v3| dst_sel:DWORD dst_unused:UNUSED_PAD src0_sel:BYTE_0 src1_sel:WORD_1" },
	{ 4, { 0x00020480 },
	  "v_cndmask_b32_e32 v1, 0, v2, vcc" },
	{ 8, { 0xd1000001, 0x40120480 },
	  "v_cndmask_b32_e64 v1, 0, -v2, s[4:5]" },
	{ 4, { 0x38020702 },
	  "v_addc_co_u32_e32 v1, vcc, v2, v3, vcc" },
	{ 8, { 0xd11d0201, 0x01aa0702 },
	  "v_subb_co_u32_e64 v1, s[2:3], v2, v3, vcc" },
	{ 8, { 0x2e020702, 0x40490fdb },
	  "v_madmk_f32 v1, v2, 0x40490fdb, v3" },
	{ 8, { 0x4a020702, 0x00001234 },
	  "v_madak_f16 v1, v2, v3, 0x1234" },
	{ 4, { 0x08040d04 },
	  "v_fmac_f64_e32 v[2:3], v[4:5], v[6:7]" },
	{ 8, { 0x08040cfa, 0xff015504 },
	  "v_fmac_f64_dpp v[2:3], v[4:5], v[6:7] row_newbcast:5 row_mask:0xf bank_mask:0xf" },
	{ 4, { 0x7dc20802 },
	  "v_cmp_lt_i64_e32 vcc, s[2:3], v[4:5]" },
	{ 8, { 0xd0110104, 0x00020501 },
	  "v_cmpx_class_f32_e64 s[4:5], |v1|, v2" },
	{ 8, { 0x7d5404f9, 0x86058601 },
	  "v_cmp_eq_u16_sdwa s[6:7], v1, s2 src0_sel:WORD_1 src1_sel:DWORD" },
	{ 8, { 0xd206cc01, 0x44120702 },
	  "v_fma_f16 v1, v2, -v3, |v4| op_sel:[1,0,0,1] clamp" },
	{ 8, { 0xd1e80402, 0x02000f06 },
	  "v_mad_u64_u32 v[2:3], s[4:5], v6, s7, 0" },
	{ 8, { 0xd1e16a02, 0x84220d04 },
	  "v_div_scale_f64 v[2:3], vcc, v[4:5], v[6:7], -v[8:9]" },
	{ 8, { 0xd28f0002, 0x00020883 },
	  "v_lshlrev_b64 v[2:3], 3, v[4:5]" },
	{ 8, { 0xd2890001, 0x0000f902 },
	  "v_readlane_b32 s1, v2, m0" },
	{ 8, { 0xd28a0001, 0x00017e02 },
	  "v_writelane_b32 v1, s2, 63" },
	{ 8, { 0xd29e4801, 0x00020702 },
	  "v_add_i16 v1, v2, v3 op_sel:[1,0,1]" },
	{ 8, { 0xd3b04802, 0x54220c04 },
	  "v_pk_fma_f32 v[2:3], s[4:5], v[6:7], v[8:9] op_sel:[1,0,0] op_sel_hi:[0,1,1] neg_lo:[0,1,0]" },
	{ 8, { 0xd38fc101, 0x0801e502 },
	  "v_pk_add_f16 v1, v2, 1.0 op_sel_hi:[1,0] neg_hi:[1,0] clamp" },
	{ 8, { 0xd3a00901, 0x28120702 },
	  "v_fma_mix_f32 v1, -|v2|, v3, s4 op_sel:[1,0,0] op_sel_hi:[1,0,0]" },
	{ 8, { 0xd3a84001, 0x1c120702 },
	  "v_dot4_i32_i8 v1, v2, v3, v4" },
	{ 8, { 0xd3d84003, 0x18000102 },
	  "v_accvgpr_read_b32 v3, a2" },
	{ 8, { 0xd3d94003, 0x180000c1 },
	  "v_accvgpr_write_b32 a3, -1" },
	{ 8, { 0xd8ecfff8, 0x02000004 },
	  "ds_read_b64 v[2:3], v4 offset:65528" },
	{ 8, { 0xd89eff01, 0x00040201 },
	  "ds_write2st64_b64 v1, v[2:3], v[4:5] offset0:1 offset1:255" },
	{ 8, { 0xd86b0004, 0x01000302 },
	  "ds_add_rtn_f32 v1, v2, v3 offset:4 gds" },
	{ 8, { 0xdae00000, 0x02060401 },
	  "ds_cmpst_rtn_b64 a[2:3], v1, a[4:5], a[6:7]" },
	{ 8, { 0xd87a0906, 0x01000002 },
	  "ds_swizzle_b32 v1, v2 offset:swizzle(BITMASK_PERM,\"01pi0\")" },
	{ 8, { 0xd87a80e4, 0x01000002 },
	  "ds_swizzle_b32 v1, v2 offset:swizzle(QUAD_PERM,0,1,2,3)" },
	{ 8, { 0xd97c0000, 0x01000000 },
	  "ds_append v1" },
	{ 8, { 0xdc570fff, 0x02000004 },
	  "flat_load_dwordx2 v[2:3], v[4:5] offset:4095 glc slc" },
	{ 8, { 0xdd050000, 0x01000402 },
	  "flat_atomic_cmpswap v1, v[2:3], v[4:5] glc" },
	{ 8, { 0xdc508010, 0x017f0002 },
	  "global_load_dword v1, v[2:3], off offset:16" },
	{ 8, { 0xdc6c9000, 0x00040201 },
	  "global_store_short_d16_hi v1, v2, s[4:5] offset:-4096" },
	{ 8, { 0xdd3c8000, 0x007f0402 },
	  "global_atomic_add_f64 v[2:3], v[4:5], off" },
	{ 8, { 0xdc504008, 0x01020000 },
	  "scratch_load_dword v1, off, s2 offset:8" },
	{ 8, { 0xdc704000, 0x00820100 },
	  "scratch_store_dword off, a1, s2" },
	{ 8, { 0xe0500fff, 0x80010100 },
	  "buffer_load_dword v1, off, s[4:7], 0 offset:4095" },
	{ 8, { 0xe07e3000, 0x03020206 },
	  "buffer_store_dwordx4 v[2:5], v[6:7], s[8:11], s3 idxen offen slc" },
	{ 8, { 0xe1045000, 0xc0020204 },
	  "buffer_atomic_cmpswap v[2:3], v4, s[8:11], 64 offen glc" },
	{ 8, { 0xe0490000, 0x7c010000 },
	  "buffer_load_ushort off, s[4:7], m0 lds" },
	{ 8, { 0xe0fc0000, 0x00000000 },
	  "buffer_wbinvl1_vol" },
};

static void decode_golden_encodings(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(golden) / sizeof(golden[0]); n++) {
		const struct golden *g = &golden[n];
		struct isa_inst inst;
		char text[128];

		assert_int_equal(isa_decode(g->word, g->bytes, &inst), ISA_DECODED);
		assert_int_equal(inst.bytes, g->bytes);
		assert_int_equal(isa_disasm(&inst, text, sizeof(text)), strlen(g->text));
		assert_string_equal(text, g->text);
	}
}

static enum isa_decode_status decode(u32 low, u32 high, struct isa_inst *inst)
{
	const u32 words[2] = { low, high };

	return isa_decode(words, sizeof(words), inst);
}

static void decode_refuses(void **state)
{
	static const u32 refused[][2] = {
		{ 0xbe820101, 0 },		/* s_mov_b64 s[2:3], s[1:2]: misaligned */
		{ 0xbefd0000, 0 },		/* s_mov_b32 to code 125 */
		{ 0xbe8000fe, 0 },		/* LDS_DIRECT as a scalar */
		{ 0x7e064b02, 0 },		/* v_rcp_f64 v[3:4]: misaligned */
		{ 0x7e044bff, 0 },		/* the same from v[255:256] */
		{ 0xd1010002, 0x000208ff },	/* literal in VOP3 */
		{ 0xd1130102, 0x00020902 },	/* v_and_b32 with |abs| */
		{ 0xd1010002, 0x04020902 },	/* v_add_f32_e64 with a third source */
		{ 0xd1010002, 0x00000401 },	/* two SGPRs on the constant bus */
		{ 0x2e020401, 0x12345678 },	/* v_madmk_f32: an SGPR and a literal */
		{ 0x380204ff, 0x12345678 },	/* v_addc_co_u32_e32: VCC and a literal */
		{ 0x7e0202f9, 0x00070600 },	/* SDWA src0_sel 7 */
		{ 0x7e0204f9, 0x00060600 },	/* v_readfirstlane has no SDWA */
		{ 0x7e044afa, 0xff00e402 },	/* 64-bit DPP is row_newbcast only */
		{ 0x7e0202fa, 0xff010002 },	/* DPP control 0x100 */
		{ 0xdc50c000, 0x007f0000 },	/* segment 3 */
		{ 0xdc501000, 0 },		/* flat offset of 13 bits */
		{ 0xdd084000, 0x007f0000 },	/* scratch_atomic */
		{ 0xd86c0000, 0x00000100 },	/* ds_read_b32 with a data register */
		{ 0xbf111004, 0 },		/* s_set_gpr_idx_on for a fifth operand */
		{ 0xbf9d0010, 0 },		/* s_set_gpr_idx_mode: the same */
		{ 0xd9330008, 0x00000001 },	/* ds_gws_init of an odd register */
		{ 0xd9320008, 0x00000002 },	/* the same without gds */
		{ 0xd9350000, 0x00000002 },	/* ds_gws_sema_v with a register */
		{ 0xc00e1800, 0 },		/* s_load_dwordx8 s[96:103] */
		{ 0xe0500000, 0x00190000 },	/* buffer resource at s100 */
	};
	struct isa_inst inst;

	(void)state;
	for (size_t n = 0; n < sizeof(refused) / sizeof(refused[0]); n++)
		assert_int_equal(decode(refused[n][0], refused[n][1], &inst), ISA_ILLEGAL);
}

static void decode_asks_for_the_second_dword(void **state)
{
	const u32 words[2] = { 0x7e0202ff, 7 };		/* v_mov_b32 v1, literal */
	const u32 vop3 = 0xd1410000;
	struct isa_inst inst;

	(void)state;
	assert_int_equal(isa_decode(words, 4, &inst), ISA_MORE);
	assert_int_equal(isa_decode(words, 8, &inst), ISA_DECODED);
	assert_int_equal(inst.literal, 7);
	assert_int_equal(isa_decode(&vop3, 4, &inst), ISA_MORE);
}

static void decode_illegal_says_what_it_was(void **state)
{
	struct isa_inst inst;

	(void)state;
	assert_int_equal(decode(0xf0000000, 5, &inst), ISA_ILLEGAL);	/* MIMG */
	assert_int_equal(inst.word[0], 0xf0000000);
	assert_int_equal(inst.bytes, 4);
	assert_int_equal(decode(0xd3c00000, 0x12345678, &inst), ISA_ILLEGAL);	/* MFMA */
	assert_null(inst.op);
	assert_int_equal(inst.enc, ISA_VOP3P);
	assert_int_equal(inst.word[1], 0x12345678);
	assert_int_equal(inst.bytes, 8);
}

static void decode_fills_implied_operands(void **state)
{
	struct isa_inst inst;

	(void)state;
	assert_int_equal(decode(0x38020501, 0, &inst), ISA_DECODED);	/* v_addc_co_u32_e32 */
	assert_int_equal(inst.sdst, ISA_SRC_VCC);
	assert_int_equal(inst.smask, ISA_SRC_VCC);
	assert_int_equal(inst.src[0], ISA_SRC_VGPR + 1);
	assert_int_equal(inst.src[1], ISA_SRC_VGPR + 2);
	assert_int_equal(decode(0x7d940501, 0, &inst), ISA_DECODED);	/* v_cmp_eq_u32_e32 */
	assert_int_equal(inst.sdst, ISA_SRC_VCC);
	assert_int_equal(inst.dst, ISA_SRC_VCC);
	assert_int_equal(inst.smask, 0);
}

static void decode_counts_registers(void **state)
{
	struct isa_inst inst;

	(void)state;
	assert_int_equal(decode(0xdc5c8000, 0x107f0004, &inst), ISA_DECODED);
	assert_int_equal(inst.nr_vgprs, 20);	/* global_load_dwordx4 v[16:19], v[4:5], off */
	assert_int_equal(inst.nr_agprs, 0);
	assert_int_equal(decode(0xdc5c8000, 0x10ff0004, &inst), ISA_DECODED);
	assert_int_equal(inst.nr_vgprs, 6);	/* the same into a[16:19] */
	assert_int_equal(inst.nr_agprs, 20);
	assert_int_equal(decode(0xd3d84003, 0x18000109, &inst), ISA_DECODED);
	assert_int_equal(inst.nr_vgprs, 4);	/* v_accvgpr_read_b32 v3, a9 */
	assert_int_equal(inst.nr_agprs, 10);
	assert_int_equal(decode(0x7e020280, 0, &inst), ISA_DECODED);
	assert_int_equal(inst.nr_vgprs, 2);	/* v_mov_b32 v1, 0 */
}

static void decode_sign_extends_offsets(void **state)
{
	struct isa_inst inst;

	(void)state;
	assert_int_equal(decode(0xdc509000, 0x007f0000, &inst), ISA_DECODED);
	assert_int_equal(inst.offset, -4096);
	assert_int_equal(decode(0xc0020000, 0x001fffff, &inst), ISA_DECODED);
	assert_int_equal(inst.offset, -1);
	assert_int_equal(decode(0xb0018000, 0, &inst), ISA_DECODED);
	assert_int_equal(inst.simm, -32768);
}

static void smem_adds_register_and_immediate(void **state)
{
	struct isa_inst inst;
	char text[64];

	(void)state;
	assert_int_equal(decode(0xc0024001, 0x0a000010, &inst), ISA_DECODED);
	assert_int_equal(inst.src[0], 5);
	assert_int_equal(inst.offset, 16);
	isa_disasm(&inst, text, sizeof(text));
	assert_string_equal(text, "s_load_dword s0, s[2:3], s5 offset:0x10");
}

static void disasm_truncates_and_says_the_length(void **state)
{
	struct isa_inst inst;
	char text[8];

	(void)state;
	assert_int_equal(decode(0xbe800001, 0, &inst), ISA_DECODED);
	assert_int_equal(isa_disasm(&inst, text, sizeof(text)), 16);
	assert_string_equal(text, "s_mov_b");
	assert_int_equal(isa_disasm(&inst, NULL, 0), 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decode_golden_encodings),
		cmocka_unit_test(decode_refuses),
		cmocka_unit_test(decode_asks_for_the_second_dword),
		cmocka_unit_test(decode_illegal_says_what_it_was),
		cmocka_unit_test(decode_fills_implied_operands),
		cmocka_unit_test(decode_counts_registers),
		cmocka_unit_test(decode_sign_extends_offsets),
		cmocka_unit_test(smem_adds_register_and_immediate),
		cmocka_unit_test(disasm_truncates_and_says_the_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
