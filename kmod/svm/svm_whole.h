/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_SVM_WHOLE_H
#define VKFD_SVM_WHOLE_H

#include <linux/types.h>

struct mmu_notifier_range;
struct vkfd_svm;

void vkfd_svm_whole_init(struct vkfd_svm *svm);
bool vkfd_svm_whole_wait(struct vkfd_svm *svm, const struct mmu_notifier_range *mmu);

#endif
