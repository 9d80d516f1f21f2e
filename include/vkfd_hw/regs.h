/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_HW_REGS_H
#define VKFD_HW_REGS_H

#include "types.h"

/*
 * Registers of BAR4. Accesses are 4 or 8 bytes, naturally aligned; an 8-byte
 * access covers a _LO/_HI pair atomically. Anything else, and any offset that
 * is not listed, reads 0, drops writes, and is counted in REG_UNKNOWN.
 * Read CLOCK with one 8-byte access.
 *
 * IH_RING_BASE, IH_*_ADDR, KIQ_BASE and KIQ_ACK_ADDR are bus addresses in guest
 * RAM (no AGP_BASE added): rings 4 KiB aligned, pointers 8-byte aligned.
 * IH_RING_LOG2 and KIQ_LOG2 are log2 of the ring's bytes, 12..24. Both rings
 * are latched, and their pointers start at 0, when CNTL changes from 0 to
 * ENABLE; zero the pointer memory before. GART_TABLE is a hive address, 4 KiB
 * aligned; writing a GART_ register other than FLUSH drops nothing cached.
 *
 * ACCESS_LIMIT, if not 0, has requests of 64 bytes by user contexts to guest RAM
 * counted for each 64 KiB of virtual addresses. A block that reaches it (2^20 at
 * most) is reported once by VKFD_IH_SRC_ACCESS_COUNT; a TLB flush of any of its
 * addresses starts it anew, a store to the register all of them. The counters are a
 * cache: a block pushed out starts at 0.
 *
 * SRBM_WRITE packets reach GART_FLUSH and the HDP registers; GPU stores through
 * a mapped BAR4 only the HDP page. Anything else from an engine is counted in
 * REG_UNKNOWN and dropped.
 * REG(name, byte offset, access, reset value).
 */
/* clang-format off */
#define VKFD_REGS(REG)                                       \
	REG(HW_MAGIC,           0x0000, RO, VKFD_HW_MAGIC)   \
	REG(HW_VERSION,         0x0004, RO, VKFD_HW_VERSION) \
	REG(HW_FEATURES,        0x0008, RO, 0)               \
	REG(NUM_CUS,            0x000c, RO, 0)               \
	REG(NUM_SES,            0x0010, RO, 0)               \
	REG(NODE_ID,            0x0014, RO, 0)               \
	REG(NUM_NODES,          0x0018, RO, 0)               \
	REG(LINK_MASK,          0x001c, RO, 0)               \
	REG(VRAM_BYTES_LO,      0x0020, RO, 0)               \
	REG(VRAM_BYTES_HI,      0x0024, RO, 0)               \
	REG(UNIQUE_ID_LO,       0x0028, RO, 0)               \
	REG(UNIQUE_ID_HI,       0x002c, RO, 0)               \
	REG(CLOCK_LO,           0x0030, RO, 0)               \
	REG(CLOCK_HI,           0x0034, RO, 0)               \
	REG(RESET,              0x0038, WO, 0)               \
	REG(STATUS,             0x003c, RO, 0)               \
	REG(ERROR_CODE,         0x0040, RC, 0)               \
	REG(ERROR_INFO,         0x0044, RO, 0)               \
	REG(REG_UNKNOWN,        0x0048, RO, 0)               \
	REG(IH_RING_BASE_LO,    0x0100, RW, 0)               \
	REG(IH_RING_BASE_HI,    0x0104, RW, 0)               \
	REG(IH_RING_LOG2,       0x0108, RW, 0)               \
	REG(IH_CNTL,            0x010c, RW, 0)               \
	REG(IH_WPTR_ADDR_LO,    0x0110, RW, 0)               \
	REG(IH_WPTR_ADDR_HI,    0x0114, RW, 0)               \
	REG(IH_RPTR_ADDR_LO,    0x0118, RW, 0)               \
	REG(IH_RPTR_ADDR_HI,    0x011c, RW, 0)               \
	REG(IH_WPTR_LO,         0x0120, RO, 0)               \
	REG(IH_WPTR_HI,         0x0124, RO, 0)               \
	REG(KIQ_BASE_LO,        0x0200, RW, 0)               \
	REG(KIQ_BASE_HI,        0x0204, RW, 0)               \
	REG(KIQ_LOG2,           0x0208, RW, 0)               \
	REG(KIQ_CNTL,           0x020c, RW, 0)               \
	REG(KIQ_ACK_ADDR_LO,    0x0210, RW, 0)               \
	REG(KIQ_ACK_ADDR_HI,    0x0214, RW, 0)               \
	REG(GART_TABLE_LO,      0x0300, RW, 0)               \
	REG(GART_TABLE_HI,      0x0304, RW, 0)               \
	REG(GART_PAGES,         0x0308, RW, 0)               \
	REG(GART_FLUSH,         0x030c, WO, 0)               \
	REG(ACCESS_LIMIT,       0x0400, RW, 0)               \
	REG(HDP_MEM_FLUSH,      0x1000, RW, 0)               \
	REG(HDP_REG_FLUSH,      0x1004, RW, 0)
/* clang-format on */

#define VKFD_HW_MAGIC	0x44464b56u /* "VKFD" */
#define VKFD_HW_VERSION	1u	    /* bumped when a meaning changes */

enum vkfd_reg {
#define VKFD_REG_ENUM(name, offset, access, reset) VKFD_REG_##name = (offset),
	VKFD_REGS(VKFD_REG_ENUM)
#undef VKFD_REG_ENUM
};

/* The page of BAR4 that user space may map: the two HDP flush registers. */
#define VKFD_REGS_REMAP_OFFSET	0x1000u
/* Read-only 64-bit event counters, see vkfd_stats.h: index n at + 8 * n. */
#define VKFD_REGS_STATS_OFFSET	0x4000u
#define VKFD_REGS_STATS_BYTES	0x1000u

/* HW_FEATURES */
#define VKFD_FEATURE_XNACK	BIT(0)
#define VKFD_FEATURE_XGMI	BIT(1)
#define VKFD_FEATURE_COMPUTE	BIT(2)	/* PM4 and AQL packets execute */
#define VKFD_FEATURE_ACCESS_COUNTERS BIT(3) /* ACCESS_LIMIT counts */
#define VKFD_FEATURE_APU	BIT(4)	/* works in guest RAM; VRAM is a carve-out of the driver's */
#define VKFD_FEATURE_COHERENT	BIT(5)	/* BAR 0 is memory to the CPU: cacheable, coherent, atomics */

/* LINK_MASK: bit n set when node n's VRAM is reachable by hive address. */

/*
 * RESET: write one of these; engines stop, queues and contexts vanish. VRAM keeps
 * its content after the first and is zeroes after the second.
 */
#define VKFD_RESET_ENGINES	0x72657374u
#define VKFD_RESET_ALL		0x72616c6cu

/* STATUS */
#define VKFD_STATUS_READY	BIT(0)
#define VKFD_STATUS_FATAL	BIT(1)	/* see ERROR_CODE; only RESET helps */

/* ERROR_CODE, cleared by reading; ERROR_INFO says more. */
enum vkfd_hw_error {
	VKFD_ERR_NONE = 0,
	VKFD_ERR_IH_MEMORY = 1,		/* IH ring or its pointers are not guest RAM */
	VKFD_ERR_KIQ_MEMORY = 2,	/* KIQ ring or ack address is not guest RAM */
	VKFD_ERR_KIQ_COMMAND = 3,	/* unknown KIQ opcode: info = opcode */
};

/* IH_CNTL, KIQ_CNTL: bit 0 enables; the ring must be described before. */
#define VKFD_RING_ENABLE	BIT(0)

/* CLOCK counts at this rate; packet time stamps use the same counter. */
#define VKFD_CLOCK_HZ		100000000u

#endif
