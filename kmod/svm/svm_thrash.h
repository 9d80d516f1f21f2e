/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_SVM_THRASH_H
#define VKFD_SVM_THRASH_H

#include <linux/types.h>

struct seq_file;
struct vkfd_svm;

void vkfd_svm_thrash_init(struct vkfd_svm *svm);
void vkfd_svm_thrash_fini(struct vkfd_svm *svm);
void vkfd_svm_thrash_moved(struct vkfd_svm *svm, u64 start, u64 end);
bool vkfd_svm_thrash_pinned(struct vkfd_svm *svm, u64 start, u64 end);
void vkfd_svm_thrash_show(struct vkfd_svm *svm, struct seq_file *m);

#endif
