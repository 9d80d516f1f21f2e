// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: copies by the kernel's engine
 *
 * Builds the packets of M5 and M6: system pages are reached through the GART,
 * VRAM directly by hive address.
 *
 * A copy of scattered pages is cut into windows of at most 512 pages. For each
 * window the ring gets: one WRITE packet that stores the window's GART entries,
 * a register write that drops old translations, COPY packets, a fence number.
 * Two windows alternate. Before entries of a window are queued again, its last
 * number must be done; the other window copies meanwhile. Inside a window the
 * system side is contiguous by construction, so a COPY packet is as long as the
 * VRAM side is contiguous: usually one packet a window.
 *
 * Locks: the copy-window mutex (vkfd_sdma_lock()); fences are allocated before.
 *
 * Refused: nothing is validated here but emptiness; callers own both sides.
 */
#include <linux/dma-fence.h>
#include <linux/sizes.h>

#include "core/device.h"
#include "core/trace.h"
#include "engine/eng_gart.h"
#include "engine/eng_sdma.h"
#include "engine/eng_sdma_priv.h"
#include "vkfd_hw/sdma.h"

#define COPY_CHUNK_BYTES SZ_256M	/* of VRAM copies and fills; a packet counts up to 1 GiB */

/** struct copy_cursor - position in a list of runs */
struct copy_cursor {
	const struct vkfd_copy_run *run;
	u32 page;	/* in @run */
};

/** struct copy_piece - what one COPY packet will move */
struct copy_piece {
	u64 hive;
	unsigned int first;	/* page of the window */
	unsigned int pages;
};

static u32 cursor_left(const struct copy_cursor *cursor)
{
	return cursor->run->pages - cursor->page;
}

static void cursor_advance(struct copy_cursor *cursor, u32 pages)
{
	cursor->page += pages;
	if (cursor->page == cursor->run->pages) {
		cursor->run++;
		cursor->page = 0;
	}
}

static void emit_copy(struct vkfd_ring *ring, u64 dst, u64 src, u64 bytes)
{
	vkfd_ring_emit(ring, VKFD_SDMA_HEADER(VKFD_SDMA_COPY, VKFD_SDMA_SUB_COPY_LINEAR));
	vkfd_ring_emit(ring, (u32)(bytes - 1));
	vkfd_ring_emit(ring, 0);
	vkfd_ring_emit64(ring, src);
	vkfd_ring_emit64(ring, dst);
}

static void emit_fill(struct vkfd_ring *ring, u64 dst, u64 bytes, u32 value)
{
	vkfd_ring_emit(ring, VKFD_SDMA_HEADER(VKFD_SDMA_CONST_FILL, 0) |
			     VKFD_SDMA_FILL_DWORD << 30);
	vkfd_ring_emit64(ring, dst);
	vkfd_ring_emit(ring, value);
	vkfd_ring_emit(ring, (u32)(bytes - 1));
}

/* GART entries of the next @pages pages, by value of @cursor. */
static void emit_window_entries(struct vkfd_device *dev, struct copy_cursor cursor,
				unsigned int window, u32 pages)
{
	struct vkfd_ring *ring = &dev->sdma->ring;

	vkfd_ring_emit(ring, VKFD_SDMA_HEADER(VKFD_SDMA_WRITE, 0));
	vkfd_ring_emit64(ring, vkfd_gart_pte_addr(dev, window, 0));
	vkfd_ring_emit(ring, 2 * pages - 1);
	for (; pages; pages--) {
		dma_addr_t bus = cursor.run->bus + (dma_addr_t)cursor.page * SZ_4K;

		vkfd_ring_emit64(ring, vkfd_gart_pte(bus));
		cursor_advance(&cursor, 1);
	}
	vkfd_ring_emit(ring, VKFD_SDMA_HEADER(VKFD_SDMA_SRBM_WRITE, 0));
	vkfd_ring_emit(ring, VKFD_REG_GART_FLUSH);
	vkfd_ring_emit(ring, 1);
}

static void emit_piece(struct vkfd_device *dev, enum vkfd_copy_dir dir, unsigned int window,
		       const struct copy_piece *piece)
{
	u64 system = vkfd_gart_mc_addr(dev, window, piece->first);
	u64 bytes = (u64)piece->pages * SZ_4K;

	if (dir == VKFD_COPY_TO_VRAM)
		emit_copy(&dev->sdma->ring, piece->hive, system, bytes);
	else
		emit_copy(&dev->sdma->ring, system, piece->hive, bytes);
}

/* COPY packets of the next @pages pages; advances @cursor past them. */
static void emit_window_copies(struct vkfd_device *dev, enum vkfd_copy_dir dir,
			       struct copy_cursor *cursor, unsigned int window, u32 pages)
{
	struct copy_piece piece = {};
	u32 done, step;

	for (done = 0; done < pages; done += step) {
		u64 hive = cursor->run->hive + (u64)cursor->page * SZ_4K;

		step = min(cursor_left(cursor), pages - done);
		if (piece.pages && hive == piece.hive + (u64)piece.pages * SZ_4K) {
			piece.pages += step;
		} else {
			if (piece.pages)
				emit_piece(dev, dir, window, &piece);
			piece = (struct copy_piece){ .hive = hive, .first = done, .pages = step };
		}
		cursor_advance(cursor, step);
	}
	emit_piece(dev, dir, window, &piece);
}

/* Queues one window; its packets are not committed yet. */
static int queue_window(struct vkfd_device *dev, enum vkfd_copy_dir dir,
			struct copy_cursor *cursor, u32 pages)
{
	struct vkfd_sdma *sdma = dev->sdma;
	unsigned int window = sdma->next_window;
	u32 dwords = VKFD_SDMA_WRITE_HEADER_DWORDS + 2 * pages + VKFD_SDMA_SRBM_DWORDS +
		     pages * VKFD_SDMA_COPY_DWORDS + VKFD_SDMA_FENCE_DWORDS;
	int err;

	lockdep_assert_held(&sdma->submit);
	err = vkfd_sdma_wait_seq(dev, sdma->window_seq[window]);
	if (err)
		return err;
	err = vkfd_sdma_reserve(dev, dwords + VKFD_SDMA_FENCE_TRAP_DWORDS);
	if (err)
		return err;
	emit_window_entries(dev, *cursor, window, pages);
	emit_window_copies(dev, dir, cursor, window, pages);
	sdma->window_seq[window] = vkfd_sdma_emit_seq(dev);
	sdma->next_window = (window + 1) % VKFD_GART_WINDOWS;
	return 0;
}

static int queue_pages(struct vkfd_device *dev, enum vkfd_copy_dir dir,
		       struct copy_cursor *cursor, u64 pages)
{
	int err;

	for (;;) {
		u32 now = min_t(u64, pages, VKFD_GART_WINDOW_PAGES);

		err = queue_window(dev, dir, cursor, now);
		if (err)
			return err;
		pages -= now;
		if (!pages)
			return 0; /* committed together with the caller's fence */
		vkfd_ring_commit(dev, &dev->sdma->ring);
	}
}

static u64 count_pages(const struct vkfd_copy_run *runs, unsigned int nr_runs)
{
	u64 pages = 0;
	unsigned int i;

	for (i = 0; i < nr_runs; i++) {
		if (WARN_ON_ONCE(!runs[i].pages))
			return 0;
		pages += runs[i].pages;
	}
	return pages;
}

/**
 * vkfd_sdma_copy_pages() - Copy between system pages and VRAM through the GART
 * @dev:     GPU.
 * @dir:     Direction.
 * @runs:    Pieces, each contiguous on both sides.
 * @nr_runs: Number of pieces.
 *
 * Context: Process context, may sleep; allocates only before it takes the
 * copy-window mutex. Not in a notifier.
 * Return: Counted fence that signals after the last byte, or ERR_PTR(-ENODEV,
 * -ENOMEM, -EIO injected failure, -EINVAL empty piece).
 */
struct dma_fence *vkfd_sdma_copy_pages(struct vkfd_device *dev, enum vkfd_copy_dir dir,
				       const struct vkfd_copy_run *runs, unsigned int nr_runs)
{
	struct copy_cursor cursor = { .run = runs };
	u64 pages = count_pages(runs, nr_runs);
	struct dma_fence *fence;
	int err;

	if (!pages)
		return ERR_PTR(-EINVAL);
	if (atomic_dec_if_positive(&dev->sdma->fail_copies) >= 0)
		return ERR_PTR(-EIO);
	fence = vkfd_fence_alloc(&dev->sdma->timeline);
	if (!fence)
		return ERR_PTR(-ENOMEM);
	err = vkfd_sdma_lock(dev);
	if (err)
		goto err_discard;
	err = queue_pages(dev, dir, &cursor, pages);
	if (err)
		goto err_unlock;
	vkfd_sdma_finish(dev, fence);
	vkfd_sdma_unlock(dev);
	trace_vkfd_copy(dev->gpu_id, dir == VKFD_COPY_TO_VRAM, pages, nr_runs, fence->seqno);
	return fence;

err_unlock:
	vkfd_sdma_unlock(dev);
err_discard:
	vkfd_fence_discard(fence);
	return ERR_PTR(err);
}

/** struct linear_job - a copy inside VRAM or a fill, in chunks of one packet */
struct linear_job {
	u64 dst, src, bytes;
	u32 value;
	bool fill;
};

static int queue_linear(struct vkfd_device *dev, const struct linear_job *job)
{
	struct vkfd_ring *ring = &dev->sdma->ring;
	u64 done, step;
	int err;

	for (done = 0; done < job->bytes; done += step) {
		step = min_t(u64, job->bytes - done, COPY_CHUNK_BYTES);
		err = vkfd_sdma_reserve(dev, VKFD_SDMA_COPY_DWORDS + VKFD_SDMA_FENCE_TRAP_DWORDS);
		if (err)
			return err;
		if (job->fill)
			emit_fill(ring, job->dst + done, step, job->value);
		else
			emit_copy(ring, job->dst + done, job->src + done, step);
	}
	return 0;
}

static struct dma_fence *run_linear(struct vkfd_device *dev, const struct linear_job *job)
{
	struct dma_fence *fence;
	int err;

	if (!job->bytes)
		return ERR_PTR(-EINVAL);
	if (atomic_dec_if_positive(&dev->sdma->fail_copies) >= 0)
		return ERR_PTR(-EIO);
	fence = vkfd_fence_alloc(&dev->sdma->timeline);
	if (!fence)
		return ERR_PTR(-ENOMEM);
	err = vkfd_sdma_lock(dev);
	if (err)
		goto err_discard;
	err = queue_linear(dev, job);
	if (err)
		goto err_unlock;
	vkfd_sdma_finish(dev, fence);
	vkfd_sdma_unlock(dev);
	return fence;

err_unlock:
	vkfd_sdma_unlock(dev);
err_discard:
	vkfd_fence_discard(fence);
	return ERR_PTR(err);
}

/**
 * vkfd_sdma_copy_vram() - Copy VRAM to VRAM
 * @dev:      GPU whose engine copies.
 * @dst_hive: Destination, own or a linked peer's.
 * @src_hive: Source, own or a linked peer's.
 * @bytes:    Length; the areas do not overlap.
 *
 * Context: As vkfd_sdma_copy_pages().
 * Return: As vkfd_sdma_copy_pages().
 */
struct dma_fence *vkfd_sdma_copy_vram(struct vkfd_device *dev, u64 dst_hive, u64 src_hive,
				      u64 bytes)
{
	struct linear_job job = { .dst = dst_hive, .src = src_hive, .bytes = bytes };

	return run_linear(dev, &job);
}

/**
 * vkfd_sdma_fill() - Fill VRAM with a value
 * @dev:   GPU.
 * @hive:  Start, 4-byte aligned.
 * @bytes: Length, a multiple of 4.
 * @value: Repeated value.
 *
 * Context: As vkfd_sdma_copy_pages().
 * Return: As vkfd_sdma_copy_pages().
 */
struct dma_fence *vkfd_sdma_fill(struct vkfd_device *dev, u64 hive, u64 bytes, u32 value)
{
	struct linear_job job = { .dst = hive, .bytes = bytes, .value = value, .fill = true };

	if (bytes % 4)
		return ERR_PTR(-EINVAL);
	return run_linear(dev, &job);
}
