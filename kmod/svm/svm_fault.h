/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_SVM_FAULT_H
#define VKFD_SVM_FAULT_H

struct vkfd_svm;
struct vkfd_svm_fault_entry;

int vkfd_svm_faults_init(struct vkfd_svm *svm);
void vkfd_svm_faults_fini(struct vkfd_svm *svm);
void vkfd_svm_faults_checkpoint(struct vkfd_svm *svm);

/* svm_serve.c */
enum vkfd_svm_served {
	VKFD_SVM_SERVED,	/* mapped, acknowledged */
	VKFD_SVM_LATER,		/* no memory now */
	VKFD_SVM_OVERTAKEN,	/* the CPU side changed it each time */
	VKFD_SVM_REFUSED,	/* reported to the process */
	VKFD_SVM_DROPPED,	/* nobody waits any more */
	VKFD_SVM_NR_SERVED,
};

enum vkfd_svm_served vkfd_svm_serve(struct vkfd_svm *svm, struct vkfd_svm_fault_entry *entry);
void vkfd_svm_refuse(struct vkfd_svm *svm, struct vkfd_svm_fault_entry *entry);

#endif
