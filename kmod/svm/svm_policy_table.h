/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_SVM_POLICY_TABLE_H
#define VKFD_SVM_POLICY_TABLE_H

/** enum vkfd_svm_policy_table - one for each function of svm_policy.c that decides */
enum vkfd_svm_policy_table {
	VKFD_SVM_TABLE_FAULT,
	VKFD_SVM_TABLE_PREFETCH,
	VKFD_SVM_TABLE_HOT,
};

void vkfd_svm_policy_print(enum vkfd_svm_policy_table table,
			   void (*line)(void *arg, const char *text), void *arg);

#endif
