/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_SVM_SET_H
#define VKFD_SVM_SET_H

#include <linux/types.h>

struct kfd_ioctl_svm_attribute;
struct vkfd_svm;
struct vkfd_svm_change;
struct vkfd_svm_gpu_facts;
struct vkfd_svm_saved;
struct vkfd_svm_values;

/* svm_check.c: user input and facts, for set, get and fault */
int vkfd_svm_slot_of(const struct vkfd_svm *svm, u32 gpu_id);
void vkfd_svm_default_values(const struct vkfd_svm *svm, struct vkfd_svm_values *values);
void vkfd_svm_gpu_facts(const struct vkfd_svm *svm, struct vkfd_svm_gpu_facts *gpus);
int vkfd_svm_check_bounds(u64 start, u64 size);
int vkfd_svm_check_memory(struct vkfd_svm *svm, u64 start, u64 end);
int vkfd_svm_check_changes(const struct vkfd_svm *svm, u32 nattr,
			   const struct kfd_ioctl_svm_attribute *attrs,
			   struct vkfd_svm_change *changes);

/* svm_set.c: after validation, for svm_criu.c */
int vkfd_svm_set_changes(struct vkfd_svm *svm, u64 start, u64 end,
			 const struct vkfd_svm_change *changes, u32 nr);
void vkfd_svm_set_undo(struct vkfd_svm *svm, u64 start, u64 end, struct vkfd_svm_saved *saved);

#endif
