// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: fence timeline
 *
 * Turns the sequence numbers that an engine stores to memory into dma_fences.
 * Used by the copy engine, which emits under its submit mutex; processed by the
 * interrupt thread, by waiters and by the watchdog, in any order and number.
 *
 * The timeline holds one reference on each pending fence. A fence's error is
 * set before it signals, and after vkfd_timeline_fail() even a late completion
 * of the hardware cannot turn it into a success.
 *
 * Locks: &vkfd_timeline.lock, a spinlock; fences are signalled under it, so
 * fence callbacks must not call back (they may not anyway).
 *
 * Refused: a stored number that was not emitted is counted and ignored; the
 * watchdog ends what never completes.
 */
#include <linux/slab.h>

#include "engine/eng_fence.h"

struct vkfd_fence {
	struct dma_fence base;
	struct list_head link;
};

static const char *fence_driver_name(struct dma_fence *fence)
{
	return "vkfd";
}

static const char *fence_timeline_name(struct dma_fence *fence)
{
	return "sdma";
}

static const struct dma_fence_ops fence_ops = {
	.get_driver_name = fence_driver_name,
	.get_timeline_name = fence_timeline_name,
};

static struct vkfd_fence *to_vkfd_fence(struct dma_fence *fence)
{
	return container_of(fence, struct vkfd_fence, base);
}

/**
 * vkfd_timeline_init() - Start at zero
 * @timeline: Zeroed timeline.
 * @hw:       Zeroed word that the engine writes.
 *
 * Context: Any.
 */
void vkfd_timeline_init(struct vkfd_timeline *timeline, const u32 *hw)
{
	timeline->hw = hw;
	timeline->context = dma_fence_context_alloc(1);
	spin_lock_init(&timeline->lock);
	INIT_LIST_HEAD(&timeline->pending);
}

/**
 * vkfd_fence_alloc() - Memory for a fence, before any lock is taken
 * @timeline: Timeline it will be emitted on.
 *
 * Context: May sleep.
 * Return: A fence that only vkfd_fence_emit() and vkfd_fence_discard() accept,
 * or NULL.
 */
struct dma_fence *vkfd_fence_alloc(struct vkfd_timeline *timeline)
{
	struct vkfd_fence *fence = kzalloc_obj(*fence);

	if (!fence)
		return NULL;
	INIT_LIST_HEAD(&fence->link);
	return &fence->base;
}

/**
 * vkfd_fence_discard() - Free a fence that was never emitted
 * @fence: From vkfd_fence_alloc().
 *
 * Context: Any.
 */
void vkfd_fence_discard(struct dma_fence *fence)
{
	kfree(to_vkfd_fence(fence));
}

/**
 * vkfd_timeline_next() - Number for a fence packet without a dma_fence
 * @timeline: Timeline.
 *
 * Context: Any; callers emit packets in the order of numbers.
 * Return: The number.
 */
u64 vkfd_timeline_next(struct vkfd_timeline *timeline)
{
	unsigned long flags;
	u64 seq;

	spin_lock_irqsave(&timeline->lock, flags);
	seq = ++timeline->emitted;
	spin_unlock_irqrestore(&timeline->lock, flags);
	return seq;
}

/**
 * vkfd_fence_emit() - Put a fence on the timeline
 * @timeline: Timeline.
 * @fence:    From vkfd_fence_alloc(); the caller keeps its reference.
 *
 * Context: Any; callers emit packets in the order of numbers.
 * Return: The fence's number, for the packet.
 */
u64 vkfd_fence_emit(struct vkfd_timeline *timeline, struct dma_fence *fence)
{
	unsigned long flags;
	u64 seq;

	spin_lock_irqsave(&timeline->lock, flags);
	seq = ++timeline->emitted;
	dma_fence_init64(fence, &fence_ops, NULL, timeline->context, seq);
	if (timeline->error) {
		dma_fence_set_error(fence, timeline->error);
		dma_fence_signal(fence);
	} else {
		dma_fence_get(fence);
		list_add_tail(&to_vkfd_fence(fence)->link, &timeline->pending);
	}
	spin_unlock_irqrestore(&timeline->lock, flags);
	return seq;
}

static void signal_until_locked(struct vkfd_timeline *timeline, u64 done, int error)
{
	struct vkfd_fence *fence, *next;

	lockdep_assert_held(&timeline->lock);
	list_for_each_entry_safe(fence, next, &timeline->pending, link) {
		if (fence->base.seqno > done)
			break;
		list_del_init(&fence->link);
		if (error)
			dma_fence_set_error(&fence->base, error);
		dma_fence_signal(&fence->base);
		dma_fence_put(&fence->base);
	}
}

static void process_locked(struct vkfd_timeline *timeline)
{
	u32 advance = READ_ONCE(*timeline->hw) - (u32)timeline->done;

	lockdep_assert_held(&timeline->lock);
	if (advance > timeline->emitted - timeline->done) {
		timeline->forged++;
	} else if (advance) {
		dma_rmb(); /* what the engine wrote before the number */
		timeline->done += advance;
		signal_until_locked(timeline, timeline->done, 0);
	}
}

/**
 * vkfd_timeline_process() - Signal what the engine says is done
 * @timeline: Timeline.
 *
 * Context: Any.
 * Return: Last number that is done.
 */
u64 vkfd_timeline_process(struct vkfd_timeline *timeline)
{
	unsigned long flags;
	u64 done;

	spin_lock_irqsave(&timeline->lock, flags);
	if (!timeline->error)
		process_locked(timeline);
	done = timeline->done;
	spin_unlock_irqrestore(&timeline->lock, flags);
	return done;
}

/**
 * vkfd_timeline_fail() - End everything pending, now and later
 * @timeline: Timeline; @timeline->hw is not read any more afterwards.
 * @error:    Negative errno for the fences; the first call's stays.
 *
 * Context: Any.
 */
void vkfd_timeline_fail(struct vkfd_timeline *timeline, int error)
{
	unsigned long flags;

	spin_lock_irqsave(&timeline->lock, flags);
	if (!timeline->error)
		timeline->error = error;
	signal_until_locked(timeline, U64_MAX, timeline->error);
	spin_unlock_irqrestore(&timeline->lock, flags);
}

/**
 * vkfd_timeline_restart() - Begin again behind everything that was emitted
 * @timeline: Timeline whose engine stopped.
 * @hw:       The word the engine writes.
 * @error:    Negative errno for what is pending.
 *
 * Context: Any; nobody emits meanwhile.
 */
void vkfd_timeline_restart(struct vkfd_timeline *timeline, u32 *hw, int error)
{
	unsigned long flags;

	spin_lock_irqsave(&timeline->lock, flags);
	signal_until_locked(timeline, U64_MAX, timeline->error ?: error);
	timeline->error = 0;
	timeline->done = timeline->emitted;
	WRITE_ONCE(*hw, (u32)timeline->emitted);
	spin_unlock_irqrestore(&timeline->lock, flags);
}

/**
 * vkfd_timeline_idle() - Is nothing pending?
 * @timeline: Timeline.
 *
 * Context: Any.
 * Return: True if no dma_fence waits.
 */
bool vkfd_timeline_idle(struct vkfd_timeline *timeline)
{
	unsigned long flags;
	bool idle;

	spin_lock_irqsave(&timeline->lock, flags);
	idle = list_empty(&timeline->pending);
	spin_unlock_irqrestore(&timeline->lock, flags);
	return idle;
}
