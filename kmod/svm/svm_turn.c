// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: turns: a GPU that always loses gets its turn
 *
 * Mapping is collect, check, retry: whoever changes the CPU's page table in
 * between wins. A thread that does so in a loop (mprotect(), madvise()) wins
 * always: it waits for mmap_lock while pages are collected, has it before they
 * are committed, and takes the entries away before the GPU has used them. Who
 * lost some races in a row, a fault or the restore worker, therefore asks for a
 * turn: from collecting to the acknowledge, or until the queues run, and a moment
 * longer for the access itself, invalidations of the same notifier window wait
 * before they begin.
 *
 * How long that takes depends on the machine: a turn that was not enough is
 * followed by one twice as long, up to TURN_US << TURN_DOUBLINGS.
 *
 * This is courtesy, not a lock. Nothing is validated less, and an invalidation
 * goes on after the length of one turn whatever happens. It goes on at once when it
 * cannot wait, when it is our own, when it is reclaim's, which has a page locked
 * and many to do, or when somebody waits for the mmap_lock that its task may hold:
 * the very fault could need it.
 *
 * So whoever waits for mmap_lock lets one mprotect() pass, which waits for us in
 * its notifier with the lock held. In a loop of two that take turns with the
 * rights, the look at the VMA and the collecting that follows never see the same:
 * what was collected in vain for want of a right is collected once more.
 *
 * The watch notifier calls vkfd_svm_turn_yield(). It starts at address 0, so it
 * comes first in the notifiers' tree, before the sequence number of a window
 * advances: pages collected until then stay valid.
 *
 * Locks: &vkfd_svm_turn.lock, a leaf, taken in notifiers. Turns begin under
 * &vkfd_svm.lock, so there is one at a time; only its holder ends it.
 */
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/mmap_lock.h>
#include <linux/mmu_notifier.h>
#include <linux/sched.h>

#include "svm_turn.h"
#include "svm_types.h"

/* The first turn, and the longest time that one invalidation yields to it. */
#define TURN_US		20000
#define TURN_DOUBLINGS	3u
#define TURN_POLL_US	50

/** vkfd_svm_turn_init() - Part of vkfd_svm_create() */
void vkfd_svm_turn_init(struct vkfd_svm *svm)
{
	spin_lock_init(&svm->turn.lock);
}

/**
 * vkfd_svm_turn_want() - Shall mappings from here on take a turn?
 * @svm:  SVM state.
 * @nth:  Yes, the nth time because races were lost; 0: no, again.
 *
 * Context: Caller holds &vkfd_svm.lock.
 */
void vkfd_svm_turn_want(struct vkfd_svm *svm, unsigned int nth)
{
	lockdep_assert_held(&svm->lock);
	svm->turn.wanted_us = nth ? TURN_US << min(nth - 1, TURN_DOUBLINGS) : 0;
}

/**
 * vkfd_svm_turn_begin() - Have invalidations wait, if a turn is wanted
 * @svm:   SVM state.
 * @range: What will be collected; its whole notifier window counts, because
 *         any invalidation there makes get_pages start again.
 *
 * Context: Caller holds &vkfd_svm.lock. A turn that is going on is renewed.
 */
void vkfd_svm_turn_begin(struct vkfd_svm *svm, struct vkfd_svm_range *range)
{
	struct vkfd_svm_turn *turn = &svm->turn;

	lockdep_assert_held(&svm->lock);
	if (!turn->wanted_us)
		return;
	spin_lock(&turn->lock);
	turn->start = drm_gpusvm_notifier_start(range->base.notifier);
	turn->end = drm_gpusvm_notifier_end(range->base.notifier);
	turn->holder = current;
	turn->us = turn->wanted_us;
	turn->until = ktime_add_us(ktime_get(), turn->us);
	spin_unlock(&turn->lock);
}

/**
 * vkfd_svm_turn_end() - The attempt is over
 * @svm: SVM state.
 * @us:  It was acknowledged, or queues run: the GPU gets so many microseconds
 *       before anybody else; 0: it was not.
 *
 * Context: Any; nothing happens without a turn of the calling task.
 */
void vkfd_svm_turn_end(struct vkfd_svm *svm, unsigned int us)
{
	struct vkfd_svm_turn *turn = &svm->turn;

	spin_lock(&turn->lock);
	if (turn->holder == current) {
		turn->holder = NULL;
		turn->us = us;
		turn->until = us ? ktime_add_us(ktime_get(), us) : 0;
	}
	spin_unlock(&turn->lock);
}

/* Is it somebody else's turn in [start, end)? */
static bool others_turn(struct vkfd_svm_turn *turn, const struct mmu_notifier_range *mmu)
{
	bool theirs;

	spin_lock(&turn->lock);
	theirs = turn->holder != current && mmu->start < turn->end && mmu->end > turn->start &&
		 ktime_before(ktime_get(), turn->until);
	spin_unlock(&turn->lock);
	return theirs;
}

/**
 * vkfd_svm_turn_yield() - Let a fault whose turn it is go first
 * @svm: SVM state.
 * @mmu: The invalidation; nothing was changed yet.
 *
 * Context: In the watch notifier. May sleep if the invalidation may; bounded.
 */
void vkfd_svm_turn_yield(struct vkfd_svm *svm, const struct mmu_notifier_range *mmu)
{
	struct vkfd_svm_turn *turn = &svm->turn;
	ktime_t end;

	/* Racy on purpose: a turn that begins now is met by the next invalidation. */
	if (!READ_ONCE(turn->until) || !mmu_notifier_range_blockable(mmu) ||
	    mmu->event == MMU_NOTIFY_RELEASE || current->flags & PF_MEMALLOC)
		return;
	end = ktime_add_us(ktime_get(), READ_ONCE(turn->us));
	while (others_turn(turn, mmu) && !mmap_lock_is_contended(mmu->mm) &&
	       ktime_before(ktime_get(), end))
		usleep_range(TURN_POLL_US, 2 * TURN_POLL_US);
}
