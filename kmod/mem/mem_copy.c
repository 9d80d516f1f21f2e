// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: Copy callbacks
 *
 * Turns the helpers' page arrays into SDMA work and waits for it: RAM to VRAM,
 * VRAM to RAM, VRAM to VRAM, and zeroes for pages that never existed. An entry
 * covers 1 << order pages and the entries behind it are empty; both sides
 * empty means a page that does not take part.
 *
 * Called by drm_pagemap under folio locks, below mmap_lock or dma_resv. May
 * sleep; takes only the copy engine's locks. Refuses to succeed on a fence
 * error (-EIO, -ENODEV): the migration would end with garbage.
 *
 * Pipelined by two: while the engine works on one submission the next is
 * built, and each fence is looked at.
 */
#include <linux/dma-fence.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "core/stall.h"
#include "engine/eng_sdma.h"
#include "mem/mem_int.h"
#include "mem/mem_pagemap.h"
#include "mem/mem_runs.h"

#define BATCH_SMALL 8

struct copy_batch {
	struct vkfd_device *dev;
	enum vkfd_copy_dir dir;
	struct vkfd_runs runs;
	struct vkfd_copy_run small[BATCH_SMALL];
	struct dma_fence *last;
	int err;
	u64 pages;
	u64 fill_hive, fill_bytes;
};

static DEFINE_SPINLOCK(note_lock);	/* guards note_list and the counts on it */
static LIST_HEAD(note_list);

void vkfd_copy_note_begin(struct vkfd_copy_note *note)
{
	note->task = current;
	note->pages = 0;
	spin_lock(&note_lock);
	list_add(&note->link, &note_list);
	spin_unlock(&note_lock);
}

void vkfd_copy_note_end(struct vkfd_copy_note *note)
{
	spin_lock(&note_lock);
	list_del(&note->link);
	spin_unlock(&note_lock);
}

/* The innermost note of this task: fault and eviction do not nest, but lists are cheap. */
static void note_add(u64 pages)
{
	struct vkfd_copy_note *note;

	spin_lock(&note_lock);
	list_for_each_entry(note, &note_list, link) {
		if (note->task == current) {
			note->pages += pages;
			break;
		}
	}
	spin_unlock(&note_lock);
}

static void batch_begin(struct copy_batch *batch, struct vkfd_device *dev,
			enum vkfd_copy_dir dir, unsigned long npages)
{
	*batch = (struct copy_batch){ .dev = dev, .dir = dir };
	batch->runs.run = kmalloc_array(npages, sizeof(*batch->runs.run),
					GFP_KERNEL | __GFP_NOWARN);
	batch->runs.room = npages;
	if (!batch->runs.run) {
		/* Slower, but a CPU fault must not fail for this. */
		batch->runs.run = batch->small;
		batch->runs.room = BATCH_SMALL;
	}
}

static void batch_fence(struct copy_batch *batch, struct dma_fence *fence)
{
	struct dma_fence *last = batch->last;
	int err = 0;

	batch->last = fence;
	if (last)
		err = vkfd_sdma_wait(batch->dev, last);
	batch->err = batch->err ?: err;
}

static void batch_submit(struct copy_batch *batch)
{
	unsigned int i;

	if (!batch->runs.nr)
		return;
	for (i = 0; i < batch->runs.nr; i++)
		batch->pages += batch->runs.run[i].pages;
	batch_fence(batch, vkfd_sdma_copy_pages(batch->dev, batch->dir, batch->runs.run,
						batch->runs.nr));
	batch->runs.nr = 0;
}

static void batch_copy(struct copy_batch *batch, u64 hive, dma_addr_t bus, u32 pages)
{
	if (vkfd_runs_add(&batch->runs, hive, bus, pages))
		return;
	batch_submit(batch);
	vkfd_runs_add(&batch->runs, hive, bus, pages);
}

static void batch_fill_submit(struct copy_batch *batch)
{
	if (!batch->fill_bytes)
		return;
	batch_fence(batch, vkfd_sdma_fill(batch->dev, batch->fill_hive, batch->fill_bytes, 0));
	batch->fill_bytes = 0;
}

static void batch_zero(struct copy_batch *batch, u64 hive, u64 bytes)
{
	if (batch->fill_bytes && batch->fill_hive + batch->fill_bytes == hive) {
		batch->fill_bytes += bytes;
		return;
	}
	batch_fill_submit(batch);
	batch->fill_hive = hive;
	batch->fill_bytes = bytes;
}

static int batch_end(struct copy_batch *batch)
{
	int err;

	batch_submit(batch);
	batch_fill_submit(batch);
	batch_fence(batch, NULL);
	if (batch->runs.run != batch->small)
		kfree(batch->runs.run);
	err = batch->err;
	if (!err)
		return 0;
	if (vkfd_device_is_lost(batch->dev))
		return -ENODEV;
	return err == -ENOMEM ? -ENOMEM : -EIO;
}

static int wait_before(struct dma_fence *fence)
{
	int err;

	if (!fence)
		return 0;
	err = dma_fence_wait(fence, false);
	return err ?: dma_fence_get_status(fence) < 0 ? -EIO : 0;
}

static struct vkfd_device *first_device(struct page **pages, unsigned long npages)
{
	unsigned long i;

	for (i = 0; i < npages; i++)
		if (pages[i])
			return vkfd_page_pagemap(pages[i])->dev;
	return NULL;
}

int vkfd_copy_to_devmem(struct page **pages, struct drm_pagemap_addr *addrs, unsigned long npages,
			struct dma_fence *after)
{
	struct vkfd_device *dev = first_device(pages, npages);
	struct copy_batch batch;
	unsigned long i, nr;
	int err;

	if (!dev)
		return 0;
	err = wait_before(after);
	if (err)
		return err;
	batch_begin(&batch, dev, VKFD_COPY_TO_VRAM, npages);
	for (i = 0; i < npages; i += nr) {
		nr = 1;
		if (!pages[i])
			continue;
		if (addrs[i].addr) {
			nr = 1ul << addrs[i].order;
			batch_copy(&batch, vkfd_page_hive(pages[i]), addrs[i].addr, nr);
		} else {
			/* A hole: nobody may see what was in this VRAM before. */
			nr = folio_nr_pages(page_folio(pages[i]));
			batch_zero(&batch, vkfd_page_hive(pages[i]), (u64)nr << PAGE_SHIFT);
		}
	}
	return batch_end(&batch);
}

/* To RAM, or, when another piece of VRAM is the target, within or between GPUs. */
int vkfd_copy_to_ram(struct page **pages, struct drm_pagemap_addr *addrs, unsigned long npages,
		     struct dma_fence *after)
{
	struct vkfd_device *dev = first_device(pages, npages);
	struct vkfd_svm_bo *bo;
	struct copy_batch batch;
	unsigned long i, nr;
	int err;

	if (!dev)
		return 0;
	vkfd_stall(dev, VKFD_STALL_COPY);
	err = wait_before(after);
	if (err)
		return err;
	batch_begin(&batch, dev, VKFD_COPY_TO_RAM, npages);
	for (i = 0; i < npages; i += nr) {
		nr = 1;
		if (!pages[i] || !addrs[i].addr)
			continue;
		nr = 1ul << addrs[i].order;
		/* The destination inherits it; no CPU wrote what a GPU wrote in VRAM. */
		folio_mark_dirty(page_folio(pages[i]));
		bo = vkfd_pagemap_bo(pages[i]);
		if (WARN_ON_ONCE(!bo) || !vkfd_svm_bo_readable(bo))
			batch.err = -EIO;
		else if (addrs[i].proto != DRM_INTERCONNECT_DRIVER)
			batch_copy(&batch, vkfd_page_hive(pages[i]), addrs[i].addr, nr);
		else
			batch_fence(&batch,
				    vkfd_sdma_copy_vram(dev, vkfd_pagemap_hive(&addrs[i]),
							vkfd_page_hive(pages[i]),
							(u64)nr << PAGE_SHIFT));
	}
	err = batch_end(&batch);
	if (!err)
		note_add(batch.pages);
	return err;
}
