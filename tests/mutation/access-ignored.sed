# SPDX-License-Identifier: MIT
# what: a GPU that was given no access to memory is served like any other
# file: kmod/svm/svm_policy.c
# kernel: host
# tests: host.svm_policy_test
s/^\tif (!((values->access | values->in_place) & self))$/\tif (0)/
