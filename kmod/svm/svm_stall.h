/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_SVM_STALL_H
#define VKFD_SVM_STALL_H

struct vkfd_device;

/* Where a mapping can be held up; debugfs vkfd/<gpu_id>/stall_<point>. */
enum vkfd_svm_stall_point {
	VKFD_SVM_STALL_COLLECT,	/* sharing by fork is broken, pages not yet collected */
	VKFD_SVM_STALL_COMMIT,	/* pages are collected, PTEs not yet written */
	VKFD_SVM_STALL_POINTS,
};

void vkfd_svm_stall(struct vkfd_device *dev, enum vkfd_svm_stall_point point);

#endif
