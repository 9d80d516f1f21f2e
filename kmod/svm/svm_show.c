// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: the listing kfd/proc/<pid>/svm_ranges
 *
 * One line a piece of attributes, below it one a mapped range, with the place
 * of the pages as the CPU page table has it at that moment. For people and
 * tests; looks only, moves nothing, faults nothing in.
 */
#include <linux/hmm.h>
#include <linux/memremap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <drm/drm_pagemap.h>

#include "core/device.h"
#include "mem/mem_pagemap.h"
#include "svm.h"
#include "svm_gc.h"
#include "svm_range.h"
#include "svm_types.h"

#define SHOW_PAGES (SZ_2M >> PAGE_SHIFT)

/** struct residency - pages by place; what is in neither is not populated */
struct residency {
	u64 ram;
	u64 vram[VKFD_SVM_MAX_GPUS];
	bool unknown;	/* it changed all the time */
};

/* Called with the notifier lock, so that no page goes away. */
static void count_pages(struct vkfd_svm *svm, const struct hmm_range *hmm, bool count_ram,
			struct residency *where)
{
	unsigned long i, nr = (hmm->end - hmm->start) >> PAGE_SHIFT;
	unsigned int slot;

	for (i = 0; i < nr; i++) {
		struct vkfd_device *dev;
		struct page *page;

		if (!(hmm->hmm_pfns[i] & HMM_PFN_VALID))
			continue;
		page = hmm_pfn_to_page(hmm->hmm_pfns[i]);
		if (!is_zone_device_page(page)) {
			where->ram += count_ram;
			continue;
		}
		/* Each look sees these, like RAM. */
		if (is_device_coherent_page(page) && !count_ram)
			continue;
		dev = vkfd_pagemap_device(drm_pagemap_page_to_dpagemap(page));
		for (slot = 0; slot < svm->nr_gpus; slot++)
			if (svm->gpus[slot].dev == dev)
				where->vram[slot]++;
	}
}

/* One look for each owner group: device pages of others look like nothing. */
static void look_chunk(struct vkfd_svm *svm, u64 start, u64 end, unsigned long *pfns,
		       struct residency *where)
{
	void *seen = NULL;
	unsigned int slot;

	for (slot = 0; slot < max(svm->nr_gpus, 1u); slot++) {
		struct hmm_range hmm = {
			.notifier = &svm->watch,
			.start = start,
			.end = end,
			.hmm_pfns = pfns,
			.dev_private_owner = svm->gpus[slot].owner,
		};

		if (slot && hmm.dev_private_owner == seen)
			continue;
		seen = hmm.dev_private_owner;
		if (hmm_range_fault_unlocked_timeout(&hmm, HZ / 10)) {
			where->unknown = true;
			return;
		}
		drm_gpusvm_notifier_lock(&svm->gpusvm);
		if (mmu_interval_read_retry(hmm.notifier, hmm.notifier_seq))
			where->unknown = true;
		else
			count_pages(svm, &hmm, !slot, where);
		drm_gpusvm_notifier_unlock(&svm->gpusvm);
	}
}

static void look(struct vkfd_svm *svm, u64 start, u64 end, unsigned long *pfns,
		 struct residency *where)
{
	u64 next;

	for (; start < end && !fatal_signal_pending(current); start = next) {
		next = min(ALIGN(start + 1, SZ_2M), end);
		look_chunk(svm, start, next, pfns, where);
		cond_resched();
	}
}

static void show_slots(struct vkfd_svm *svm, struct seq_file *m, const char *name, u32 slots)
{
	unsigned int slot;
	char separator = '=';

	seq_printf(m, " %s", name);
	for_each_slot(slot, slots) {
		seq_printf(m, "%c%u", separator, svm->gpus[slot].dev->gpu_id);
		separator = ',';
	}
	if (!slots)
		seq_puts(m, "=-");
}

static void show_location(struct seq_file *m, const char *name, u32 location)
{
	if (location == ~0u)
		seq_printf(m, " %s=-", name);
	else
		seq_printf(m, " %s=%u", name, location);
}

static void show_residency(struct vkfd_svm *svm, struct seq_file *m, const struct residency *where)
{
	unsigned int slot;

	seq_printf(m, " ram=%llu", where->ram);
	for (slot = 0; slot < svm->nr_gpus; slot++)
		seq_printf(m, " vram%u=%llu", svm->gpus[slot].dev->gpu_id, where->vram[slot]);
	seq_puts(m, where->unknown ? " (busy)\n" : "\n");
}

static void show_piece(struct vkfd_svm *svm, struct seq_file *m,
		       const struct vkfd_svm_piece *piece, unsigned long *pfns)
{
	const struct vkfd_svm_values *values = &piece->values;
	struct residency where = {};

	look(svm, piece->start, piece->end, pfns, &where);
	seq_printf(m, "attr %llx-%llx pages=%llu", piece->start, piece->end,
		   (piece->end - piece->start) >> PAGE_SHIFT);
	show_location(m, "preferred", values->preferred);
	show_location(m, "prefetch", values->prefetch);
	seq_printf(m, " flags=0x%x granularity=%u", values->flags, values->granularity);
	show_slots(svm, m, "access", values->access);
	show_slots(svm, m, "in_place", values->in_place);
	show_residency(svm, m, &where);
}

static void show_range(struct vkfd_svm *svm, struct seq_file *m, struct vkfd_svm_range *range,
		       unsigned long *pfns)
{
	u64 start = drm_gpusvm_range_start(&range->base), end = drm_gpusvm_range_end(&range->base);
	struct residency where = {};

	look(svm, start, end, pfns, &where);
	seq_printf(m, "range %llx-%llx pages=%llu", start, end, (end - start) >> PAGE_SHIFT);
	show_slots(svm, m, "mapped", READ_ONCE(range->mapped));
	show_slots(svm, m, "required", READ_ONCE(range->required));
	show_residency(svm, m, &where);
}

static void show_ranges(struct vkfd_svm *svm, struct seq_file *m, unsigned long *pfns)
{
	struct drm_gpusvm_notifier *notifier;
	struct drm_gpusvm_range *base;

	drm_gpusvm_for_each_notifier(notifier, &svm->gpusvm, 0, VKFD_SVM_LIMIT) {
		base = NULL;
		drm_gpusvm_for_each_range(base, notifier, 0, VKFD_SVM_LIMIT)
			show_range(svm, m, to_svm_range(base), pfns);
	}
}

static void show_locked(struct vkfd_svm *svm, struct seq_file *m, unsigned long *pfns)
{
	const struct vkfd_svm_attr *attr;

	lockdep_assert_held(&svm->lock);
	vkfd_svm_gc_run(svm);
	seq_printf(m, "pasid %u xnack %s granularity %u gpus", svm->pasid,
		   svm->xnack ? "on" : "off", svm->granularity);
	show_slots(svm, m, "", vkfd_svm_all_slots(svm));
	seq_printf(m, " pieces %lu\n", svm->attrs.nr_pieces);
	for (attr = vkfd_svm_attrs_first(&svm->attrs, 0); attr; attr = vkfd_svm_attrs_next(attr))
		show_piece(svm, m, &attr->piece, pfns);
	show_ranges(svm, m, pfns);
}

/**
 * vkfd_svm_show() - List attributes, ranges and where their pages are
 * @svm: SVM state.
 * @m:   Output. Numbers after vram are gpu_ids.
 *
 * Context: May sleep; takes &vkfd_svm.lock and mmap_lock.
 */
void vkfd_svm_show(struct vkfd_svm *svm, struct seq_file *m)
{
	unsigned long *pfns;

	if (!mmget_not_zero(svm->gpusvm.mm))
		return;
	pfns = kvcalloc(SHOW_PAGES, sizeof(*pfns), GFP_KERNEL);
	if (pfns) {
		mutex_lock(&svm->lock);
		show_locked(svm, m, pfns);
		mutex_unlock(&svm->lock);
		kvfree(pfns);
	}
	mmput_async(svm->gpusvm.mm);
}
