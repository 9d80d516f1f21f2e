// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: events in a checkpoint
 *
 * Copies events out with everything a waiter could learn of them, and makes
 * them again under the same ids. The contents of the mailbox page travel with
 * its buffer.
 *
 * Locks: the process lock, and &vkfd_events.lock to look at an event.
 */
#include <linux/slab.h>

#include "process/criu_types.h"
#include "process/event.h"
#include "process/event_types.h"
#include "process/process_types.h"

/** vkfd_criu_events_count() - How many events has the process? Process lock held. */
u32 vkfd_criu_events_count(struct vkfd_process *p)
{
	struct vkfd_event *event;
	unsigned long id;
	u32 nr = 0;

	lockdep_assert_held(&p->lock);
	xa_for_each(&p->events.ids, id, event)
		nr++;
	return nr;
}

static void event_dump(const struct vkfd_event *event, struct vkfd_criu_event *out)
{
	*out = (struct vkfd_criu_event) {
		.object = VKFD_CRIU_EVENT,
		.id = event->id,
		.type = event->type,
		.auto_reset = event->auto_reset,
		.signaled = event->signaled,
		.age = event->age,
	};
	if (event->type == KFD_IOC_EVENT_MEMORY)
		out->memory = event->memory;
	else if (event->type == KFD_IOC_EVENT_HW_EXCEPTION)
		out->hw = event->hw;
}

/** vkfd_criu_events_dump() - Copy them out; @nr is how many there are. Process lock held. */
void vkfd_criu_events_dump(struct vkfd_process *p, struct vkfd_criu_event *out, u32 nr)
{
	struct vkfd_event *event;
	unsigned long id;
	u32 i = 0;

	lockdep_assert_held(&p->lock);
	spin_lock(&p->events.lock);
	xa_for_each(&p->events.ids, id, event)
		if (i < nr)
			event_dump(event, &out[i++]);
	spin_unlock(&p->events.lock);
}

/** vkfd_criu_event_is_valid() - As far as numbers tell; ids are checked where they are taken */
bool vkfd_criu_event_is_valid(const struct vkfd_criu_event *event)
{
	return event->object == VKFD_CRIU_EVENT && event->id &&
	       event->type <= KFD_IOC_EVENT_MEMORY && event->auto_reset <= 1 &&
	       event->signaled <= 1 && !event->pad && event->age;
}

static int event_restore(struct vkfd_process *p, const struct vkfd_criu_event *in)
{
	struct vkfd_event *event = kzalloc_obj(*event, GFP_KERNEL_ACCOUNT);
	int err;

	if (!event)
		return -ENOMEM;
	event->id = in->id;
	event->type = in->type;
	event->auto_reset = in->auto_reset;
	event->signaled = in->signaled;
	event->age = in->age;
	INIT_LIST_HEAD(&event->waiters);
	if (in->type == KFD_IOC_EVENT_MEMORY)
		event->memory = in->memory;
	else if (in->type == KFD_IOC_EVENT_HW_EXCEPTION)
		event->hw = in->hw;
	err = vkfd_event_insert(p, event);
	if (err)
		kfree(event);
	/* An id twice, or of another kind of event: no checkpoint wrote that. */
	return err == -ENOSPC ? -EINVAL : err;
}

/** vkfd_criu_events_drop() - All events and the page, before anybody saw them. Process lock held. */
void vkfd_criu_events_drop(struct vkfd_process *p)
{
	struct vkfd_event *event;
	unsigned long id;

	lockdep_assert_held(&p->lock);
	xa_for_each(&p->events.ids, id, event)
		vkfd_event_destroy_locked(p, id);
	if (p->events.page)
		vkfd_events_unset_page(&p->events);
}

/**
 * vkfd_criu_events_restore() - Make the events of a checkpoint
 * @p:          Process without events; its lock is held.
 * @page:       Handle of the mailbox page, or 0.
 * @page_event: Event that brought it, or 0.
 * @events:     Valid each by itself.
 * @nr:         How many.
 *
 * Return: 0, or with nothing made -EINVAL, -ENOMEM.
 */
int vkfd_criu_events_restore(struct vkfd_process *p, u64 page, u32 page_event,
			     const struct vkfd_criu_event *events, u32 nr)
{
	int err = page ? vkfd_events_set_page(p, page) : 0;
	u32 i;

	lockdep_assert_held(&p->lock);
	for (i = 0; i < nr && !err; i++)
		err = event_restore(p, &events[i]);
	if (err)
		vkfd_criu_events_drop(p);
	else
		p->events.page_event = page ? page_event : 0;
	return err;
}
