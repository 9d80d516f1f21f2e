/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_MEM_PIECE_H
#define VKFD_MEM_PIECE_H

#include "vkfd_hw/types.h"

/*
 * Pure: how an interval is cut for migration. Pieces are powers of two and
 * naturally aligned, because the helpers round a faulting address to the size
 * of its buffer. Bytes, 4 KiB pages. No kernel includes: tests/host builds it.
 */
#define VKFD_PIECE_MAX	0x200000u
#define VKFD_PIECE_MID	0x10000u
#define VKFD_PIECE_MIN	0x1000u

/* Largest piece that starts at @start and ends at or before @end; 0 if none. */
static inline u64 vkfd_piece_bytes(u64 start, u64 end)
{
	u64 bytes = VKFD_PIECE_MAX;

	if (end <= start || end - start < VKFD_PIECE_MIN)
		return 0;
	while (bytes > VKFD_PIECE_MIN && ((start & (bytes - 1)) || bytes > end - start))
		bytes >>= 1;
	return bytes;
}

/* Size to try when a piece of @bytes does not move as a whole; 0: it stays. */
static inline u64 vkfd_piece_smaller(u64 bytes)
{
	if (bytes > VKFD_PIECE_MID)
		return VKFD_PIECE_MID;
	return bytes > VKFD_PIECE_MIN ? VKFD_PIECE_MIN : 0;
}

#endif
