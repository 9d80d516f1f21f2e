// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: bounded waiting
 *
 * Every wait for the device in this driver is one of these: it ends when the
 * condition holds, when the device is lost, or after fence_timeout_ms. The
 * caller decides what a timeout means; here it has no effect.
 *
 * The device answers most commands in some ten microseconds, so we spin that
 * long and then sleep an eighth of the time already spent: the sleep never adds
 * more than that share to the wait, and a long wait costs next to nothing.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/module.h>

#include "core/device.h"
#include "engine/eng_poll.h"

#define POLL_SPIN_US	5
#define POLL_SLEEP_MIN_US 10
#define POLL_SLEEP_MAX_US 2000

static unsigned int fence_timeout_ms = 10000;
module_param(fence_timeout_ms, uint, 0644);
MODULE_PARM_DESC(fence_timeout_ms,
		 "milliseconds after which a silent GPU is given up (default 10000)");

/**
 * vkfd_timeout_jiffies() - Limit of any wait for the device
 *
 * Context: Any.
 * Return: fence_timeout_ms in jiffies, at least one.
 */
unsigned long vkfd_timeout_jiffies(void)
{
	return max(msecs_to_jiffies(READ_ONCE(fence_timeout_ms)), 1UL);
}

/**
 * vkfd_poll_start() - Begin a wait
 * @poll: Wait to begin.
 * @dev:  GPU that is waited for.
 *
 * Context: Any.
 */
void vkfd_poll_start(struct vkfd_poll *poll, struct vkfd_device *dev)
{
	poll->dev = dev;
	poll->start = ktime_get();
	poll->deadline = ktime_add_ms(poll->start, jiffies_to_msecs(vkfd_timeout_jiffies()));
}

/**
 * vkfd_poll_again() - Pause between two looks
 * @poll: Wait in progress.
 *
 * Context: Process context, may sleep, allocates nothing.
 * Return: 0, -ENODEV or -ETIMEDOUT.
 */
int vkfd_poll_again(struct vkfd_poll *poll)
{
	ktime_t now = ktime_get();
	s64 spent_us = ktime_us_delta(now, poll->start);
	unsigned long sleep_us;

	if (vkfd_device_is_lost(poll->dev))
		return -ENODEV;
	if (ktime_after(now, poll->deadline))
		return -ETIMEDOUT;
	if (spent_us < POLL_SPIN_US) {
		cpu_relax();
		return 0;
	}
	sleep_us = clamp_t(s64, spent_us / 8, POLL_SLEEP_MIN_US, POLL_SLEEP_MAX_US);
	usleep_range(sleep_us, 2 * sleep_us);
	return 0;
}
