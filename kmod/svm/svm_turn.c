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
 * This is courtesy, not a lock. Nothing is validated less, and an invalidation
 * goes on after TURN_YIELD_US whatever happens. It goes on at once when it
 * cannot wait, when it is our own, or when somebody waits for the mmap_lock
 * that its task may hold: the very fault could need it.
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

#include "svm_turn.h"
#include "svm_types.h"

/* Longest turn, and longest time that one invalidation yields. */
#define TURN_YIELD_US	20000
/* For the parked access, once it was acknowledged. */
#define TURN_GRACE_US	2000
#define TURN_POLL_US	50

/** vkfd_svm_turn_init() - Part of vkfd_svm_create() */
void vkfd_svm_turn_init(struct vkfd_svm *svm)
{
	spin_lock_init(&svm->turn.lock);
}

/**
 * vkfd_svm_turn_want() - Shall mappings from here on take a turn?
 * @svm:    SVM state.
 * @wanted: Yes, because races were lost; no, again.
 *
 * Context: Caller holds &vkfd_svm.lock.
 */
void vkfd_svm_turn_want(struct vkfd_svm *svm, bool wanted)
{
	lockdep_assert_held(&svm->lock);
	svm->turn.wanted = wanted;
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
	if (!turn->wanted)
		return;
	spin_lock(&turn->lock);
	turn->start = drm_gpusvm_notifier_start(range->base.notifier);
	turn->end = drm_gpusvm_notifier_end(range->base.notifier);
	turn->holder = current;
	turn->until = ktime_add_us(ktime_get(), TURN_YIELD_US);
	spin_unlock(&turn->lock);
}

/**
 * vkfd_svm_turn_end() - The attempt is over
 * @svm:    SVM state.
 * @served: It was acknowledged: the GPU gets a moment to run the access.
 *
 * Context: Any; nothing happens without a turn of the calling task.
 */
void vkfd_svm_turn_end(struct vkfd_svm *svm, bool served)
{
	struct vkfd_svm_turn *turn = &svm->turn;

	spin_lock(&turn->lock);
	if (turn->holder == current) {
		turn->holder = NULL;
		turn->until = served ? ktime_add_us(ktime_get(), TURN_GRACE_US) : 0;
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
	    mmu->event == MMU_NOTIFY_RELEASE)
		return;
	end = ktime_add_us(ktime_get(), TURN_YIELD_US);
	while (others_turn(turn, mmu) && !mmap_lock_is_contended(mmu->mm) &&
	       ktime_before(ktime_get(), end))
		usleep_range(TURN_POLL_US, 2 * TURN_POLL_US);
}
