/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_VALU_UNIT_H
#define VKFD_DEVICE_ISA_VALU_UNIT_H

#include "isa/valu.h"

/* valu_lanes.c as compiled for one vector unit of the host. */
struct valu_unit {
	const char *name;
	const valu_lanes_fn *lanes;	/* by isa_op::id; NULL: not VALU, or ISA_CROSS */
	/* dst = src in the lanes of @mask */
	void (*blend)(u32 *dst, const u32 *src, u64 mask);
	/* dst = (src & and) ^ xor, 32 and 64 bits */
	void (*change)(u32 *dst, const u32 *src, u32 and, u32 xor);
	void (*change_wide)(u64 *dst, const u64 *src, u64 and, u64 xor);
	/* halves of the dword, by the places they start at */
	void (*halves)(u32 *dst, const u32 *src, u32 low, u32 high);
	/* half precision at bit @from to single */
	void (*widen)(const struct valu_fp *fp, u32 *dst, const u32 *src, u32 from);
	/* register pairs to 64-bit lanes and back (only the lanes of @mask) */
	void (*join)(u64 *dst, const u32 *low, const u32 *high);
	void (*split)(u32 *low, u32 *high, const u64 *src, u64 mask);
	/*
	 * Addresses of vector memory, 64-byte aligned. va = base + low, or base + the pair
	 * where @high is there; then, as masks of lanes: those whose address is not
	 * @base + lane * @step, those whose address is not canonical.
	 */
	void (*addresses)(u64 *va, const u32 *low, const u32 *high, u64 base);
	u64 (*off_line)(const u64 *va, u64 base, u32 step);
	u64 (*stray)(const u64 *va);
	/* LDS: addr = from + offset; returns those behind @last. Then as off_line(). */
	u64 (*lds_addresses)(u32 *addr, const u32 *from, u32 offset, u32 last);
	u64 (*lds_off_line)(const u32 *addr, u32 base, u32 step);
};

extern const struct valu_unit valu_unit_base;
#if defined(__x86_64__)
extern const struct valu_unit valu_unit_avx2, valu_unit_avx512;
#endif

/* The one in use; set by valu_init() or valu_use(). */
extern const struct valu_unit *valu_unit;

#endif
