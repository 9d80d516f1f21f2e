// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: events
 *
 * Owns the events of a process and the mailbox page. Signal and debug events
 * have ids 1..4095, which are also slots of the page: an array of 64-bit words,
 * all-ones when nothing happened. A GPU stores into a slot and interrupts with
 * the id; we reset the slot and set the event. Other events have ids from
 * 2^30 and are set by the driver only. Id 0 means "nobody asked" to the GPU.
 *
 * The page is a GTT buffer that user space brings along with any CREATE_EVENT,
 * usually the first; it stays until the process ends.
 *
 * Called by the ioctls, the interrupt thread and workers. event_wait.c waits.
 * Locks: &vkfd_events.lock, a leaf spinlock; the process lock around creation
 * and destruction.
 * Refuses: a second page, a page that is no buffer of the process, is not GTT or
 * is too small (-EINVAL); more than 4095 signal events, or as many others
 * (-ENOSPC); to set or reset events of other types (-EINVAL).
 */
#include <linux/kfd_ioctl.h>
#include <linux/slab.h>

#include "process/buffer.h"
#include "process/event.h"
#include "process/event_types.h"
#include "process/process_types.h"

#define FIRST_SIGNAL_ID		1
#define LAST_SIGNAL_ID		(KFD_SIGNAL_EVENT_LIMIT - 1)
#define FIRST_OTHER_ID		0x40000000
#define LAST_OTHER_ID		0x7fffffff
#define MAX_OTHER_EVENTS	KFD_SIGNAL_EVENT_LIMIT
#define PAGE_BYTES		(KFD_SIGNAL_EVENT_LIMIT * sizeof(u64))
#define SLOT_IDLE		(~0ULL)
/* What user space used to mmap; today a sign that the event has a slot. */
#define EVENT_PAGE_OFFSET	(2ULL << 62)

/** vkfd_process_events() - Events of a process */
struct vkfd_events *vkfd_process_events(struct vkfd_process *p)
{
	return &p->events;
}

void vkfd_events_init(struct vkfd_events *events)
{
	spin_lock_init(&events->lock);
	xa_init_flags(&events->ids, XA_FLAGS_ALLOC);
}

/** vkfd_event_has_slot() - Do events of this type use the mailbox page? */
bool vkfd_event_has_slot(u32 type)
{
	return type == KFD_IOC_EVENT_SIGNAL || type == KFD_IOC_EVENT_DEBUG_EVENT;
}

/** vkfd_event_find() - Event of an id. Caller holds the lock. Return: or NULL. */
struct vkfd_event *vkfd_event_find(struct vkfd_events *events, u32 event_id)
{
	lockdep_assert_held(&events->lock);
	return xa_load(&events->ids, event_id);
}

/**
 * vkfd_event_give_locked() - Hand a signal to those who wait, or keep it
 * @event: Event.
 *
 * Everybody who waits now gets it. An auto-reset event remembers it only if
 * nobody did. Caller holds the lock.
 */
void vkfd_event_give_locked(struct vkfd_event *event)
{
	struct vkfd_event_waiter *waiter;

	event->signaled = !event->auto_reset || list_empty(&event->waiters);
	list_for_each_entry(waiter, &event->waiters, link) {
		WRITE_ONCE(waiter->activated, true);
		wake_up(waiter->wake);
	}
}

/* Something happened. */
static void event_set_locked(struct vkfd_event *event)
{
	/* 0 means "not asked" and 1 "never set" to user space. */
	if (!++event->age)
		event->age = 2;
	vkfd_event_give_locked(event);
}

static int page_check(struct vkfd_process *p, u64 handle, struct vkfd_mem **out)
{
	struct vkfd_buffer *buffer = vkfd_buffer_find(p, handle);
	const struct vkfd_mem_params *params;

	if (p->events.page || !buffer)
		return -EINVAL;
	params = vkfd_mem_params(vkfd_buffer_mem(buffer));
	if (params->kind != VKFD_MEM_GTT || params->bytes < PAGE_BYTES)
		return -EINVAL;
	*out = vkfd_buffer_mem(buffer);
	return 0;
}

/**
 * vkfd_events_set_page() - Make a buffer the mailbox page, all slots idle
 * @p:      Process without one; its lock is held.
 * @handle: From user space.
 *
 * Return: 0, -EINVAL it is none that could be, -ENOMEM.
 */
int vkfd_events_set_page(struct vkfd_process *p, u64 handle)
{
	struct vkfd_events *events = &p->events;
	struct vkfd_mem *mem;
	int err = page_check(p, handle, &mem);
	u64 *page;

	lockdep_assert_held(&p->lock);
	if (err)
		return err;
	page = vkfd_mem_kmap(mem);
	if (!page)
		return -ENOMEM;
	memset(page, 0xff, PAGE_BYTES);
	events->page_mem = vkfd_mem_get(mem);
	events->page_handle = handle;
	spin_lock(&events->lock);
	events->page = page;
	spin_unlock(&events->lock);
	return 0;
}

/** vkfd_events_unset_page() - Undo vkfd_events_set_page(); no event is left. Process lock held. */
void vkfd_events_unset_page(struct vkfd_events *events)
{
	struct vkfd_mem *mem = events->page_mem;

	spin_lock(&events->lock);
	events->page = NULL;
	spin_unlock(&events->lock);
	events->page_handle = 0;
	events->page_mem = NULL;
	vkfd_mem_kunmap(mem);
	vkfd_mem_put(mem);
}

/**
 * vkfd_event_insert() - Make an event visible, with an id
 * @p:     Process; its lock is held.
 * @event: Filled in. If it has an id already, it gets no other.
 *
 * Return: 0; -ENOSPC no id is left, or that one is taken or not of its kind; -ENOMEM.
 */
int vkfd_event_insert(struct vkfd_process *p, struct vkfd_event *event)
{
	struct vkfd_events *events = &p->events;
	bool slot = vkfd_event_has_slot(event->type);
	struct xa_limit ids = slot ? XA_LIMIT(FIRST_SIGNAL_ID, LAST_SIGNAL_ID) :
				     XA_LIMIT(FIRST_OTHER_ID, LAST_OTHER_ID);
	int err;

	lockdep_assert_held(&p->lock);
	if (!slot && events->nr_other >= MAX_OTHER_EVENTS)
		return -ENOSPC;
	if (event->id && (event->id < ids.min || event->id > ids.max))
		return -ENOSPC;
	if (event->id)
		ids = XA_LIMIT(event->id, event->id);
	err = xa_alloc(&events->ids, &event->id, event, ids, GFP_KERNEL_ACCOUNT);
	if (!err && !slot)
		events->nr_other++;
	return err == -EBUSY ? -ENOSPC : err;
}

static int event_create_locked(struct vkfd_process *p, struct kfd_ioctl_create_event_args *args)
{
	bool brings_page = args->event_page_offset;
	struct vkfd_event *event;
	int err = 0;

	lockdep_assert_held(&p->lock);
	event = kzalloc_obj(*event, GFP_KERNEL_ACCOUNT);
	if (!event)
		return -ENOMEM;
	if (brings_page)
		err = vkfd_events_set_page(p, args->event_page_offset);
	if (err)
		goto err_event;
	event->type = args->event_type;
	event->auto_reset = args->auto_reset;
	event->age = 1;
	INIT_LIST_HEAD(&event->waiters);
	err = vkfd_event_insert(p, event);
	if (err)
		goto err_page;
	if (brings_page)
		p->events.page_event = event->id;
	args->event_id = event->id;
	args->event_trigger_data = event->id;
	args->event_slot_index = vkfd_event_has_slot(event->type) ? event->id : 0;
	args->event_page_offset = vkfd_event_has_slot(event->type) ? EVENT_PAGE_OFFSET : 0;
	return 0;

err_page:
	if (brings_page)
		vkfd_events_unset_page(&p->events);
err_event:
	kfree(event);
	return err;
}

/**
 * vkfd_event_create() - CREATE_EVENT
 * @p:    Process.
 * @args: In and out.
 *
 * On failure a page that was handed over is not kept either.
 * Context: May sleep; takes the process lock.
 * Return: 0, -EINVAL, -ENOSPC, -ENOMEM.
 */
int vkfd_event_create(struct vkfd_process *p, struct kfd_ioctl_create_event_args *args)
{
	int err;

	if (args->event_type > KFD_IOC_EVENT_MEMORY)
		return -EINVAL;
	mutex_lock(&p->lock);
	err = event_create_locked(p, args);
	mutex_unlock(&p->lock);
	return err;
}

/* Waiters learn that their event is gone. */
static void event_detach(struct vkfd_event *event)
{
	struct vkfd_event_waiter *waiter, *next;

	list_for_each_entry_safe(waiter, next, &event->waiters, link) {
		list_del_init(&waiter->link);
		WRITE_ONCE(waiter->event, NULL);
		wake_up(waiter->wake);
	}
}

/** vkfd_event_destroy_locked() - vkfd_event_destroy() with the process lock held */
int vkfd_event_destroy_locked(struct vkfd_process *p, u32 event_id)
{
	struct vkfd_events *events = &p->events;
	struct vkfd_event *event;

	lockdep_assert_held(&p->lock);
	spin_lock(&events->lock);
	event = xa_erase(&events->ids, event_id);
	if (event) {
		event_detach(event);
		if (!vkfd_event_has_slot(event->type))
			events->nr_other--;
	}
	spin_unlock(&events->lock);
	/* The number may mean another event next time. */
	if (events->page_event == event_id)
		events->page_event = 0;
	kfree(event);
	return event ? 0 : -EINVAL;
}

/** vkfd_event_destroy() - DESTROY_EVENT. Context: may sleep. Return: 0 or -EINVAL. */
int vkfd_event_destroy(struct vkfd_process *p, u32 event_id)
{
	int err;

	mutex_lock(&p->lock);
	err = vkfd_event_destroy_locked(p, event_id);
	mutex_unlock(&p->lock);
	return err;
}

/**
 * vkfd_event_take_back() - Undo vkfd_event_create(): nobody heard of the event
 * @p:        Process.
 * @event_id: The event.
 *
 * The page that came with it goes too, unless others rely on it by now.
 * Context: May sleep; takes the process lock.
 */
void vkfd_event_take_back(struct vkfd_process *p, u32 event_id)
{
	struct vkfd_events *events = &p->events;
	bool brought_page;

	mutex_lock(&p->lock);
	brought_page = events->page_event == event_id;
	if (!vkfd_event_destroy_locked(p, event_id) && brought_page && xa_empty(&events->ids))
		vkfd_events_unset_page(events);
	mutex_unlock(&p->lock);
}

/** vkfd_event_set() - SET_EVENT. Context: any process context. Return: 0 or -EINVAL. */
int vkfd_event_set(struct vkfd_events *events, u32 event_id)
{
	struct vkfd_event *event;
	int err = -EINVAL;

	spin_lock(&events->lock);
	event = vkfd_event_find(events, event_id);
	if (event && event->type == KFD_IOC_EVENT_SIGNAL) {
		event_set_locked(event);
		err = 0;
	}
	spin_unlock(&events->lock);
	return err;
}

/** vkfd_event_reset() - RESET_EVENT. Context: any process context. Return: 0 or -EINVAL. */
int vkfd_event_reset(struct vkfd_events *events, u32 event_id)
{
	struct vkfd_event *event;
	int err = -EINVAL;

	spin_lock(&events->lock);
	event = vkfd_event_find(events, event_id);
	if (event && event->type == KFD_IOC_EVENT_SIGNAL) {
		event->signaled = false;
		err = 0;
	}
	spin_unlock(&events->lock);
	return err;
}

/* Consumes what a GPU stored for the event. */
static bool slot_take(struct vkfd_events *events, u32 id)
{
	lockdep_assert_held(&events->lock);
	if (!events->page || READ_ONCE(events->page[id]) == SLOT_IDLE)
		return false;
	WRITE_ONCE(events->page[id], SLOT_IDLE);
	return true;
}

static void scan_slots(struct vkfd_events *events)
{
	struct vkfd_event *event;
	unsigned long id;

	xa_for_each_range(&events->ids, id, event, FIRST_SIGNAL_ID, LAST_SIGNAL_ID)
		if (slot_take(events, id))
			event_set_locked(event);
}

/**
 * vkfd_event_interrupt() - A GPU says it stored into a mailbox
 * @events:     Of the process.
 * @event_id:   What the interrupt carried; not trusted.
 * @valid_bits: How many bits of it mean something.
 *
 * If the id leads nowhere, every slot is looked at.
 * Context: Interrupt thread.
 */
void vkfd_event_interrupt(struct vkfd_events *events, u32 event_id, u32 valid_bits)
{
	struct vkfd_event *event = NULL;

	if (valid_bits < 32)
		event_id &= BIT(valid_bits) - 1;
	spin_lock(&events->lock);
	if (event_id && event_id < KFD_SIGNAL_EVENT_LIMIT)
		event = vkfd_event_find(events, event_id);
	if (event && slot_take(events, event_id))
		event_set_locked(event);
	else
		scan_slots(events);
	spin_unlock(&events->lock);
}

/** vkfd_event_memory_exception() - Tell every memory event of the process what went wrong */
void vkfd_event_memory_exception(struct vkfd_events *events,
				 const struct kfd_hsa_memory_exception_data *data)
{
	struct vkfd_event *event;
	unsigned long id;

	spin_lock(&events->lock);
	xa_for_each_range(&events->ids, id, event, FIRST_OTHER_ID, LAST_OTHER_ID) {
		if (event->type != KFD_IOC_EVENT_MEMORY)
			continue;
		event->memory = *data;
		event_set_locked(event);
	}
	spin_unlock(&events->lock);
}

/** vkfd_event_hw_exception() - Tell every hardware event of the process that a GPU died */
void vkfd_event_hw_exception(struct vkfd_events *events,
			     const struct kfd_hsa_hw_exception_data *data)
{
	struct vkfd_event *event;
	unsigned long id;

	spin_lock(&events->lock);
	xa_for_each_range(&events->ids, id, event, FIRST_OTHER_ID, LAST_OTHER_ID) {
		if (event->type != KFD_IOC_EVENT_HW_EXCEPTION)
			continue;
		event->hw = *data;
		event_set_locked(event);
	}
	spin_unlock(&events->lock);
}

void vkfd_events_close(struct vkfd_events *events)
{
	struct vkfd_event *event;
	unsigned long id;

	spin_lock(&events->lock);
	events->closed = true;
	xa_for_each(&events->ids, id, event)
		event_detach(event);
	spin_unlock(&events->lock);
}

void vkfd_events_fini(struct vkfd_events *events)
{
	struct vkfd_event *event;
	unsigned long id;

	xa_for_each(&events->ids, id, event)
		kfree(event);
	xa_destroy(&events->ids);
	events->page = NULL;
	events->page_handle = 0;
	if (events->page_mem) {
		vkfd_mem_kunmap(events->page_mem);
		vkfd_mem_put(events->page_mem);
	}
	events->page_mem = NULL;
}
