// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: thrash: memory that CPU and GPU take from each other
 *
 * A GPU fault brings a window to VRAM, the next CPU access takes it home, and so
 * on: each side waits for a copy of 2 MiB to use some bytes. Each such return is
 * a bounce. A window that bounced more than thrash_bounces times within
 * thrash_window_ms is pinned: for thrash_pin_ms the policy leaves it where it is,
 * which after a return is RAM, and the GPU uses it from there. Then its mappings
 * are taken away, so that the next access is a new decision. A preferred location
 * is the program's own word and is never overruled.
 *
 * Off unless thrash_bounces is set. Off, each migration reads one variable more.
 * What is remembered is a cache of VKFD_SVM_THRASH windows: a forgotten bounce costs
 * a copy, a remembered one of memory that is gone meanwhile costs a remote access.
 *
 * Only fault service moves and asks; returns come from CPU faults, below
 * mmap_lock. &vkfd_svm_thrash.lock, a leaf, guards all. Releasing takes
 * &vkfd_svm.lock in a worker.
 */
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "core/trace.h"
#include "svm.h"
#include "svm_range.h"
#include "svm_thrash.h"
#include "svm_types.h"

static unsigned int thrash_bounces;
module_param(thrash_bounces, uint, 0644);
MODULE_PARM_DESC(thrash_bounces,
		 "pin memory that went to VRAM and back more often than this (default 0: never)");

static unsigned int thrash_window_ms = 500;
module_param(thrash_window_ms, uint, 0644);
MODULE_PARM_DESC(thrash_window_ms, "time in which thrash_bounces are counted (default 500)");

static unsigned int thrash_pin_ms = 1000;
module_param(thrash_pin_ms, uint, 0644);
MODULE_PARM_DESC(thrash_pin_ms, "how long such memory stays where it is (default 1000)");

static bool is_pinned(const struct vkfd_svm_bouncing *window)
{
	return window->pinned && time_before(jiffies, window->until);
}

/* The next known window that touches [start, end), from number *at on. */
static struct vkfd_svm_bouncing *next_touching(struct vkfd_svm_thrash *thrash, unsigned int *at,
					       u64 start, u64 end)
{
	lockdep_assert_held(&thrash->lock);
	while (*at < VKFD_SVM_THRASH) {
		struct vkfd_svm_bouncing *window = &thrash->windows[(*at)++];

		if (window->start < end && window->end > start)
			return window;
	}
	return NULL;
}

/* Room for a new window: in turn, but never that of a pinned one. */
static struct vkfd_svm_bouncing *window_take(struct vkfd_svm_thrash *thrash, u64 start, u64 end)
{
	struct vkfd_svm_bouncing *window;
	unsigned int i;

	lockdep_assert_held(&thrash->lock);
	for (i = 0; i < VKFD_SVM_THRASH; i++) {
		window = &thrash->windows[thrash->next++ % VKFD_SVM_THRASH];
		if (window->pinned)
			continue;
		*window = (struct vkfd_svm_bouncing){ .start = start, .end = end };
		return window;
	}
	return NULL;
}

/**
 * vkfd_svm_thrash_moved() - A GPU fault or access counter brought pages of a window to VRAM
 * @svm:   SVM state.
 * @start: Window.
 * @end:   End.
 *
 * Context: Any.
 */
void vkfd_svm_thrash_moved(struct vkfd_svm *svm, u64 start, u64 end)
{
	struct vkfd_svm_thrash *thrash = &svm->thrash;
	struct vkfd_svm_bouncing *window;
	unsigned int at = 0;

	if (!READ_ONCE(thrash_bounces))
		return;
	spin_lock(&thrash->lock);
	window = next_touching(thrash, &at, start, end) ?: window_take(thrash, start, end);
	if (window)
		window->away = true;
	spin_unlock(&thrash->lock);
}

static void bounce(struct vkfd_svm_thrash *thrash, struct vkfd_svm_bouncing *window)
{
	unsigned long period = msecs_to_jiffies(READ_ONCE(thrash_window_ms));

	lockdep_assert_held(&thrash->lock);
	if (!window->bounces || time_after(jiffies, window->since + period)) {
		window->bounces = 0;
		window->since = jiffies;
	}
	window->away = false;
	window->bounces++;
	thrash->bounces++;
}

/**
 * vkfd_svm_thrash_returned() - A CPU fault took pages back to RAM
 * @svm:   SVM state.
 * @start: First byte.
 * @end:   End.
 *
 * However many faults it takes, a window returns once for each time it went.
 *
 * Context: Any; below mmap_lock and folio locks.
 */
void vkfd_svm_thrash_returned(struct vkfd_svm *svm, u64 start, u64 end)
{
	struct vkfd_svm_thrash *thrash = &svm->thrash;
	struct vkfd_svm_bouncing *window;
	unsigned int at = 0;

	if (!READ_ONCE(thrash_bounces))
		return;
	spin_lock(&thrash->lock);
	while ((window = next_touching(thrash, &at, start, end)))
		if (window->away)
			bounce(thrash, window);
	spin_unlock(&thrash->lock);
}

/* Called with the lock. A window whose time began too long ago does not thrash any more. */
static bool must_pin(const struct vkfd_svm_bouncing *window, unsigned int limit)
{
	unsigned long period = msecs_to_jiffies(READ_ONCE(thrash_window_ms));

	return !window->pinned && window->bounces > limit &&
	       !time_after(jiffies, window->since + period);
}

static void pin(struct vkfd_svm *svm, struct vkfd_svm_bouncing *window)
{
	struct vkfd_svm_thrash *thrash = &svm->thrash;
	unsigned long period = msecs_to_jiffies(READ_ONCE(thrash_pin_ms));

	lockdep_assert_held(&thrash->lock);
	trace_vkfd_thrash(svm->pasid, window->start, window->end - window->start,
			  window->bounces, "pinned");
	window->pinned = true;
	window->until = jiffies + period;
	window->bounces = 0;
	thrash->pins++;
	queue_delayed_work(vkfd_svm_wq, &thrash->work, period);
}

/**
 * vkfd_svm_thrash_pinned() - Shall a window stay where it is?
 * @svm:   SVM state.
 * @start: Window that a GPU faulted on.
 * @end:   End.
 *
 * Pins what has bounced enough.
 *
 * Context: Fault service, &vkfd_svm.lock held.
 * Return: true while any part of it is pinned.
 */
bool vkfd_svm_thrash_pinned(struct vkfd_svm *svm, u64 start, u64 end)
{
	unsigned int at = 0, limit = READ_ONCE(thrash_bounces);
	struct vkfd_svm_thrash *thrash = &svm->thrash;
	struct vkfd_svm_bouncing *window;
	bool pinned = false;

	lockdep_assert_held(&svm->lock);
	if (!limit)
		return false;
	spin_lock(&thrash->lock);
	while ((window = next_touching(thrash, &at, start, end))) {
		if (must_pin(window, limit))
			pin(svm, window);
		pinned |= is_pinned(window);
	}
	spin_unlock(&thrash->lock);
	return pinned;
}

/* The GPUs lose what was mapped remotely, but for what must always be mapped. */
static void unmap_window(struct vkfd_svm *svm, u64 start, u64 end)
{
	struct drm_gpusvm_notifier *notifier;
	struct drm_gpusvm_range *base;

	lockdep_assert_held(&svm->lock);
	drm_gpusvm_for_each_notifier(notifier, &svm->gpusvm, start, end) {
		base = NULL;
		drm_gpusvm_for_each_range(base, notifier, start, end) {
			struct vkfd_svm_range *range = to_svm_range(base);

			vkfd_svm_range_unmap(svm, range, ~range->required);
		}
	}
}

/* Takes one window whose time is over; *wait: jiffies until the next one's is, if there is any. */
static bool window_expire(struct vkfd_svm_thrash *thrash, struct vkfd_svm_bouncing *copy,
			  unsigned long *wait)
{
	bool found = false;
	unsigned int i;

	*wait = MAX_JIFFY_OFFSET;
	spin_lock(&thrash->lock);
	for (i = 0; i < VKFD_SVM_THRASH && !found; i++) {
		struct vkfd_svm_bouncing *window = &thrash->windows[i];

		if (!window->pinned)
			continue;
		if (is_pinned(window)) {
			*wait = min(*wait, window->until - jiffies);
			continue;
		}
		*copy = *window;
		*window = (struct vkfd_svm_bouncing){};
		found = true;
	}
	spin_unlock(&thrash->lock);
	return found;
}

static void thrash_work(struct work_struct *work)
{
	struct vkfd_svm *svm = container_of(to_delayed_work(work), struct vkfd_svm, thrash.work);
	struct vkfd_svm_bouncing window;
	unsigned long wait;

	while (window_expire(&svm->thrash, &window, &wait)) {
		mutex_lock(&svm->lock);
		unmap_window(svm, window.start, window.end);
		mutex_unlock(&svm->lock);
		trace_vkfd_thrash(svm->pasid, window.start, window.end - window.start, 0,
				  "released");
	}
	if (wait != MAX_JIFFY_OFFSET)
		queue_delayed_work(vkfd_svm_wq, &svm->thrash.work, wait + 1);
}

/**
 * vkfd_svm_thrash_show() - Lines of debugfs kfd/proc/<pid>/svm_policy
 * @svm: SVM state.
 * @m:   Output.
 *
 * Context: Any.
 */
void vkfd_svm_thrash_show(struct vkfd_svm *svm, struct seq_file *m)
{
	struct vkfd_svm_thrash *thrash = &svm->thrash;
	unsigned int i;

	spin_lock(&thrash->lock);
	seq_printf(m, "thrash_bounces %llu\nthrash_pins %llu\n", thrash->bounces, thrash->pins);
	for (i = 0; i < VKFD_SVM_THRASH; i++)
		if (is_pinned(&thrash->windows[i]))
			seq_printf(m, "pinned %llx-%llx ms=%u\n", thrash->windows[i].start,
				   thrash->windows[i].end,
				   jiffies_to_msecs(thrash->windows[i].until - jiffies));
	spin_unlock(&thrash->lock);
}

/** vkfd_svm_thrash_init() - Part of vkfd_svm_create() */
void vkfd_svm_thrash_init(struct vkfd_svm *svm)
{
	spin_lock_init(&svm->thrash.lock);
	INIT_DELAYED_WORK(&svm->thrash.work, thrash_work);
}

/**
 * vkfd_svm_thrash_fini() - Release nothing any more
 * @svm: SVM state that serves no faults any more.
 *
 * Context: May sleep, waits for the worker.
 */
void vkfd_svm_thrash_fini(struct vkfd_svm *svm)
{
	cancel_delayed_work_sync(&svm->thrash.work);
}
