/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_SVM_DIRTY_H
#define VKFD_SVM_DIRTY_H

#include <linux/types.h>

struct drm_gpusvm_pages;
struct vkfd_svm;
struct vkfd_svm_range;

int vkfd_svm_dirty_look(struct vkfd_svm *svm, struct vkfd_svm_range *range,
			struct drm_gpusvm_pages *pages, void *owner, unsigned long **pfns,
			bool *vram);
void vkfd_svm_dirty_mark(const unsigned long *pfns, unsigned long nr);

#endif
