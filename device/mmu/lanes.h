/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_MMU_LANES_H
#define VKFD_DEVICE_MMU_LANES_H

#include "mmu/mmu.h"

#define MMU_LANES	64u
/* 64 lanes, 16 bytes each at an odd address of swizzled memory: five dwords. */
#define MMU_PIECES	320u
/* A piece is shorter than a page, so it touches at most two. */
#define MMU_PIECE_LEN	4096u

/* Bytes that lie together both in the address space and in @data. */
struct mmu_piece {
	u64 va;
	u8 *data;	/* load: filled; store: source */
	u32 len;
};

/* What one wave instruction reads or writes, lowest lane first. */
struct mmu_pieces {
	u32 nr;
	struct mmu_piece piece[MMU_PIECES];
};

/* Adds bytes, to the last piece if they follow it. At most MMU_PIECES calls from nr 0. */
static inline void mmu_piece_add(struct mmu_pieces *pieces, u64 va, void *data, u32 len)
{
	struct mmu_piece *last = pieces->piece + pieces->nr - (pieces->nr > 0);

	if (pieces->nr && last->va + last->len == va && last->data + last->len == (u8 *)data &&
	    last->len + len <= MMU_PIECE_LEN) {
		last->len += len;
		return;
	}
	pieces->piece[pieces->nr++] = (struct mmu_piece){ va, data, len };
}

/*
 * All or nothing: every page of every piece is translated inside one in-flight
 * section before the first byte moves. False: access->fault names the first byte
 * in order that is missing, and nothing happened. Done in order; each naturally
 * aligned 2, 4 or 8 bytes of memory are one access (mem/words.h).
 *
 * One exception: guest RAM that leaves the device's table between translation
 * and access, after pieces in VRAM were done. That fault is never retried.
 */
bool mmu_pieces_load(struct mmu_access *access, const struct mmu_pieces *pieces);
bool mmu_pieces_store(struct mmu_access *access, const struct mmu_pieces *pieces);

/* Instruction fetch: needs the right to execute. @len <= MMU_PIECE_LEN. */
bool mmu_fetch(struct mmu_access *access, u64 va, void *dst, u32 len);

/* Atomics of one wave instruction. */
struct mmu_lane_atomics {
	u64 active;		/* bit n: lane n takes part */
	u32 bytes;		/* 4 or 8 */
	u64 va[MMU_LANES];
	struct mem_atomic atomic[MMU_LANES];
};

/* All or nothing as above, then lowest lane first. A misaligned address is a fault, not retried. */
bool mmu_lanes_atomic(struct mmu_access *access, struct mmu_lane_atomics *lanes);

#endif
