// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: restore: memory that GPUs must not miss
 *
 * Without XNACK, or for memory marked ALWAYS_MAPPED, a GPU cannot fault on a
 * page that the CPU side takes away. So before such a mapping goes, the
 * process' queues are stopped, and this worker maps the memory again, wherever
 * it is by then, before it starts them.
 *
 * What was lost is kept as one hull; the worker maps all required memory in it
 * and skips what is mapped. Queues start only when no new loss was marked
 * since the worker took the hull; otherwise it goes round again with a growing
 * delay, so that a busy CPU side is not starved; and after RESTORE_TURN_TRIES with
 * a turn, so that the GPU is not. A lost GPU is left out until it is back.
 *
 * Memory that cannot be read is left out until mprotect() says otherwise. It
 * says so only where the CPU has page tables: memory that was never touched, in
 * a gigabyte where nothing was, changes its rights in silence. So one page of
 * such a gigabyte is brought in before it is left out.
 *
 * Locks: vkfd_svm_restore_mark() takes &vkfd_svm_restore.lock and runs in the
 * notifier and under &vkfd_svm.lock; the worker takes &vkfd_svm.lock. A dead
 * address space is not restored: its queues stay stopped.
 */
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "core/stall.h"
#include "svm.h"
#include "svm_gc.h"
#include "svm_map.h"
#include "svm_restore.h"
#include "svm_turn.h"
#include "svm_types.h"
#include "vkfd_hw/addr.h"

#define RESTORE_DELAY_MS	1
#define RESTORE_DELAY_MAX_MS	500
/* Rounds after which memory that cannot be mapped is given up. */
#define RESTORE_FINAL_TRIES	3
/* Rounds lost against the CPU side, after which it has to wait: see svm_turn.c. */
#define RESTORE_TURN_TRIES	3
#define RESTORE_SHARE_MAX_US	500000u

static void restore_schedule(struct vkfd_svm *svm)
{
	unsigned int shift = min(svm->restore.tries, 9u);
	unsigned int ms = min(RESTORE_DELAY_MS << shift, RESTORE_DELAY_MAX_MS);

	lockdep_assert_held(&svm->restore.lock);
	if (!svm->restore.closed)
		queue_delayed_work(vkfd_svm_wq, &svm->restore.work, msecs_to_jiffies(ms));
}

static void interval_add(u64 *hull_start, u64 *hull_end, u64 start, u64 end)
{
	*hull_start = *hull_start < *hull_end ? min(*hull_start, start) : start;
	*hull_end = max(*hull_end, end);
}

/* Called with the restore lock. */
static void hull_add(struct vkfd_svm_restore *restore, u64 start, u64 end)
{
	interval_add(&restore->start, &restore->end, start, end);
}

/* Which turn in a row this round is; 0: none. A hint, read without the lock. */
static unsigned int nth_turn(const struct vkfd_svm_restore *restore)
{
	unsigned int tries = restore->tries;

	return tries < RESTORE_TURN_TRIES ? 0 : tries - RESTORE_TURN_TRIES + 1;
}

/*
 * Called with the restore lock, when a stop ends. In microseconds: where the CPU side makes
 * restoring hard, the GPU gets a fifth of the time, else the fight would be for nothing.
 */
static unsigned int fair_share(const struct vkfd_svm_restore *restore)
{
	u64 stood_us = (ktime_get_ns() - restore->stopped_ns) / NSEC_PER_USEC;

	return clamp_t(u64, stood_us / 4, VKFD_SVM_GRACE_US, RESTORE_SHARE_MAX_US);
}

/**
 * vkfd_svm_restore_mark() - Stop the queues: [start, end) is about to be unmapped
 * @svm:   SVM state.
 * @start: First byte that must be mapped again.
 * @end:   End.
 *
 * On return no queue of the process runs, whoever else marks or restores at
 * the same time: each mark is a stop of its own, and the worker takes them
 * back together. The caller holds the notifier lock or &vkfd_svm.lock from
 * here until the mapping is gone, without which the worker cannot look at it.
 *
 * Context: In the notifier, or under &vkfd_svm.lock; no allocation.
 */
void vkfd_svm_restore_mark(struct vkfd_svm *svm, u64 start, u64 end)
{
	struct vkfd_svm_restore *restore = &svm->restore;

	if (READ_ONCE(restore->closed))
		return;
	svm->ops->quiesce(svm->owner);
	spin_lock(&restore->lock);
	hull_add(restore, start, end);
	if (!restore->stops++) {
		restore->tries = 0;
		restore->stopped_ns = ktime_get_ns();
	}
	restore_schedule(svm);
	spin_unlock(&restore->lock);
}

/**
 * vkfd_svm_gpu_back() - A GPU that was lost works again
 * @svm: SVM state.
 *
 * It was left out of what was mapped meanwhile: all is looked at again.
 *
 * Context: May sleep, takes &vkfd_svm.lock.
 */
void vkfd_svm_gpu_back(struct vkfd_svm *svm)
{
	mutex_lock(&svm->lock);
	vkfd_svm_restore_mark(svm, 0, VKFD_GPUVM_LIMIT + 1);
	mutex_unlock(&svm->lock);
}

/*
 * Called with the mmap_lock, for an address inside a VMA, whose tables nobody
 * frees then. Return: mprotect() of the address will be told to notifiers.
 */
static bool is_noticed(struct mm_struct *mm, u64 addr)
{
	pgd_t *pgd = pgd_offset(mm, addr);
	p4d_t *p4d;

	if (pgd_none(*pgd))
		return false;
	p4d = p4d_offset(pgd, addr);
	return !p4d_none(*p4d) && !pud_none(*pud_offset(p4d, addr));
}

/*
 * One page, without the right to read it, so that the tables above it exist.
 * They do also after a fault that would have to wait (a file, a userfaultfd).
 */
static void bookmark(struct mm_struct *mm, u64 addr)
{
	struct page *page;

	mmap_read_lock(mm);
	if (vma_lookup(mm, addr) && !is_noticed(mm, addr) &&
	    get_user_pages_remote(mm, addr, 1, FOLL_FORCE | FOLL_NOWAIT, &page, NULL) == 1)
		put_page(page);
	mmap_read_unlock(mm);
}

/* One bookmark for each top-level stretch that mprotect() looks at as a whole. */
static void bookmark_all(struct mm_struct *mm, u64 start, u64 end)
{
	if (!mmget_not_zero(mm))
		return;
	while (start < end && !fatal_signal_pending(current)) {
		bookmark(mm, start);
		start = ALIGN(start + 1, PUD_SIZE);
		cond_resched();
	}
	mmput_async(mm);
}

/**
 * vkfd_svm_restore_hidden() - Required memory is left out because it cannot be read
 * @svm:   SVM state.
 * @start: First byte.
 * @end:   End.
 *
 * Context: Takes mmap_lock, may sleep. Caller holds &vkfd_svm.lock and looks at the
 * VMA once more afterwards, so that no mprotect() falls between.
 */
void vkfd_svm_restore_hidden(struct vkfd_svm *svm, u64 start, u64 end)
{
	struct vkfd_svm_restore *restore = &svm->restore;

	lockdep_assert_held(&svm->lock);
	bookmark_all(svm->gpusvm.mm, start, end);
	spin_lock(&restore->lock);
	interval_add(&restore->hidden_start, &restore->hidden_end, start, end);
	spin_unlock(&restore->lock);
}

/**
 * vkfd_svm_restore_protected() - mprotect(): what was left out may now be readable
 * @svm:   SVM state.
 * @start: First byte.
 * @end:   End.
 *
 * Context: In the notifier.
 */
void vkfd_svm_restore_protected(struct vkfd_svm *svm, u64 start, u64 end)
{
	struct vkfd_svm_restore *restore = &svm->restore;

	spin_lock(&restore->lock);
	start = max(start, restore->hidden_start);
	end = min(end, restore->hidden_end);
	spin_unlock(&restore->lock);
	if (start < end)
		vkfd_svm_restore_mark(svm, start, end);
}

/* For tests: the hull is taken, nothing of it mapped. */
static void hold_up(struct vkfd_svm *svm)
{
	if (svm->nr_gpus)
		vkfd_stall(svm->gpus[0].dev, VKFD_STALL_RESTORE);
}

/*
 * Maps the hull again. Takes it, gives it back on failure, unless all that is
 * left of it can never be mapped: then it is given up, and nothing else that was
 * marked meanwhile.
 */
static int restore_hull(struct vkfd_svm *svm)
{
	struct vkfd_svm_restore *restore = &svm->restore;
	u64 start, end;
	int err;

	lockdep_assert_held(&svm->lock);
	spin_lock(&restore->lock);
	start = restore->start;
	end = restore->end;
	restore->start = 0;
	restore->end = 0;
	/* What is still unreadable in there comes back. */
	if (start <= restore->hidden_start && end >= restore->hidden_end) {
		restore->hidden_start = 0;
		restore->hidden_end = 0;
	}
	spin_unlock(&restore->lock);

	hold_up(svm);
	vkfd_svm_turn_want(svm, nth_turn(restore));
	err = vkfd_svm_gc_run(svm) ?: vkfd_svm_map_required(svm, start, end, true);
	vkfd_svm_turn_want(svm, 0);
	if (err && start < end &&
	    !(vkfd_svm_is_final(err) && restore->tries >= RESTORE_FINAL_TRIES)) {
		spin_lock(&restore->lock);
		hull_add(restore, start, end);
		spin_unlock(&restore->lock);
	}
	return err;
}

/* Return: stops to take back, 0 if something was lost since, or is still: @late. */
static unsigned int restore_finish(struct vkfd_svm *svm, int err, bool *late)
{
	struct vkfd_svm_restore *restore = &svm->restore;
	unsigned int stops = 0;

	*late = false;
	spin_lock(&restore->lock);
	if (restore->start >= restore->end) {
		stops = restore->stops;
		restore->stops = 0;
		restore->share_us = fair_share(restore);
	} else if (err != -ESRCH) {
		*late = true;
		restore->tries++;
		restore_schedule(svm);
	}
	spin_unlock(&restore->lock);
	return stops;
}

static void restore_work(struct work_struct *work)
{
	struct vkfd_svm *svm = container_of(to_delayed_work(work), struct vkfd_svm, restore.work);
	unsigned int stops;
	bool late;
	int err;

	if (!mmget_not_zero(svm->gpusvm.mm))
		return;
	mutex_lock(&svm->lock);
	err = restore_hull(svm);
	mutex_unlock(&svm->lock);
	stops = restore_finish(svm, err, &late);
	if (late)
		svm->ops->late(svm->owner);
	while (stops--)
		svm->ops->resume(svm->owner);
	/* What was given a turn runs a moment before it can be stopped again. */
	vkfd_svm_turn_end(svm, late ? 0 : READ_ONCE(svm->restore.share_us));
	mmput_async(svm->gpusvm.mm);
}

/** vkfd_svm_restore_init() - Part of vkfd_svm_create() */
void vkfd_svm_restore_init(struct vkfd_svm *svm)
{
	spin_lock_init(&svm->restore.lock);
	INIT_DELAYED_WORK(&svm->restore.work, restore_work);
}

/**
 * vkfd_svm_restore_fini() - Restore nothing any more
 * @svm: SVM state. Stopped queues stay stopped.
 *
 * Context: May sleep, waits for the worker.
 */
void vkfd_svm_restore_fini(struct vkfd_svm *svm)
{
	spin_lock(&svm->restore.lock);
	WRITE_ONCE(svm->restore.closed, true);
	spin_unlock(&svm->restore.lock);
	cancel_delayed_work_sync(&svm->restore.work);
}
