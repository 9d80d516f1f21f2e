// SPDX-License-Identifier: MIT
/* PM4 packets that move data: each goes on at its first unfinished byte after a fault. */
#include "mem/atomic.h"
#include "cp/compute_priv.h"

#define CHUNK_DWORDS 64u
#define L2_OR_MEMORY(sel) ((sel) == VKFD_PM4_DST_L2 || (sel) == VKFD_PM4_DST_MEMORY)

static u32 dst_sel(u32 dw)
{
	return dw >> 8 & 0xf;
}

/* Every dword to the same address: each store is a store. */
static enum cp_step write_one(struct cp_run *run, u64 addr)
{
	struct pm4_packet *packet = &run->queue->packet;
	u32 value;

	if (!pm4_tail_read(run, (u32)(packet->done / 4), &value, 1) ||
	    !mmu_store(&run->access, addr, value, 4))
		return CP_FAULT;
	packet->done += 4;
	return CP_DONE;
}

/* One dword, or two at an aligned address, arrive as one store: it may be a doorbell. */
static enum cp_step write_chunk(struct cp_run *run, u64 addr, u32 n)
{
	struct pm4_packet *packet = &run->queue->packet;
	u32 dw[CHUNK_DWORDS];
	bool ok;

	if (n > CHUNK_DWORDS)
		n = CHUNK_DWORDS;
	if (!pm4_tail_read(run, (u32)(packet->done / 4), dw, n))
		return CP_FAULT;
	addr += packet->done;
	if (n == 1)
		ok = mmu_store(&run->access, addr, dw[0], 4);
	else if (n == 2 && !(addr & 7))
		ok = mmu_store(&run->access, addr, cp_addr(dw), 8);
	else
		ok = mmu_write(&run->access, addr, dw, n * 4u);
	if (!ok)
		return CP_FAULT;
	packet->done += n * 4u;
	return CP_DONE;
}

enum cp_step pm4_run_write_data(struct cp_run *run)
{
	struct pm4_packet *packet = &run->queue->packet;
	u32 dwords = pm4_tail_dwords(packet);
	u64 addr = cp_addr(packet->dw + 2) & ~3ULL;

	if (!L2_OR_MEMORY(dst_sel(packet->dw[1])) || !dwords)
		return cp_malformed(run);
	while (packet->done < dwords * 4ULL) {
		enum cp_step step = packet->dw[1] & VKFD_PM4_WRITE_ONE_ADDR ?
					    write_one(run, addr) :
					    write_chunk(run, addr, dwords - (u32)(packet->done / 4));

		if (step != CP_DONE)
			return step;
	}
	run->budget -= dwords * 4L;
	return CP_DONE;
}

/* False: a fault. */
static bool copy_source(struct cp_run *run, u32 src, unsigned int bytes, u64 *value)
{
	const u32 *dw = run->queue->packet.dw;

	if (src == VKFD_PM4_SRC_IMMEDIATE)
		*value = cp_addr(dw + 2);
	else if (src == VKFD_PM4_SRC_CLOCK)
		*value = gpu_clock_now(run->compute->config.clock);
	else
		return mmu_load(&run->access, cp_addr(dw + 2), value, bytes);
	return true;
}

enum cp_step pm4_run_copy_data(struct cp_run *run)
{
	const u32 *dw = run->queue->packet.dw;
	unsigned int bytes = dw[1] & VKFD_PM4_COPY_64 ? 8 : 4;
	u32 src = dw[1] & 0xf, misplaced = bytes - 1;
	bool memory = src == VKFD_PM4_SRC_MEMORY || src == VKFD_PM4_SRC_L2;
	u64 value;

	if (!L2_OR_MEMORY(dst_sel(dw[1])) || dw[4] & misplaced || (memory && dw[2] & misplaced) ||
	    (!memory && src != VKFD_PM4_SRC_IMMEDIATE && src != VKFD_PM4_SRC_CLOCK))
		return cp_malformed(run);
	if (!copy_source(run, src, bytes, &value) ||
	    !mmu_store(&run->access, cp_addr(dw + 4), value, bytes))
		return CP_FAULT;
	return CP_DONE;
}

enum dma_select { DMA_MEMORY = 0, DMA_IMMEDIATE = 2, DMA_L2 = 3 };

/* One piece. Bytes done. */
static u64 dma_piece(struct cp_run *run, u64 left)
{
	struct pm4_packet *packet = &run->queue->packet;
	u64 src = cp_addr(packet->dw + 2) + packet->done;
	u64 dst = cp_addr(packet->dw + 4) + packet->done;
	u32 shift = packet->done % 4 * 8;
	struct mmu_copy copy = { .src = src, .dst = { dst }, .nr_dst = 1 };
	u32 value = packet->dw[2];

	if (VKFD_PM4_DMA_SRC(packet->dw[1]) != DMA_IMMEDIATE)
		return mmu_copy(&run->access, &copy, left);
	if (shift)
		value = value >> shift | value << (32 - shift);
	return mmu_fill(&run->access, dst, value, left);
}

enum cp_step pm4_run_dma_data(struct cp_run *run)
{
	struct pm4_packet *packet = &run->queue->packet;
	u32 src = VKFD_PM4_DMA_SRC(packet->dw[1]), dst = VKFD_PM4_DMA_DST(packet->dw[1]);
	u64 bytes = VKFD_PM4_DMA_BYTES(packet->dw[6]);

	if ((dst != DMA_MEMORY && dst != DMA_L2) ||
	    (src != DMA_MEMORY && src != DMA_L2 && src != DMA_IMMEDIATE))
		return cp_malformed(run);
	while (packet->done < bytes) {
		u64 left = bytes - packet->done;
		u64 want = left < MMU_PIECE_BYTES ? left : MMU_PIECE_BYTES;
		u64 done = dma_piece(run, left);

		packet->done += done;
		run->budget -= (s64)done;
		if (done < want)
			return CP_FAULT;
		if (packet->done < bytes && run->budget <= 0)
			return CP_YIELD;
	}
	return CP_DONE;
}

/* Looped compare-and-swap: done when memory held the compare value. */
static bool loop_unsatisfied(u32 control, const struct mem_atomic *atomic, unsigned int bytes)
{
	const u32 cmpswap = 8;
	u64 mask = bytes == 8 ? ~0ULL : 0xffffffffULL;

	if (!(control >> 8 & 1) || (atomic->op & 0x1f) != cmpswap)
		return false;
	return ((atomic->old ^ atomic->compare) & mask) != 0;
}

enum cp_step pm4_run_atomic_mem(struct cp_run *run)
{
	const u32 *dw = run->queue->packet.dw;
	struct mem_atomic atomic = { .op = dw[1] & 0x7f,
				     .src = cp_addr(dw + 4),
				     .compare = cp_addr(dw + 6) };
	u64 addr = cp_addr(dw + 2);
	unsigned int bytes;

	if (!mem_atomic_known(atomic.op, &bytes) || addr & (bytes - 1) || dw[1] >> 8 & 0xe)
		return cp_malformed(run);
	if (!mmu_atomic(&run->access, addr, &atomic, bytes))
		return CP_FAULT;
	return loop_unsatisfied(dw[1], &atomic, bytes) ? CP_WAIT : CP_DONE;
}
