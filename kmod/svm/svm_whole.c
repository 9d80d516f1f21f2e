// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: whole 2 MiB pages on their way to RAM are not dropped
 *
 * 7.3.4 drops a 2 MiB migration entry of a device page wrong: it takes the page's
 * reference and mapping count away once more (mem/mem_split.c says where). The
 * migration then works on a freed page, and the kernel may spin for ever. Who
 * drops entries while others migrate is MADV_DONTNEED alone, because munmap() and
 * exit exclude them by mmap_lock. So an invalidation that clears [start, end)
 * waits, before it begins, until whole moves there have ended.
 *
 * The other way round, a move must not begin between the invalidation and the
 * clearing that follows it. There is no callback for the end of an invalidation,
 * but mmu_interval_read_begin() waits for it. A move therefore waits first, then
 * declares itself, then looks whether an invalidation has come in between, and if
 * so takes it back and waits again. Nobody waits for a move that is not declared,
 * so the two cannot wait for each other. After WHOLE_TRIES a move goes on anyway.
 *
 * Moves need nothing that an invalidation holds: they have mmap_lock or a
 * reference and a lock on the page already, copy, and switch. An engine that hangs
 * ends the copy with the device.
 *
 * Locks: &vkfd_svm_whole.lock, a leaf, taken in notifiers.
 */
#include <linux/mmu_notifier.h>
#include <linux/sched.h>

#include "mem/mem_migrate.h"
#include "svm.h"
#include "svm_types.h"
#include "svm_whole.h"

#define WHOLE_TRIES	1000

/** vkfd_svm_whole_init() - Part of vkfd_svm_create() */
void vkfd_svm_whole_init(struct vkfd_svm *svm)
{
	spin_lock_init(&svm->whole.lock);
	INIT_LIST_HEAD(&svm->whole.moves);
	init_waitqueue_head(&svm->whole.ended);
}

static void declare(struct vkfd_svm *svm, struct vkfd_whole_move *move)
{
	spin_lock(&svm->whole.lock);
	list_add(&move->link, &svm->whole.moves);
	spin_unlock(&svm->whole.lock);
}

/**
 * vkfd_svm_whole_begin() - A 2 MiB device page begins to move as one
 * @svm:  SVM state of the address space.
 * @move: Filled in but for @link; the caller's until vkfd_svm_whole_end().
 *
 * Context: May sleep; mmap_lock may be held, and the page's lock. No notifier.
 */
void vkfd_svm_whole_begin(struct vkfd_svm *svm, struct vkfd_whole_move *move)
{
	unsigned int tries = WHOLE_TRIES;
	unsigned long seq;

	move->task = current;
	seq = mmu_interval_read_begin(&svm->watch);
	declare(svm, move);
	while (mmu_interval_read_retry(&svm->watch, seq) && --tries) {
		vkfd_svm_whole_end(svm, move);
		seq = mmu_interval_read_begin(&svm->watch);
		declare(svm, move);
	}
}

/** vkfd_svm_whole_end() - And has ended, or is not declared any more. Context: any. */
void vkfd_svm_whole_end(struct vkfd_svm *svm, struct vkfd_whole_move *move)
{
	spin_lock(&svm->whole.lock);
	list_del(&move->link);
	spin_unlock(&svm->whole.lock);
	wake_up_all(&svm->whole.ended);
}

/* Does somebody else move a page of the interval? */
static bool others_move(struct vkfd_svm *svm, const struct mmu_notifier_range *mmu)
{
	const struct vkfd_whole_move *move;
	bool found = false;

	spin_lock(&svm->whole.lock);
	list_for_each_entry(move, &svm->whole.moves, link)
		found |= move->task != current && move->start < mmu->end && move->end > mmu->start;
	spin_unlock(&svm->whole.lock);
	return found;
}

/**
 * vkfd_svm_whole_wait() - Entries are about to be dropped
 * @svm: SVM state.
 * @mmu: The invalidation. The watch notifier's sequence number has advanced.
 *
 * Context: In the watch notifier; sleeps if the invalidation may.
 * Return: False: it may not sleep and would have to.
 */
bool vkfd_svm_whole_wait(struct vkfd_svm *svm, const struct mmu_notifier_range *mmu)
{
	/* Reclaim drops no device page, and a move may wait for reclaim. */
	if (mmu->event != MMU_NOTIFY_CLEAR || current->flags & (PF_KTHREAD | PF_MEMALLOC) ||
	    !others_move(svm, mmu))
		return true;
	if (!mmu_notifier_range_blockable(mmu))
		return false;
	wait_event(svm->whole.ended, !others_move(svm, mmu));
	return true;
}
