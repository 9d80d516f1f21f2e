/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_ENG_POLL_H
#define VKFD_ENG_POLL_H

#include <linux/ktime.h>

struct vkfd_device;

/** struct vkfd_poll - one bounded wait for the device, by looking at memory */
struct vkfd_poll {
	struct vkfd_device *dev;
	ktime_t start, deadline;
};

/* How long any wait for the device may last (module parameter fence_timeout_ms). */
unsigned long vkfd_timeout_jiffies(void);
void vkfd_poll_start(struct vkfd_poll *poll, struct vkfd_device *dev);
/**
 * vkfd_poll_again() - pause between two looks: spins first, then sleeps longer and longer
 *
 * Context: may sleep, allocates nothing; legal in a blockable notifier.
 * Return: 0 look again, -ENODEV device lost, -ETIMEDOUT time is over (look once more).
 */
int vkfd_poll_again(struct vkfd_poll *poll);

#endif
