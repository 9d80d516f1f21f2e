/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_SVM_RESTORE_H
#define VKFD_SVM_RESTORE_H

#include <linux/types.h>

struct vkfd_svm;

void vkfd_svm_restore_init(struct vkfd_svm *svm);
void vkfd_svm_restore_fini(struct vkfd_svm *svm);
void vkfd_svm_restore_mark(struct vkfd_svm *svm, u64 start, u64 end);
void vkfd_svm_restore_hidden(struct vkfd_svm *svm, u64 start, u64 end);
void vkfd_svm_restore_protected(struct vkfd_svm *svm, u64 start, u64 end);

#endif
