// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: event ioctls
 *
 * Forwards to process/event.c, which knows the ABI's structures. No state, no
 * locks.
 */
#include <linux/kfd_ioctl.h>

#include "process/event.h"
#include "uapi/ioctl.h"

VKFD_IOCTL_HANDLER(create_event)
{
	return vkfd_event_create(p, data);
}

VKFD_IOCTL_UNDO(create_event)
{
	const struct kfd_ioctl_create_event_args *args = data;

	vkfd_event_take_back(p, args->event_id);
}

VKFD_IOCTL_HANDLER(destroy_event)
{
	struct kfd_ioctl_destroy_event_args *args = data;

	return vkfd_event_destroy(p, args->event_id);
}

VKFD_IOCTL_HANDLER(set_event)
{
	struct kfd_ioctl_set_event_args *args = data;

	return vkfd_event_set(vkfd_process_events(p), args->event_id);
}

VKFD_IOCTL_HANDLER(reset_event)
{
	struct kfd_ioctl_reset_event_args *args = data;

	return vkfd_event_reset(vkfd_process_events(p), args->event_id);
}

VKFD_IOCTL_HANDLER(wait_events)
{
	return vkfd_event_wait(p, data);
}
