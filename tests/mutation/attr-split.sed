# SPDX-License-Identifier: MIT
# what: a piece of attributes that is split keeps its old end, so two pieces hold the same pages
# file: kmod/svm/svm_attr.c
# kernel: host
# tests: host.svm_attr_test
/^\thead->piece.end = addr;$/d
