/* SPDX-License-Identifier: MIT */
#ifndef GUEST_PM4_CODE_H
#define GUEST_PM4_CODE_H

#include "harness.h"

/* Kernels that several suites run, assembled by llvm-mc for gfx90a; see struct pm4_launch. */

/* data[index * 1024] = index + 1, index = group * 64 + item: each lane writes a page of its own */
static const u32 kernel_touch_lanes[] = {
	0x260000ff, 0x000003ff,	/* v_and_b32 v0, 0x3ff, v0 */
	0x8e038602,		/* s_lshl_b32 s3, s2, 6 */
	0x68020003,		/* v_add_u32 v1, s3, v0 */
	0x2404028c,		/* v_lshlrev_b32 v2, 12, v1 */
	0x68020281,		/* v_add_u32 v1, 1, v1 */
	0xdc708000, 0x00000102,	/* global_store_dword v2, v1, s[0:1] */
	0xbf810000,		/* s_endpgm */
};

/*
 * Counts in v1 and in s5 until data[0] is not 0; then data[2] |= s5 - v1 in each lane,
 * which is 0 if no step was lost or done twice, and data[1] += 1.
 */
static const u32 kernel_persist[] = {
	0x7e000280,		/* v_mov_b32 v0, 0 */
	0x7e020280,		/* v_mov_b32 v1, 0 */
	0xbe850080,		/* s_mov_b32 s5, 0 */
	0x68020281,		/* v_add_u32 v1, 1, v1 */
	0x80058105,		/* s_add_u32 s5, s5, 1 */
	0xc0030100, 0x00000000,	/* s_load_dword s4, s[0:1], 0x0 glc */
	0xbf8cc07f,		/* s_waitcnt lgkmcnt(0) */
	0xbf068004,		/* s_cmp_eq_u32 s4, 0 */
	0xbf85fff9,		/* s_cbranch_scc1 -7 */
	0x7e040205,		/* v_mov_b32 v2, s5 */
	0x6a040302,		/* v_sub_u32 v2, v2, v1 */
	0xdd248008, 0x00000200,	/* global_atomic_or v0, v2, s[0:1] offset:8 */
	0x7e020281,		/* v_mov_b32 v1, 1 */
	0xdd088004, 0x00000100,	/* global_atomic_add v0, v1, s[0:1] offset:4 */
	0xbf810000,		/* s_endpgm */
};

#endif
