# SPDX-License-Identifier: MIT
# what: memory that is read-only for GPUs gets writable PTEs
# file: kmod/svm/svm_policy.c
# kernel: host
# tests: host.svm_policy_test
s/ && !(flags & KFD_IOCTL_SVM_FLAG_GPU_RO)//
