// SPDX-License-Identifier: MIT
/*
 * DOC: SDMA packets that move data
 *
 * Each handler goes on at packet->done, piece by piece, until the packet is
 * finished, the turn is over or a byte faults; what is done stays done, so a
 * replay starts at the first unfinished byte.
 */
#include <string.h>
#include "sdma/sdma_priv.h"

/* Accounts one piece. False: the turn is over. */
static bool charge(struct sdma_run *run, u64 bytes)
{
	run->queue->packet.done += bytes;
	run->budget -= (s64)(bytes > SDMA_STEP_COST ? bytes : SDMA_STEP_COST);
	if (bytes)
		run->progress = true;
	return run->budget > 0 && !atomic_load(&run->queue->stop);
}

static void count(struct sdma_run *run, u64 read, u64 written)
{
	struct counters *counters = run->sdma->config.counters;

	if (read)
		counter_add(counters, VKFD_STAT_SDMA_BYTES_READ, read);
	counter_add(counters, VKFD_STAT_SDMA_BYTES_WRITTEN, written);
}

/* Source and destination of this much still fit the caches of a CPU, roughly. */
#define CACHED_BYTES (8ULL << 20)

/* Copies [done, total) of a linear packet; @copy holds its first addresses. */
static enum sdma_step copy_linear(struct sdma_run *run, const struct mmu_copy *copy, u64 total)
{
	struct sdma_packet *packet = &run->queue->packet;

	while (packet->done < total) {
		struct mmu_copy piece = *copy;
		u64 left = total - packet->done;
		u64 want = left < MMU_PIECE_BYTES ? left : MMU_PIECE_BYTES;
		u64 done;

		piece.large = total > CACHED_BYTES;
		piece.src += packet->done;
		piece.dst[0] += packet->done;
		piece.dst[1] += packet->done;
		done = mmu_copy(&run->access, &piece, want);
		count(run, done, done * copy->nr_dst);
		if (!charge(run, done) && done == want && packet->done < total)
			return SDMA_YIELD;
		if (done < want)
			return SDMA_FAULT;
	}
	return SDMA_DONE;
}

enum sdma_step sdma_run_copy(struct sdma_run *run)
{
	const u32 *dw = run->queue->packet.dw;
	struct mmu_copy copy = { sdma_addr(dw + 3), { sdma_addr(dw + 5), 0 }, 1, false };

	return copy_linear(run, &copy, (u64)(dw[1] & VKFD_SDMA_COUNT_MASK) + 1);
}

enum sdma_step sdma_run_broadcast(struct sdma_run *run)
{
	const u32 *dw = run->queue->packet.dw;
	struct mmu_copy copy = { sdma_addr(dw + 3), { sdma_addr(dw + 5), sdma_addr(dw + 7) }, 2, false };

	return copy_linear(run, &copy, (u64)(dw[1] & VKFD_SDMA_COUNT_MASK) + 1);
}

/* One side of a rectangle copy, in bytes. */
struct rect_side {
	u64 start;
	u64 pitch;
	u64 slice;
};

/* dw: base lo/hi, x and y, z and pitch, slice; x quantities in elements. */
static struct rect_side rect_side(const u32 *dw, u32 log2)
{
	u64 x = dw[2] & 0x3fff, y = dw[2] >> 16 & 0x3fff, z = dw[3] & 0x7ff;
	u64 pitch = (u64)(dw[3] >> 13) + 1, slice = (u64)(dw[4] & 0xfffffff) + 1;
	struct rect_side side = { sdma_addr(dw), pitch << log2, slice << log2 };

	side.start += (x << log2) + y * side.pitch + z * side.slice;
	return side;
}

static u64 rect_at(const struct rect_side *side, u64 row, u64 rows, u64 offset)
{
	return side->start + row % rows * side->pitch + row / rows * side->slice + offset;
}

enum sdma_step sdma_run_rect(struct sdma_run *run)
{
	struct sdma_packet *packet = &run->queue->packet;
	u32 log2 = packet->dw[0] >> 29;
	struct rect_side src = rect_side(packet->dw + 1, log2);
	struct rect_side dst = rect_side(packet->dw + 6, log2);
	u64 row_bytes = ((u64)(packet->dw[11] & 0x3fff) + 1) << log2;
	u64 rows = (packet->dw[11] >> 16 & 0x3fff) + 1;
	u64 total = row_bytes * rows * ((packet->dw[12] & 0x7ff) + 1);

	if (log2 > 4)
		return sdma_bad(run, VKFD_QERR_MALFORMED);
	while (packet->done < total) {
		u64 row = packet->done / row_bytes, offset = packet->done % row_bytes;
		struct mmu_copy copy = { rect_at(&src, row, rows, offset),
					 { rect_at(&dst, row, rows, offset), 0 }, 1, false };
		u64 want = row_bytes - offset; /* at most 256 KiB */
		u64 done = mmu_copy(&run->access, &copy, want);

		count(run, done, done);
		if (!charge(run, done) && done == want && packet->done < total)
			return SDMA_YIELD;
		if (done < want)
			return SDMA_FAULT;
	}
	return SDMA_DONE;
}

/* One or two aligned dwords arrive as one store: doorbells and flags need it. */
static enum sdma_step write_word(struct sdma_run *run, u64 dst, u32 bytes)
{
	u64 value = 0;

	if (!sdma_tail_read(run, 0, &value, bytes) ||
	    !mmu_store(&run->access, dst, value, bytes))
		return SDMA_FAULT;
	count(run, 0, bytes);
	return SDMA_DONE;
}

enum sdma_step sdma_run_write(struct sdma_run *run)
{
	struct sdma_packet *packet = &run->queue->packet;
	u64 dst = sdma_addr(packet->dw + 1);
	u64 total = packet->tail * 4ULL;

	if (dst & 3)
		return sdma_bad(run, VKFD_QERR_MALFORMED);
	if (total <= 8 && !(dst & (total - 1)))
		return write_word(run, dst, (u32)total);
	while (packet->done < total) {
		u64 want = total - packet->done, done;
		struct mmu_copy copy = { 0, { dst + packet->done, 0 }, 1, false };

		if (want > MMU_PIECE_BYTES)
			want = MMU_PIECE_BYTES;
		copy.src = sdma_tail_va(run, packet->done, &want);
		done = mmu_copy(&run->access, &copy, want);
		count(run, 0, done);
		if (!charge(run, done) && done == want && packet->done < total)
			return SDMA_YIELD;
		if (done < want)
			return SDMA_FAULT;
	}
	return SDMA_DONE;
}

/* Both ways to count a dword fill (bytes - 1, bytes - 4) give the same dwords. */
static u64 fill_bytes(u32 header, u32 count_field)
{
	u64 field = count_field & VKFD_SDMA_COUNT_MASK;

	switch (header >> 30) {
	case VKFD_SDMA_FILL_BYTE:
		return field + 1;
	case VKFD_SDMA_FILL_DWORD:
		return ((field >> 2) + 1) * 4;
	default:
		return 0;
	}
}

static u32 rotate_pattern(u32 pattern, u64 done)
{
	u32 bits = (u32)(done % 4) * 8;

	return bits ? pattern >> bits | pattern << (32 - bits) : pattern;
}

enum sdma_step sdma_run_fill(struct sdma_run *run)
{
	struct sdma_packet *packet = &run->queue->packet;
	u64 total = fill_bytes(packet->dw[0], packet->dw[4]);
	u32 pattern = packet->dw[3];

	if (!total)
		return sdma_bad(run, VKFD_QERR_MALFORMED);
	if (packet->dw[0] >> 30 == VKFD_SDMA_FILL_BYTE)
		pattern = (pattern & 0xff) * 0x01010101u;
	while (packet->done < total) {
		u64 left = total - packet->done, done;
		u64 want = left < MMU_PIECE_BYTES ? left : MMU_PIECE_BYTES;

		done = mmu_fill(&run->access, sdma_addr(packet->dw + 1) + packet->done,
				rotate_pattern(pattern, packet->done), want);
		count(run, 0, done);
		if (!charge(run, done) && done == want && packet->done < total)
			return SDMA_YIELD;
		if (done < want)
			return SDMA_FAULT;
	}
	return SDMA_DONE;
}

#define PTE_BATCH 512u

/* done counts entries here. A batch ends at a page, so it faults as a whole. */
enum sdma_step sdma_run_ptepde(struct sdma_run *run)
{
	struct sdma_packet *packet = &run->queue->packet;
	u64 dst = sdma_addr(packet->dw + 1), mask = sdma_addr(packet->dw + 3);
	u64 value = sdma_addr(packet->dw + 5), step = sdma_addr(packet->dw + 7);
	u64 total = (u64)(packet->dw[9] & VKFD_SDMA_WRITE_COUNT_MASK) + 1;
	u64 entries[PTE_BATCH];

	if (dst & 7)
		return sdma_bad(run, VKFD_QERR_MALFORMED);
	while (packet->done < total) {
		u64 at = dst + packet->done * 8;
		u64 n = (4096 - at % 4096) / 8;

		if (n > total - packet->done)
			n = total - packet->done;
		for (u64 i = 0; i < n; i++)
			entries[i] = mask | (value + (packet->done + i) * step);
		if (!mmu_write(&run->access, at, entries, (size_t)(n * 8)))
			return SDMA_FAULT;
		count(run, 0, n * 8);
		if (!charge(run, n) && packet->done < total)
			return SDMA_YIELD;
	}
	return SDMA_DONE;
}
