/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_STALL_H
#define VKFD_STALL_H

struct vkfd_device;

/* Where work can be held up; debugfs vkfd/<gpu_id>/stall_<point>. */
enum vkfd_stall_point {
	VKFD_STALL_COLLECT,	/* sharing by fork is broken, pages not yet collected */
	VKFD_STALL_COMMIT,	/* pages are collected, PTEs not yet written */
	VKFD_STALL_COPY,	/* pages are locked and unmapped, on their way to RAM, not yet copied */
	VKFD_STALL_RESTORE,	/* the restore worker knows what to map, and has not begun */
	VKFD_STALL_POINTS,
};

void vkfd_stall(struct vkfd_device *dev, enum vkfd_stall_point point);
void vkfd_stall_debugfs(struct vkfd_device *dev);

#endif
