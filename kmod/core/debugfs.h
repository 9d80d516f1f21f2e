/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_CORE_DEBUGFS_H
#define VKFD_CORE_DEBUGFS_H

struct dentry;
struct vkfd_device;

/* The folder vkfd/ of debugfs; module init and exit. Failure only means no files. */
void vkfd_debugfs_init(void);
void vkfd_debugfs_exit(void);
/* For files that belong to no GPU; gone after vkfd_debugfs_exit(). */
struct dentry *vkfd_debugfs_folder(void);
/* vkfd/<gpu_id>/ with the device's own counters; from vkfd_device_add() / _remove(). */
void vkfd_debugfs_add(struct vkfd_device *dev);
void vkfd_debugfs_remove(struct vkfd_device *dev);

#endif
