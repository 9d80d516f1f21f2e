/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_CP_FAKE_KERNELS_H
#define VKFD_DEVICE_CP_FAKE_KERNELS_H

#include "cp/fake_pm4.h"

/*
 * Kernels of the tests, assembled by llvm-mc for gfx90a. s[0:1] points at the
 * data, s2 is the group's id, v0 the work-item's.
 */

/* data[id(group) * 64 + id(item)] = id(group) << 16 | id(item) */
static const u32 kernel_store[] = {
	0x8e038802,		/* s_lshl_b32 s3, s2, 8 */
	0x260200ff, 0x000003ff,	/* v_and_b32 v1, 0x3ff, v0 */
	0x24020282,		/* v_lshlrev_b32 v1, 2, v1 */
	0x68020203,		/* v_add_u32 v1, s3, v1 */
	0x7e040202,		/* v_mov_b32 v2, s2 */
	0xd2000002, 0x04012102,	/* v_lshl_or_b32 v2, v2, 16, v0 */
	0xdc708000, 0x00000201,	/* global_store_dword v1, v2, s[0:1] */
	0xbf810000,		/* s_endpgm */
};

/* data[index * 1024] = index + 1, index = group * 64 + item: a page for each lane */
static const u32 kernel_touch_lanes[] = {
	0x260000ff, 0x000003ff,	/* v_and_b32 v0, 0x3ff, v0 */
	0x8e038602,		/* s_lshl_b32 s3, s2, 6 */
	0x68020003,		/* v_add_u32 v1, s3, v0 */
	0x2404028c,		/* v_lshlrev_b32 v2, 12, v1 */
	0x68020281,		/* v_add_u32 v1, 1, v1 */
	0xdc708000, 0x00000102,	/* global_store_dword v2, v1, s[0:1] */
	0xbf810000,		/* s_endpgm */
};

/* data[0] += 1 for each work-item */
static const u32 kernel_count[] = {
	0x7e000280,		/* v_mov_b32 v0, 0 */
	0x7e020281,		/* v_mov_b32 v1, 1 */
	0xdd088000, 0x00000100,	/* global_atomic_add v0, v1, s[0:1] */
	0xbf810000,		/* s_endpgm */
};

static const u32 kernel_endless[] = {
	0xbf82ffff,		/* s_branch . */
};

/* Waits for data[0] != 0, then data[1] += 1 for each work-item. */
static const u32 kernel_spin[] = {
	0xc0030100, 0x00000000,	/* s_load_dword s4, s[0:1], 0x0 glc */
	0xbf8cc07f,		/* s_waitcnt lgkmcnt(0) */
	0xbf068004,		/* s_cmp_eq_u32 s4, 0 */
	0xbf85fffb,		/* s_cbranch_scc1 -5 */
	0x7e000280,		/* v_mov_b32 v0, 0 */
	0x7e020281,		/* v_mov_b32 v1, 1 */
	0xdd088004, 0x00000100,	/* global_atomic_add v0, v1, s[0:1] offset:4 */
	0xbf810000,		/* s_endpgm */
};

/* The same, asleep between two looks. */
static const u32 kernel_doze[] = {
	0xc0030100, 0x00000000,	/* s_load_dword s4, s[0:1], 0x0 glc */
	0xbf8cc07f,		/* s_waitcnt lgkmcnt(0) */
	0xbf8e0001,		/* s_sleep 1 */
	0xbf068004,		/* s_cmp_eq_u32 s4, 0 */
	0xbf85fffa,		/* s_cbranch_scc1 -6 */
	0x7e000280,		/* v_mov_b32 v0, 0 */
	0x7e020281,		/* v_mov_b32 v1, 1 */
	0xdd088004, 0x00000100,	/* global_atomic_add v0, v1, s[0:1] offset:4 */
	0xbf810000,		/* s_endpgm */
};

#define ITERATIONS 2000u

/* data[0] += ITERATIONS for each work-item, counted one by one in a register */
static const u32 kernel_iterate[] = {
	0x7e000280,		/* v_mov_b32 v0, 0 */
	0x7e020280,		/* v_mov_b32 v1, 0 */
	0xb00407d0,		/* s_movk_i32 s4, 0x7d0 */
	0x68020281,		/* v_add_u32 v1, 1, v1 */
	0x80848104,		/* s_sub_u32 s4, s4, 1 */
	0xbf078004,		/* s_cmp_lg_u32 s4, 0 */
	0xbf85fffc,		/* s_cbranch_scc1 -4 */
	0xdd088000, 0x00000100,	/* global_atomic_add v0, v1, s[0:1] */
	0xbf810000,		/* s_endpgm */
};

/* The first wave never comes to the barrier. */
static const u32 kernel_stuck[] = {
	0x7d9800c0,		/* v_cmp_gt_u32 vcc, 64, v0 */
	0xbf870001,		/* s_cbranch_vccnz 1 */
	0xbf8a0000,		/* s_barrier */
	0xbf82ffff,		/* s_branch . */
};

static const u32 kernel_message[] = {
	0xbefc00ff, 0x00123456,	/* s_mov_b32 m0, 0x123456 */
	0xbf900001,		/* s_sendmsg sendmsg(MSG_INTERRUPT) */
	0xbf810000,		/* s_endpgm */
};

static const u32 kernel_trap[] = {
	0xbf920002,		/* s_trap 2 */
	0xbf810000,		/* s_endpgm */
};

static const u32 kernel_debug_trap[] = {
	0xbf920003,		/* s_trap 3 */
	0x7e000280,		/* v_mov_b32 v0, 0 */
	0x7e020281,		/* v_mov_b32 v1, 1 */
	0xdd088000, 0x00000100,	/* global_atomic_add v0, v1, s[0:1] */
	0xbf810000,		/* s_endpgm */
};

static const u32 kernel_aperture[] = {
	0xbe840080,		/* s_mov_b32 s4, 0 */
	0xbe8500ff, 0x00800000,	/* s_mov_b32 s5, 0x800000 */
	0x7e000280,		/* v_mov_b32 v0, 0 */
	0xdc708000, 0x00040000,	/* global_store_dword v0, v0, s[4:5] */
	0xbf810000,		/* s_endpgm */
};

static const u32 kernel_illegal[] = {
	0x7e000280,		/* v_mov_b32 v0, 0 */
	0xc4000000, 0x00000000,	/* an export: this GPU has none */
	0xbf810000,
};

/* Code lies behind the data; one page a kernel. */
#define CODE_VA(n)	(FAKE_DATA_VA + FAKE_DATA_BYTES + (n) * 4096ull)
#define CODE_RAM(n)	(FAKE_DATA + FAKE_DATA_BYTES + (n) * 4096ull)

/* Puts code into page @n, executable. Its address. */
static inline u64 fake_code(struct fake_compute *bench, u32 n, const u32 *dw, size_t bytes)
{
	memcpy(fake_ram_at(&bench->drv, CODE_RAM(n)), dw, bytes);
	fake_pte(&bench->drv, bench->root, CODE_VA(n), 0,
		 (FAKE_RAM_BUS + CODE_RAM(n)) | VKFD_PTE_SYSTEM | FAKE_RW | VKFD_PTE_EXECUTABLE);
	return CODE_VA(n);
}

#define CODE(bench, n, kernel) fake_code(bench, n, kernel, sizeof(kernel))

/* A launch of a page of code; more fields by name. */
#define LAUNCH(code_va, data_va, ...) \
	(struct fake_launch) { .code = (code_va), .data = (data_va), __VA_ARGS__ }

struct fake_launch {
	u64 code, data;
	u32 dim[3];		/* 0: 1 */
	u32 threads[3];		/* of a group; 0: 1 */
	u32 start;
	u32 initiator;		/* beside SHADER_EN */
	u32 rsrc1, rsrc2, rsrc3;	/* beside what a test kernel needs */
	u32 tmpring;
};

#define SET_SH(n) (0xc0007600u | (n) << 16)

/* Emits the packets of a launch. */
static inline void fake_launch(struct fake_compute_queue *queue, const struct fake_launch *launch)
{
	u32 threads[3], dim[3];

	for (int i = 0; i < 3; i++) {
		threads[i] = launch->threads[i] ? launch->threads[i] : 1;
		dim[i] = launch->dim[i] || !i ? launch->dim[i] : 1;
	}
	u32 dw[] = {
		SET_SH(3), 0x204, launch->start, 0, 0,
		SET_SH(3), 0x207, threads[0], threads[1], threads[2],
		SET_SH(2), 0x20c, (u32)(launch->code >> 8), (u32)(launch->code >> 40),
		/* 8 VGPRs, 2 user SGPRs, group id x */
		SET_SH(2), 0x212, 0xc0000 | launch->rsrc1, 2 << 1 | 1 << 7 | launch->rsrc2,
		SET_SH(1), 0x218, launch->tmpring,
		SET_SH(1), 0x22d, 9 | launch->rsrc3,
		SET_SH(2), 0x240, ADDR(launch->data),
		0xc0031502, dim[0], dim[1], dim[2], 1 | launch->initiator,
	};

	fake_cq_emit(queue, dw, COUNT(dw));
}

/* Emits a store of @value at DATA(@offset) that follows all launches. */
static inline void fake_fence(struct fake_compute_queue *queue, u32 offset, u32 value)
{
	u32 dw[] = { RELEASE_MEM, 0x514, 1u << 29, ADDR(DATA(offset)), value, 0, 0 };

	fake_cq_emit(queue, dw, COUNT(dw));
}

#endif
