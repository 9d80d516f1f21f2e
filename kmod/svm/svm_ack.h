/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_SVM_ACK_H
#define VKFD_SVM_ACK_H

#include <linux/types.h>

struct vkfd_svm;

/* svm_ack.c; called by the fault worker alone. */
void vkfd_svm_ack(struct vkfd_svm *svm, unsigned int slot, u64 start, u64 end);
void vkfd_svm_acks_send(struct vkfd_svm *svm);
void vkfd_svm_acks_age(struct vkfd_svm *svm);

#endif
