/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_HW_PM4_H
#define VKFD_HW_PM4_H

#include "types.h"

/*
 * DOC: PM4 packets of compute queues (MEC, gfx90a)
 *
 * Header: [31:30] type 3, [29:16] count, [15:8] opcode; the packet has count +
 * 2 dwords. A NOP with count 0x3fff is one dword long; so is any type 2 header.
 * Ring positions are dwords: the write pointer is 64 bits and never wraps, the
 * read pointer is reported as 32 bits modulo the ring.
 */
#define VKFD_PM4_TYPE(header)	((header) >> 30)
#define VKFD_PM4_COUNT(header)	(((header) >> 16) & 0x3fff)
#define VKFD_PM4_OP(header)	(((header) >> 8) & 0xff)
#define VKFD_PM4_HEADER(op, dwords) \
	(3u << 30 | (((u32)(dwords) - 2) & 0x3fff) << 16 | (u32)(op) << 8)
#define VKFD_PM4_NOP_ONE_COUNT	0x3fffu
#define VKFD_PM4_NOP_ONE	0xffff1002u
#define VKFD_PM4_TYPE2		0x80000000u

enum vkfd_pm4_op {
	VKFD_PM4_NOP = 0x10,
	VKFD_PM4_DISPATCH_DIRECT = 0x15,
	VKFD_PM4_DISPATCH_INDIRECT = 0x16,
	VKFD_PM4_ATOMIC_MEM = 0x1e,
	VKFD_PM4_PRED_EXEC = 0x23,
	VKFD_PM4_WRITE_DATA = 0x37,
	VKFD_PM4_WAIT_REG_MEM = 0x3c,
	VKFD_PM4_INDIRECT_BUFFER = 0x3f,
	VKFD_PM4_COPY_DATA = 0x40,
	VKFD_PM4_PFP_SYNC_ME = 0x42,
	VKFD_PM4_EVENT_WRITE = 0x46,
	VKFD_PM4_RELEASE_MEM = 0x49,
	VKFD_PM4_DMA_DATA = 0x50,
	VKFD_PM4_ACQUIRE_MEM = 0x58,
	VKFD_PM4_SET_SH_REG = 0x76,
};

/* WRITE_DATA dw1 [11:8], COPY_DATA dw1 [11:8] */
#define VKFD_PM4_DST_L2		2u
#define VKFD_PM4_DST_MEMORY	5u
#define VKFD_PM4_WRITE_ONE_ADDR	BIT(16)	/* all dwords go to the same address */

/* COPY_DATA dw1 [3:0] */
#define VKFD_PM4_SRC_MEMORY	1u
#define VKFD_PM4_SRC_L2		2u
#define VKFD_PM4_SRC_IMMEDIATE	5u
#define VKFD_PM4_SRC_CLOCK	9u
#define VKFD_PM4_COPY_64	BIT(16)

/* WAIT_REG_MEM dw1 */
#define VKFD_PM4_WAIT_FUNC(dw)	((dw) & 7)
#define VKFD_PM4_WAIT_MEMORY	BIT(4)	/* [5:4] space, 0 register */
#define VKFD_PM4_WAIT_OP(dw)	(((dw) >> 6) & 3)

/* INDIRECT_BUFFER dw3 */
#define VKFD_PM4_IB_DWORDS(dw)	((dw) & 0xfffff)
#define VKFD_PM4_IB_CHAIN	BIT(20)
#define VKFD_PM4_IB_VALID	BIT(23)

/* EVENT_WRITE dw1 */
#define VKFD_PM4_EVENT_TYPE(dw)	((dw) & 0x3f)
#define VKFD_PM4_CS_PARTIAL_FLUSH 7u

/* RELEASE_MEM dw2 */
#define VKFD_PM4_RELEASE_DST(dw) (((dw) >> 16) & 3)	/* 0 memory, 1 L2 */
#define VKFD_PM4_RELEASE_INT(dw) (((dw) >> 24) & 7)
#define VKFD_PM4_RELEASE_DATA(dw) ((dw) >> 29)

enum vkfd_pm4_release_data {
	VKFD_PM4_DATA_NONE = 0,
	VKFD_PM4_DATA_32 = 1,
	VKFD_PM4_DATA_64 = 2,
	VKFD_PM4_DATA_CLOCK = 3,
};

enum vkfd_pm4_release_int {
	VKFD_PM4_INT_NONE = 0,
	VKFD_PM4_INT_ONLY = 1,
	VKFD_PM4_INT_CONFIRMED = 2,	/* after the store */
	VKFD_PM4_INT_CONFIRM_ONLY = 3,	/* no interrupt */
	VKFD_PM4_INT_ALWAYS = 4,
};

/* ACQUIRE_MEM dw1: the actions that mean something here */
#define VKFD_PM4_ACQUIRE_ICACHE	BIT(29)

/* DMA_DATA dw1 */
#define VKFD_PM4_DMA_DST(dw)	(((dw) >> 20) & 3)	/* 0 memory, 3 L2 */
#define VKFD_PM4_DMA_SRC(dw)	(((dw) >> 29) & 3)	/* 0 memory, 2 immediate, 3 L2 */
#define VKFD_PM4_DMA_BYTES(dw)	((dw) & 0x3ffffff)

/* SET_SH_REG: register = SH_BASE + dw1 [15:0]. Only the compute block exists. */
#define VKFD_PM4_SH_BASE	0x2c00u
#define VKFD_COMPUTE_REG_FIRST	0x2e00u
#define VKFD_COMPUTE_REGS	0x80u

enum vkfd_compute_reg {
	VKFD_COMPUTE_DISPATCH_INITIATOR = 0x2e00,
	VKFD_COMPUTE_DIM_X = 0x2e01,
	VKFD_COMPUTE_START_X = 0x2e04,
	VKFD_COMPUTE_NUM_THREAD_X = 0x2e07,	/* [15:0] size, [31:16] of the partial last group */
	VKFD_COMPUTE_PGM_LO = 0x2e0c,		/* address >> 8 */
	VKFD_COMPUTE_PGM_HI = 0x2e0d,
	VKFD_COMPUTE_PGM_RSRC1 = 0x2e12,
	VKFD_COMPUTE_PGM_RSRC2 = 0x2e13,
	VKFD_COMPUTE_TMPRING_SIZE = 0x2e18,	/* [11:0] waves, [24:12] KiB a wave */
	VKFD_COMPUTE_PGM_RSRC3 = 0x2e2d,
	VKFD_COMPUTE_USER_DATA_0 = 0x2e40,
};

#define VKFD_COMPUTE_USER_SGPRS	16u

/* DISPATCH_INITIATOR */
#define VKFD_DISPATCH_SHADER_EN	BIT(0)
#define VKFD_DISPATCH_PARTIAL	BIT(1)	/* NUM_THREAD [31:16] is the last group's size */
#define VKFD_DISPATCH_START_000	BIT(2)	/* START is ignored */
#define VKFD_DISPATCH_THREADS	BIT(5)	/* dimensions are threads, not groups */

#define VKFD_TMPRING_WAVES(reg)	((reg) & 0xfff)
#define VKFD_TMPRING_BYTES(reg)	(((reg) >> 12 & 0x1fff) << 10)	/* of one wave */

/* PGM_RSRC1 */
#define VKFD_RSRC1_VGPRS(r)	((((r) & 0x3f) + 1) * 8)	/* both kinds together */
#define VKFD_RSRC1_FLOAT_MODE(r) (((r) >> 12) & 0xff)
#define VKFD_RSRC1_DX10_CLAMP	BIT(21)
#define VKFD_RSRC1_IEEE		BIT(23)
#define VKFD_RSRC1_FP16_OVFL	BIT(26)
/* PGM_RSRC2 */
#define VKFD_RSRC2_SCRATCH	BIT(0)
#define VKFD_RSRC2_USER_SGPRS(r) (((r) >> 1) & 0x1f)
#define VKFD_RSRC2_TRAP		BIT(6)
#define VKFD_RSRC2_GROUP_X	BIT(7)
#define VKFD_RSRC2_GROUP_Y	BIT(8)
#define VKFD_RSRC2_GROUP_Z	BIT(9)
#define VKFD_RSRC2_GROUP_INFO	BIT(10)
#define VKFD_RSRC2_ITEM_IDS(r)	(((r) >> 11) & 3)	/* 0 x, 1 x y, 2 x y z */
#define VKFD_RSRC2_LDS_BYTES(r)	(((r) >> 15 & 0x1ff) * 512)
/* PGM_RSRC3 */
#define VKFD_RSRC3_ARCH_VGPRS(r) ((((r) & 0x3f) + 1) * 4)

#endif
