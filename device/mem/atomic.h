/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_MEM_ATOMIC_H
#define VKFD_DEVICE_MEM_ATOMIC_H

#include "mem/mem_status.h"

/*
 * Executes one TC atomic on host memory that other processes and vCPUs share.
 * @addr is naturally aligned. False: the operation number is unknown.
 */
bool mem_atomic_run(void *addr, struct mem_atomic *atomic, unsigned int bytes);

/*
 * True if @op exists; *@bytes is then the size it works on. Engines ask before
 * they translate: an unknown number is a packet error, not a memory error.
 */
bool mem_atomic_known(u32 op, unsigned int *bytes);

/* Bits of an operation number: the 64-bit form; the old value is not returned. */
#define MEM_ATOMIC_64		0x20u
#define MEM_ATOMIC_NO_RETURN	0x40u

/*
 * Operations of waves that no packet can name (and mem_atomic_known() does not
 * know): sums rounded to nearest even. FADD of f32 flushes denormals, operands and
 * result, as the memory pipeline of gfx90a does; f64 and f16 keep them.
 */
#define MEM_ATOMIC_WAVE		0x80u
#define MEM_ATOMIC_FADD		(MEM_ATOMIC_WAVE | 0x0u)
#define MEM_ATOMIC_PK_FADD16	(MEM_ATOMIC_WAVE | 0x1u)	/* 4 bytes: two f16 */
#define MEM_ATOMIC_FADD_DENORM	(MEM_ATOMIC_WAVE | 0x2u)	/* f32 denormals count */

/*
 * What an operation makes of @old, without memory: for LDS, which no other thread
 * sees. False: no such operation of this size.
 */
bool mem_atomic_result(const struct mem_atomic *atomic, unsigned int bytes, u64 old, u64 *result);

/* Sum of two f16, rounded to nearest even, denormals kept. */
u16 mem_f16_add(u16 a, u16 b);

/*
 * Single-copy-atomic accesses of 4 or 8 bytes: load acquires, store releases.
 * False, and nothing done: not naturally aligned, or another size.
 */
bool mem_load(const void *addr, u64 *value, unsigned int bytes);
bool mem_store(void *addr, u64 value, unsigned int bytes);

#endif
