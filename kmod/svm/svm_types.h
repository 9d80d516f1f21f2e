/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_SVM_TYPES_H
#define VKFD_SVM_TYPES_H

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/hashtable.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <drm/drm_gpusvm.h>

#include "core/fault.h"
#include "svm_attr.h"
#include "svm_fault.h"
#include "svm_policy.h"
#include "vkfd_hw/addr.h"
#include "vkfd_hw/pci.h"

/* Shared by the files of svm/ only. */

struct vkfd_device;
struct vkfd_heat;
struct vkfd_svm_ops;
struct vkfd_vm;

#define VKFD_SVM_MAX_GPUS	VKFD_MAX_GPUS
/* Addresses that can be shared, exclusive: what a GPU reaches of the lower half. */
#define VKFD_SVM_LIMIT		(VKFD_GPUVM_LIMIT + 1 - SZ_4K)
/* Largest default granularity of a process: what a 4-level page table can cover. */
#define VKFD_SVM_GRANULARITY_MAX	0x1bu

/**
 * struct vkfd_svm_gpu - one GPU of the process; the slot number is the index
 *
 * Slots are only added, under both @lock and notifier lock of the SVM state.
 */
struct vkfd_svm_gpu {
	/** @vm: address space on it; outlives us. */
	struct vkfd_vm *vm;
	/** @dev: the GPU, kept by the process. */
	struct vkfd_device *dev;
	/** @heat: for eviction. */
	struct vkfd_heat *heat;
	/** @owner: page owner group, see vkfd_pagemap_owner(). */
	void *owner;
	/** @checkpoint: faults with a smaller ih_ptr may be from before a right was taken away. */
	atomic64_t checkpoint;
};

/**
 * struct vkfd_svm_range - mappings of one aligned chunk, a cache
 *
 * Dropped and made again at will; what must last is in the attribute tree. The
 * object lives as long as it is in the gpusvm tree: whoever holds
 * &vkfd_svm.lock may use it. Other fields are written under the notifier lock
 * (read side together with &vkfd_svm.lock).
 */
struct vkfd_svm_range {
	/** @base: interval and place in the gpusvm tree. */
	struct drm_gpusvm_range base;
	/** @gc_link: on &vkfd_svm.gc_ranges; &vkfd_svm.gc_lock. */
	struct list_head gc_link;
	/** @cow_checked: &vkfd_svm.cow_gen for which device pages were seen to be our own. */
	u64 cow_checked;
	/** @protections: changes of what the CPU may do here; guarded by the notifier lock. */
	u32 protections;
	/** @mapped: slots with PTEs. */
	u32 mapped;
	/** @required: slots that must not lose their PTEs while queues run. */
	u32 required;
	/** @permissions: of the PTEs, per slot. */
	u64 permissions[VKFD_SVM_MAX_GPUS];
	/** @nr_pages: entries of @pages; slots that joined later need a new range. */
	unsigned int nr_pages;
	/** @pages: DMA state per slot. */
	struct drm_gpusvm_pages pages[] __counted_by(nr_pages);
};

/** struct vkfd_svm_unmap - memory that went away, for the attribute tree */
struct vkfd_svm_unmap {
	struct list_head link;
	u64 start, end;
};

/** struct vkfd_svm_buffer - queue buffer in SVM memory, see vkfd_svm_buffer_get() */
struct vkfd_svm_buffer {
	struct list_head link;
	u64 start, end;
	unsigned int users;
	/** @gone: it was unmapped under its queues, which stay stopped. */
	bool gone;
};

#define VKFD_SVM_FAULTS		256
#define VKFD_SVM_WILD		16

/** struct vkfd_svm_fault_entry - one fault that waits for service */
struct vkfd_svm_fault_entry {
	struct list_head link;
	/** @same_va: in &vkfd_svm_faults.by_va while it waits. */
	struct hlist_node same_va;
	struct vkfd_fault fault;
	unsigned int slot;
	unsigned int tries;
	/** @due: jiffies before which it is not served again. */
	unsigned long due;
	/** @since: jiffies when it was reported. */
	unsigned long since;
};

/** struct vkfd_svm_acks - served faults whose accesses do not run yet; fault worker only */
struct vkfd_svm_acks {
	/** @slot: the interval that is collected, per GPU; empty if start is not below end. */
	struct {
		u64 start, end;
	} slot[VKFD_SVM_MAX_GPUS];
	/** @slots: GPUs with something to send. */
	u32 slots;
	/** @since: when the first of it came, monotonic ns. */
	u64 since;
};

/** struct vkfd_svm_fault_counts - what became of faults, see vkfd_svm_faults_show() */
struct vkfd_svm_fault_counts {
	/** @reported: by the GPUs, of these @merged with one that waited, @lost for want of an entry. */
	u64 reported, merged, lost;
	/** @served: attempts by outcome; what waits longer is tried more than once. */
	u64 served[VKFD_SVM_NR_SERVED];
};

/** struct vkfd_svm_faults - faults of one process */
struct vkfd_svm_faults {
	/** @lock: guards all but @work and the wild addresses; a leaf. */
	spinlock_t lock;
	struct vkfd_svm_fault_counts counts;
	struct list_head waiting, unused;
	/** @by_va: what waits, by page; a storm reports each page often. */
	DECLARE_HASHTABLE(by_va, 6);
	struct vkfd_svm_fault_entry *entries;
	/** @lost: slots whose faults did not fit; all their parked accesses run again. */
	u32 lost;
	/** @closed: teardown; nothing is taken any more. */
	bool closed;
	/** @serving: the worker looks at @waiting once more before it rests. */
	bool serving;
	struct delayed_work work;
	struct vkfd_svm_acks acks;
	/** @wild: addresses that had no memory once; worker only. */
	struct {
		u64 va;
		u32 slots;
	} wild[VKFD_SVM_WILD];
	unsigned int wild_next, wild_streak;
	/** @again: the page mapped last and how often in a row; worker only. */
	struct {
		u64 va;
		unsigned int slot, times;
	} again;
};

#define VKFD_SVM_HOT		32

/** struct vkfd_svm_report - what an access counter said */
struct vkfd_svm_report {
	u64 va;
	unsigned int slot;
	u32 requests;
};

/** struct vkfd_svm_hot - RAM that GPUs use a lot, see svm_hot.c */
struct vkfd_svm_hot {
	/** @lock: guards all but the works; a leaf. */
	spinlock_t lock;
	struct vkfd_svm_report queue[VKFD_SVM_HOT];
	unsigned int nr;
	/** @again: slots with blocks that were reported and did not move. */
	u32 again;
	/** @closed: teardown; nothing is queued any more. */
	bool closed;
	/** @reports: that came. */
	u64 reports;
	/** @moves: windows of which something moved. */
	u64 moves;
	struct work_struct work;
	struct delayed_work again_work;
};

#define VKFD_SVM_THRASH		64

/** struct vkfd_svm_bouncing - a window that a GPU fault moved, see svm_thrash.c */
struct vkfd_svm_bouncing {
	u64 start, end;
	/** @away: in VRAM; the next CPU fault there is a bounce. */
	bool away;
	/** @pinned: until the worker has released it, some time after @until. */
	bool pinned;
	/** @bounces: since @since. */
	unsigned int bounces;
	/** @since: jiffies of the first of them. */
	unsigned long since;
	/** @until: jiffies. */
	unsigned long until;
};

/** struct vkfd_svm_thrash - memory that CPU and GPU take from each other */
struct vkfd_svm_thrash {
	/** @lock: guards all but @work; a leaf, taken in CPU faults. */
	spinlock_t lock;
	struct vkfd_svm_bouncing windows[VKFD_SVM_THRASH];
	/** @next: the window to forget next. */
	unsigned int next;
	/** @bounces: all that were counted. */
	u64 bounces;
	/** @pins: windows that were pinned. */
	u64 pins;
	/** @work: releases windows. */
	struct delayed_work work;
};

/** struct vkfd_svm_turn - a fault goes before invalidations, see svm_turn.c */
struct vkfd_svm_turn {
	/** @lock: guards the fields below; a leaf, taken in notifiers. */
	spinlock_t lock;
	/** @start: notifier window that it is about. */
	u64 start, end;
	/** @holder: task whose own invalidations do not wait; NULL: acknowledged, or none. */
	struct task_struct *holder;
	/** @until: when it ends at the latest; 0: there is none. */
	ktime_t until;
	/** @us: how long it may be. */
	unsigned int us;
	/** @wanted_us: the same of mappings from now on, 0: no turn; &vkfd_svm.lock. */
	unsigned int wanted_us;
};

/** struct vkfd_svm_whole - 2 MiB pages that move as one, see svm_whole.c */
struct vkfd_svm_whole {
	/** @lock: guards @moves; a leaf, taken in notifiers. */
	spinlock_t lock;
	/** @moves: struct vkfd_whole_move, declared. */
	struct list_head moves;
	wait_queue_head_t ended;
};

/** struct vkfd_svm_restore - what must be mapped again before queues run */
struct vkfd_svm_restore {
	/** @lock: guards all but @work; a leaf, taken in notifiers. */
	spinlock_t lock;
	/** @start: hull of what was lost; empty if not below @end. */
	u64 start, end;
	/** @hidden_start: hull of required memory that could not be read when it was to be mapped. */
	u64 hidden_start, hidden_end;
	/** @stops: quiesce calls that the worker must take back. */
	unsigned int stops;
	bool closed;
	/** @tries: rounds lost since the queues stopped. */
	unsigned int tries;
	/** @stopped_ns: when the queues stopped. */
	u64 stopped_ns;
	/** @share_us: how long they run, started in a turn, before they are stopped again. */
	unsigned int share_us;
	struct delayed_work work;
};

/**
 * struct vkfd_svm - shared virtual memory of one process
 *
 * @lock is the gpusvm driver lock: outside mmap_lock, never taken in a
 * notifier. It is held over a whole set, fault or restore.
 */
struct vkfd_svm {
	/** @gpusvm: ranges and their notifiers. */
	struct drm_gpusvm gpusvm;
	/** @lock: see above. */
	struct mutex lock;
	/** @pasid: the process in interrupts and traces. */
	u32 pasid;
	/** @ops: calls to the process. */
	const struct vkfd_svm_ops *ops;
	/** @owner: their first argument. */
	void *owner;

	/** @attrs: what was asked for; &vkfd_svm.lock, as the next five. */
	struct vkfd_svm_attrs attrs;
	/** @unshared: how often svm_cow.c brought device pages to RAM. */
	u64 unshared;
	/** @xnack: faults are retried. */
	bool xnack;
	/** @granularity: default of this process. */
	u32 granularity;
	/** @gpus: by slot. */
	struct vkfd_svm_gpu gpus[VKFD_SVM_MAX_GPUS];
	/** @nr_gpus: slots in use. */
	unsigned int nr_gpus;

	/** @watch: whole address space: attributes die with the memory, forks are counted. */
	struct mmu_interval_notifier watch;
	/** @cow_gen: 1 + forks so far. */
	atomic64_t cow_gen;

	/** @gc_lock: guards the fields down to @buffers; a leaf, taken in notifiers. */
	spinlock_t gc_lock;
	/** @gc_ranges: unmapped by the CPU side, to be removed. */
	struct list_head gc_ranges;
	/** @gc_unmaps: struct vkfd_svm_unmap: their attributes go. */
	struct list_head gc_unmaps;
	/** @gc_hull: unmaps for which no record could be allocated. */
	struct vkfd_svm_unmap gc_hull;
	/** @attr_low: no attribute lies below. */
	u64 attr_low;
	/** @attr_high: nor from here on. */
	u64 attr_high;
	/** @buffers: struct vkfd_svm_buffer. */
	struct list_head buffers;
	/** @gc_work: collects when nobody else does. */
	struct work_struct gc_work;

	/** @turn: for mappings that lost too many races. */
	struct vkfd_svm_turn turn;
	/** @whole: pages that must not be dropped meanwhile. */
	struct vkfd_svm_whole whole;
	/** @hot: what shall move though nothing faults. */
	struct vkfd_svm_hot hot;
	/** @thrash: what shall not move for a while. */
	struct vkfd_svm_thrash thrash;
	/** @restore: XNACK off and ALWAYS_MAPPED. */
	struct vkfd_svm_restore restore;
	/** @faults: XNACK on. */
	struct vkfd_svm_faults faults;
};

static inline struct vkfd_svm *gpusvm_to_svm(struct drm_gpusvm *gpusvm)
{
	return container_of(gpusvm, struct vkfd_svm, gpusvm);
}

static inline struct vkfd_svm_range *to_svm_range(struct drm_gpusvm_range *base)
{
	return container_of(base, struct vkfd_svm_range, base);
}

static inline u32 vkfd_svm_all_slots(const struct vkfd_svm *svm)
{
	return svm->nr_gpus ? ~0u >> (32 - svm->nr_gpus) : 0;
}

/* Slot numbers of a set, in order; the set is evaluated more than once. */
#define for_each_slot(slot, set) \
	for_each_set_bit(slot, &(const unsigned long){ (set) }, VKFD_SVM_MAX_GPUS)

extern struct workqueue_struct *vkfd_svm_wq;

#endif
