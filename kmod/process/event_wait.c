// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: waiting for events
 *
 * WAIT_EVENTS: one call waits for any or all of a list of events, with a
 * timeout. Each list entry becomes a waiter on its event; setting an event
 * marks all its waiters and wakes their calls. A waiter whose event is
 * destroyed fails the call.
 *
 * An event whose age differs from the one user space saw last has happened
 * before the call, so the entry is complete at once.
 *
 * Locks: &vkfd_events.lock for the links; nothing is held while sleeping or
 * touching user memory. Allocation is bounded by KFD_SIGNAL_EVENT_LIMIT entries
 * twice over.
 */
#include <linux/kfd_ioctl.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "process/event.h"
#include "process/event_types.h"
#include "process/process_types.h"

#define MAX_WAITERS	(2 * KFD_SIGNAL_EVENT_LIMIT)
#define TIMEOUT_FOREVER	0xffffffffu

/** struct event_wait - one WAIT_EVENTS call */
struct event_wait {
	struct vkfd_events *events;
	struct vkfd_event_waiter *waiters;
	u32 count;
	bool all;
	wait_queue_head_t wake;
};

static int copy_in(struct event_wait *wait, const struct kfd_event_data __user *user)
{
	u32 i;

	for (i = 0; i < wait->count; i++) {
		struct vkfd_event_waiter *waiter = &wait->waiters[i];

		INIT_LIST_HEAD(&waiter->link);
		waiter->wake = &wait->wake;
		if (copy_from_user(&waiter->data, &user[i], sizeof(waiter->data)))
			return -EFAULT;
	}
	return 0;
}

static bool has_age(const struct vkfd_event_waiter *waiter)
{
	return waiter->event->type == KFD_IOC_EVENT_SIGNAL &&
	       waiter->data.signal_event_data.last_event_age;
}

static int waiter_start(struct vkfd_events *events, struct vkfd_event_waiter *waiter)
{
	struct vkfd_event *event = vkfd_event_find(events, waiter->data.event_id);

	if (!event)
		return -EINVAL;
	waiter->event = event;
	waiter->activated = event->signaled;
	if (event->auto_reset)
		event->signaled = false;
	if (has_age(waiter) && waiter->data.signal_event_data.last_event_age != event->age)
		waiter->activated = true;
	list_add_tail(&waiter->link, &event->waiters);
	return 0;
}

static int start(struct event_wait *wait)
{
	int err = 0;
	u32 i;

	spin_lock(&wait->events->lock);
	if (wait->events->closed)
		err = -ENODEV;
	for (i = 0; !err && i < wait->count; i++)
		err = waiter_start(wait->events, &wait->waiters[i]);
	spin_unlock(&wait->events->lock);
	return err;
}

/* A KFD_IOC_WAIT_RESULT_*; TIMEOUT means "not yet". */
static u32 result(const struct event_wait *wait)
{
	u32 i, activated = 0;

	for (i = 0; i < wait->count; i++) {
		if (!READ_ONCE(wait->waiters[i].event))
			return KFD_IOC_WAIT_RESULT_FAIL;
		if (!READ_ONCE(wait->waiters[i].activated))
			continue;
		if (!wait->all)
			return KFD_IOC_WAIT_RESULT_COMPLETE;
		activated++;
	}
	return activated == wait->count ? KFD_IOC_WAIT_RESULT_COMPLETE :
					  KFD_IOC_WAIT_RESULT_TIMEOUT;
}

static void waiter_take_data(struct vkfd_event_waiter *waiter)
{
	struct vkfd_event *event = waiter->event;

	if (!event || !waiter->activated)
		return;
	if (event->type == KFD_IOC_EVENT_MEMORY)
		waiter->data.memory_exception_data = event->memory;
	else if (event->type == KFD_IOC_EVENT_HW_EXCEPTION)
		waiter->data.hw_exception_data = event->hw;
	else if (has_age(waiter))
		waiter->data.signal_event_data.last_event_age = event->age;
}

/* @undo: the call did not happen or is repeated: auto-reset events must be found set. */
static void stop(struct event_wait *wait, bool undo)
{
	u32 i;

	spin_lock(&wait->events->lock);
	for (i = 0; i < wait->count; i++) {
		struct vkfd_event_waiter *waiter = &wait->waiters[i];

		list_del_init(&waiter->link);
		waiter_take_data(waiter);
		if (undo && waiter->event && waiter->activated && waiter->event->auto_reset)
			vkfd_event_give_locked(waiter->event);
	}
	spin_unlock(&wait->events->lock);
}

static int copy_out(const struct event_wait *wait, struct kfd_event_data __user *user)
{
	u32 i;

	for (i = 0; i < wait->count; i++) {
		const struct vkfd_event_waiter *waiter = &wait->waiters[i];
		size_t bytes = offsetof(struct kfd_event_data, kfd_event_data_ext);

		if (waiter->activated && copy_to_user(&user[i], &waiter->data, bytes))
			return -EFAULT;
	}
	return 0;
}

static long timeout_jiffies(u32 ms)
{
	if (!ms)
		return 0;
	if (ms == TIMEOUT_FOREVER)
		return MAX_SCHEDULE_TIMEOUT;
	/* One more, since the present tick is not a whole one. */
	return msecs_to_jiffies(min_t(u32, ms, INT_MAX)) + 1;
}

/* Sleeps; says in @ms what is left if a signal came first. */
static int sleep_until_done(struct event_wait *wait, u32 *ms)
{
	unsigned long begin = jiffies;
	long timeout = timeout_jiffies(*ms);
	long left;

	left = wait_event_interruptible_timeout(wait->wake,
						result(wait) != KFD_IOC_WAIT_RESULT_TIMEOUT,
						timeout);
	if (left >= 0)
		return 0;
	if (*ms && *ms != TIMEOUT_FOREVER) {
		timeout -= jiffies - begin + 1;
		*ms = jiffies_to_msecs(max(timeout, 0L));
	}
	return -ERESTARTSYS;
}

static int wait_run(struct event_wait *wait, struct kfd_ioctl_wait_events_args *args)
{
	struct kfd_event_data __user *user = u64_to_user_ptr(args->events_ptr);
	int err = copy_in(wait, user);

	if (err)
		return err;
	err = start(wait);
	if (!err)
		err = sleep_until_done(wait, &args->timeout);
	/* Before the links are cut: afterwards a destroyed event looks alive. */
	args->wait_result = result(wait);
	stop(wait, err);
	if (!err && args->wait_result == KFD_IOC_WAIT_RESULT_FAIL)
		err = -EIO;
	if (!err && args->wait_result == KFD_IOC_WAIT_RESULT_COMPLETE)
		err = copy_out(wait, user);
	return err;
}

/**
 * vkfd_event_wait() - WAIT_EVENTS
 * @p:    Process.
 * @args: In and out; the result is FAIL with every error.
 *
 * Context: Sleeps for long; the caller must not hold off teardown.
 * Return: 0 also on timeout; -EINVAL no such event or too many; -EFAULT;
 * -ENOMEM; -EIO an event was destroyed meanwhile; -ERESTARTSYS.
 */
int vkfd_event_wait(struct vkfd_process *p, struct kfd_ioctl_wait_events_args *args)
{
	struct event_wait wait = {
		.events = &p->events,
		.count = args->num_events,
		.all = args->wait_for_all,
	};
	int err = -EINVAL;

	if (wait.count <= MAX_WAITERS) {
		init_waitqueue_head(&wait.wake);
		wait.waiters = kvcalloc(wait.count, sizeof(*wait.waiters), GFP_KERNEL_ACCOUNT);
		err = wait.waiters || !wait.count ? wait_run(&wait, args) : -ENOMEM;
		kvfree(wait.waiters);
	}
	if (err)
		args->wait_result = KFD_IOC_WAIT_RESULT_FAIL;
	return err;
}
