/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_ENG_KIQ_H
#define VKFD_ENG_KIQ_H

#include <linux/types.h>
#include "vkfd_hw/kiq.h"

struct vkfd_device;

int vkfd_kiq_init(struct vkfd_device *dev);
/* After a reset. */
int vkfd_kiq_restart(struct vkfd_device *dev);
void vkfd_kiq_fini(struct vkfd_device *dev);
/* Files fail_kiq and kiq_refused, when dev->debugfs exists. */
void vkfd_kiq_debugfs(struct vkfd_device *dev);

/**
 * vkfd_kiq_submit() - post one command
 * @seq: out, to wait for.
 *
 * Context: any process context, also inside an MMU notifier: takes a spinlock,
 * allocates nothing. A full ring is waited for (bounded).
 * Return: 0, -ENODEV device lost, -ETIMEDOUT (device marked lost).
 */
int vkfd_kiq_submit(struct vkfd_device *dev, const struct vkfd_kiq_cmd *cmd, u64 *seq);

/** vkfd_kiq_post() - as vkfd_kiq_submit(), but the device need not see it before vkfd_kiq_ring() */
int vkfd_kiq_post(struct vkfd_device *dev, const struct vkfd_kiq_cmd *cmd);
void vkfd_kiq_ring(struct vkfd_device *dev);

/**
 * vkfd_kiq_wait() - wait for a posted command by polling guest memory
 *
 * Context: process context, may sleep, no allocation; legal in a notifier.
 * Return: 0, -ENODEV, -ETIMEDOUT, or -EINVAL/-EBUSY as the device refused.
 */
int vkfd_kiq_wait(struct vkfd_device *dev, u64 seq);

/** vkfd_kiq_run() - submit and wait */
int vkfd_kiq_run(struct vkfd_device *dev, const struct vkfd_kiq_cmd *cmd);

#endif
