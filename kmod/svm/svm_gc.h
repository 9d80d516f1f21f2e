/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_SVM_GC_H
#define VKFD_SVM_GC_H

#include <linux/types.h>

struct vkfd_svm;
struct vkfd_svm_range;

void vkfd_svm_gc_init(struct vkfd_svm *svm);
void vkfd_svm_gc_fini(struct vkfd_svm *svm);
void vkfd_svm_gc_range(struct vkfd_svm *svm, struct vkfd_svm_range *range);
void vkfd_svm_gc_unmapped(struct vkfd_svm *svm, u64 start, u64 end);
void vkfd_svm_gc_expect(struct vkfd_svm *svm, u64 start, u64 end);
int vkfd_svm_gc_run(struct vkfd_svm *svm);

#endif
