/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_SVM_TURN_H
#define VKFD_SVM_TURN_H

#include <linux/types.h>

struct mmu_notifier_range;
struct vkfd_svm;
struct vkfd_svm_range;

void vkfd_svm_turn_init(struct vkfd_svm *svm);
/* What an access needs to run, once it was acknowledged, or queues that were started. */
#define VKFD_SVM_GRACE_US	2000u

void vkfd_svm_turn_want(struct vkfd_svm *svm, unsigned int nth);
void vkfd_svm_turn_begin(struct vkfd_svm *svm, struct vkfd_svm_range *range);
void vkfd_svm_turn_end(struct vkfd_svm *svm, unsigned int us);
void vkfd_svm_turn_yield(struct vkfd_svm *svm, const struct mmu_notifier_range *mmu);

#endif
