# SPDX-License-Identifier: MIT
# what: neighbours that differ in their flags are joined
# file: kmod/svm/svm_attr.c
# kernel: host
# tests: host.svm_attr_test
s/a->flags == b->flags && //
