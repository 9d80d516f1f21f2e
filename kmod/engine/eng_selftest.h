/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_ENG_SELFTEST_H
#define VKFD_ENG_SELFTEST_H

struct vkfd_device;

/* File selftest, when dev->debugfs exists. */
void vkfd_selftest_debugfs(struct vkfd_device *dev);

#endif
