/* SPDX-License-Identifier: MIT */
#ifndef GUEST_POWER_H
#define GUEST_POWER_H

/**
 * power_test() - suspend to RAM as far as @level of /sys/power/pm_test, and back
 * @level: "devices": all of them go down and up; "platform": interrupts and power states too.
 * Return: 0 or -errno, some device refused.
 */
int power_test(const char *level);
/**
 * power_sleep() - S3; the supervisor outside wakes the machine up at once
 * QEMU resets its devices there. Only on a guest of `image=packed`, or with the debug kernel.
 * Return: 0 or -errno.
 */
int power_sleep(void);

#endif
