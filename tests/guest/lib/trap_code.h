/* SPDX-License-Identifier: MIT */
#ifndef GUEST_TRAP_CODE_H
#define GUEST_TRAP_CODE_H

#include "kfd.h"

/* Assembled by llvm-mc for gfx90a; see struct pm4_launch for what a kernel finds. */

/* data[0] += 1 for each work-item, behind trap 7. */
static const u32 kernel_trap7[] = {
	0x7e000280,		/* v_mov_b32 v0, 0 */
	0x7e020281,		/* v_mov_b32 v1, 1 */
	0xbf920007,		/* s_trap 7 */
	0xdd088000, 0x00000100,	/* global_atomic_add v0, v1, s[0:1] */
	0xbf810000,		/* s_endpgm */
};

/* A trap handler: data[1] += trap, data[2] |= TMA's low half; goes on behind the s_trap. */
static const u32 handler_count[] = {
	0x92eeff6d, 0x00080010,	/* s_bfe_u32 ttmp2, ttmp1, 0x80010 */
	0x7e04026e,		/* v_mov_b32 v2, ttmp2 */
	0xdd088004, 0x00000200,	/* global_atomic_add v0, v2, s[0:1] offset:4 */
	0x7e04027a,		/* v_mov_b32 v2, ttmp14 */
	0xdd248008, 0x00000200,	/* global_atomic_or v0, v2, s[0:1] offset:8 */
	0x806c846c,		/* s_add_u32 ttmp0, ttmp0, 4 */
	0x826d806d,		/* s_addc_u32 ttmp1, ttmp1, 0 */
	0xbe801f6c,		/* s_rfe_b64 ttmp[0:1] */
};

#endif
