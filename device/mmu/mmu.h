/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_MMU_MMU_H
#define VKFD_DEVICE_MMU_MMU_H

#include "mmu/place.h"
#include "vkfd_hw/ih.h"
#include "vkfd_hw/kiq.h"

/*
 * Address translation of one GPU: contexts, their tables and TLBs, and every
 * access of an engine to memory. See mmu.c for the in-flight rule.
 */
struct mmu;

struct heat;

/* NULL without memory. @map outlives the mmu. */
struct mmu *mmu_create(const struct place_map *map);
void mmu_destroy(struct mmu *mmu);
/* From now on @heat counts what user contexts access; NULL: nobody does. It outlives the mmu. */
void mmu_set_heat(struct mmu *mmu, struct heat *heat);

/* The following wait for engine accesses in flight; no engine may call them while it accesses. */
enum vkfd_kiq_status mmu_ctx_set(struct mmu *mmu, const struct vkfd_kiq_ctx *set);
enum vkfd_kiq_status mmu_ctx_clear(struct mmu *mmu, u32 ctx);
/* Context 0: the GART's TLB. */
enum vkfd_kiq_status mmu_flush(struct mmu *mmu, const struct vkfd_kiq_range *range);
void mmu_set_gart(struct mmu *mmu, u64 table, u64 pages);
/* Forgets all contexts and the GART. No engine may run. */
void mmu_reset(struct mmu *mmu);

bool mmu_ctx_defined(struct mmu *mmu, u32 ctx);
u32 mmu_ctx_pasid(struct mmu *mmu, u32 ctx);

/*
 * For caches of decoded instructions: raised whenever code that was read before
 * may be out of date, before the flush or change that makes it so returns. NULL:
 * no such context. The word stays where it is until the mmu goes.
 */
const _Atomic u64 *mmu_code_epoch(struct mmu *mmu, u32 ctx);
/* ACQUIRE_MEM with an ICACHE action, s_icache_inv. */
void mmu_code_changed(struct mmu *mmu, u32 ctx);

enum mmu_cause { MMU_NOT_PRESENT, MMU_PERMISSION, MMU_NO_ANSWER };

/* Why an access did not happen. Nothing of the byte at @va was done. */
struct mmu_fault {
	u64 va;
	u32 access;	/* VKFD_FAULT_READ, _WRITE, both for atomics; READ and _EXECUTE for code */
	enum mmu_cause cause;
	bool retry;	/* park the access; else stop */
};

#define MMU_MORE	63u

/* Other pages that the access lacks, each as the fault says, in the order they were met. */
struct mmu_more {
	u32 nr;
	u64 page[MMU_MORE];
};

/* Own VRAM, peers' VRAM, guest RAM: what byte counters tell apart. */
enum mmu_side { SIDE_VRAM, SIDE_PEER, SIDE_SYSTEM, NR_SIDES };

/* What accesses did, for the counters. */
struct mmu_tally {
	u64 hits, misses;
	u64 read[NR_SIDES], written[NR_SIDES];
};

/* One access by one queue: whose address space, and the answer to a failure. */
struct mmu_access {
	struct mmu *mmu;
	u32 ctx;
	struct mmu_fault fault;
	/*
	 * NULL: each access goes to the counters when it ends. Else it is added here, and
	 * the owner calls mmu_tally_settle(): many small accesses pay for the counters once.
	 */
	struct mmu_tally *tally;
	/* NULL, or: filled by accesses of lanes (mmu/lanes.h) with a fault that may be retried. */
	struct mmu_more *more;
};

/* Adds to the counters of the access's GPU, and forgets. */
void mmu_tally_settle(const struct mmu_access *access, struct mmu_tally *tally);

/* Longest piece that one call touches; the reader lock of a flush is held that long. */
#define MMU_PIECE_BYTES (2u << 20)

/* Small accesses (@len <= 64 KiB). False: @access->fault says why; some bytes may be done. */
bool mmu_read(struct mmu_access *access, u64 va, void *dst, size_t len);
bool mmu_write(struct mmu_access *access, u64 va, const void *src, size_t len);
/* 4 or 8 bytes, naturally aligned: one atomic access. */
bool mmu_load(struct mmu_access *access, u64 va, u64 *value, unsigned int bytes);
bool mmu_store(struct mmu_access *access, u64 va, u64 value, unsigned int bytes);
bool mmu_atomic(struct mmu_access *access, u64 va, struct mem_atomic *atomic, unsigned int bytes);

#define MMU_COPY_DSTS 2

struct mmu_copy {
	u64 src;
	u64 dst[MMU_COPY_DSTS];
	unsigned int nr_dst;
	bool large;		/* part of a transfer that does not fit the CPU's caches */
};

/**
 * mmu_copy() - copy at most one piece
 *
 * Return: bytes done, from the start. Less than min(@len, MMU_PIECE_BYTES)
 * means that the next byte faults: see @access->fault.
 */
u64 mmu_copy(struct mmu_access *access, const struct mmu_copy *copy, u64 len);

/**
 * mmu_fill() - fill at most one piece with a repeated 32-bit value
 * @pattern: byte n of the fill is byte n % 4 of this, little endian.
 *
 * Return: as mmu_copy().
 */
u64 mmu_fill(struct mmu_access *access, u64 va, u32 pattern, u64 len);

#endif
