/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_SVM_COW_H
#define VKFD_SVM_COW_H

#include <linux/types.h>

struct vkfd_svm;
struct vkfd_svm_range;

int vkfd_svm_cow_break(struct vkfd_svm *svm, struct vkfd_svm_range *range, void *owner, u64 *gen);

#endif
