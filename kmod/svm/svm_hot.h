/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_SVM_HOT_H
#define VKFD_SVM_HOT_H

struct seq_file;
struct vkfd_svm;

void vkfd_svm_hot_init(struct vkfd_svm *svm);
void vkfd_svm_hot_fini(struct vkfd_svm *svm);
void vkfd_svm_hot_show(struct vkfd_svm *svm, struct seq_file *m);

#endif
