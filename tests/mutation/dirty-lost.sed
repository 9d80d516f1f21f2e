# SPDX-License-Identifier: MIT
# what: pages collected for reading get writable PTEs: the CPU's PTE never becomes dirty
# file: kmod/svm/svm_map.c
# kernel: stock
# tests: guest.svm_fault.write_to_read_only_memory_is_a_violation_xnack_on
s/vkfd_svm_permissions(piece->values.flags, bounds->writable)/vkfd_svm_permissions(piece->values.flags, true)/
