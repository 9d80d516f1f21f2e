# SPDX-License-Identifier: MIT
# what: an attribute list may be longer than the argument that holds it
# file: kmod/uapi/ioctl_svm.c
# kernel: stock
# tests: guest.svm_attr.list_longer_than_the_argument_is_einval
s/ || args->nattr > (bytes - sizeof(\*args)) \/ sizeof(args->attrs\[0\]))$/)/
