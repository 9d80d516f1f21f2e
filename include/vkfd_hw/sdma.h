/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_HW_SDMA_H
#define VKFD_HW_SDMA_H

#include "types.h"

/*
 * DOC: SDMA packets (SDMA 4.4, gfx90a)
 *
 * dw0 [7:0] opcode, [15:8] sub-opcode. Rings count bytes; pointers are 64 bit
 * and never wrap. Packets execute in order; FENCE, TRAP, ATOMIC and TIMESTAMP
 * follow the completion of everything before. Privileged packets (PTEPDE,
 * SRBM_WRITE) are errors in a user queue. An unknown packet stops the queue
 * and raises VKFD_IH_SRC_BAD_OPCODE.
 */
enum vkfd_sdma_op {
	VKFD_SDMA_NOP = 0,
	VKFD_SDMA_COPY = 1,
	VKFD_SDMA_WRITE = 2,
	VKFD_SDMA_INDIRECT = 4,
	VKFD_SDMA_FENCE = 5,
	VKFD_SDMA_TRAP = 6,
	VKFD_SDMA_POLL_REGMEM = 8,
	VKFD_SDMA_COND_EXE = 9,
	VKFD_SDMA_ATOMIC = 10,
	VKFD_SDMA_CONST_FILL = 11,
	VKFD_SDMA_PTEPDE = 12,
	VKFD_SDMA_TIMESTAMP = 13,
	VKFD_SDMA_SRBM_WRITE = 14,
};

enum vkfd_sdma_sub {
	VKFD_SDMA_SUB_COPY_LINEAR = 0,
	VKFD_SDMA_SUB_COPY_RECT = 4,
	VKFD_SDMA_SUB_PTEPDE_GEN = 0,	/* dw1/2 dst, dw3/4 mask, dw5/6 value, dw7/8 increment, dw9 entries - 1; entry n = mask | (value + n * increment) */
	VKFD_SDMA_SUB_TIMESTAMP_GLOBAL = 2,
};

#define VKFD_SDMA_HEADER(op, sub) ((u32)(op) | (u32)(sub) << 8)
#define VKFD_SDMA_OP(dw0)	((dw0) & 0xff)
#define VKFD_SDMA_SUB(dw0)	(((dw0) >> 8) & 0xff)

#define VKFD_SDMA_NOP_COUNT(dw0) (((dw0) >> 16) & 0x3fff)
#define VKFD_SDMA_COPY_BROADCAST BIT(27)
#define VKFD_SDMA_COUNT_MASK	0x3fffffffu	/* bytes - 1 */
#define VKFD_SDMA_WRITE_COUNT_MASK 0xfffffu	/* dwords - 1 */
#define VKFD_SDMA_TRAP_MASK	0x0fffffffu

#define VKFD_SDMA_COPY_DWORDS	7u
#define VKFD_SDMA_FENCE_DWORDS	4u
#define VKFD_SDMA_TRAP_DWORDS	2u
#define VKFD_SDMA_FILL_DWORDS	5u
#define VKFD_SDMA_SRBM_DWORDS	3u	/* dw1 register byte offset, dw2 value */
#define VKFD_SDMA_WRITE_HEADER_DWORDS 4u

/* POLL_REGMEM: dw1/2 address, dw3 reference, dw4 mask, dw5 [15:0] interval [27:16] retries */
#define VKFD_SDMA_POLL_DWORDS	6u
#define VKFD_SDMA_POLL_MEMORY	BIT(31)
#define VKFD_SDMA_POLL_FUNC_SHIFT 28
#define VKFD_SDMA_POLL_EQUAL	3u
#define VKFD_SDMA_POLL_FOREVER	0x0fff0000u

/* CONST_FILL dw0 [31:30] */
#define VKFD_SDMA_FILL_BYTE	0u
#define VKFD_SDMA_FILL_DWORD	2u

#endif
