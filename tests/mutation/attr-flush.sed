# SPDX-License-Identifier: MIT
# what: an attribute that takes a mapping away zaps the page tables and leaves the TLB as it is
# file: kmod/svm/svm_range.c
# kernel: stock
# tests: guest.svm_fault.no_access_takes_the_mapping_away_xnack_on
/^void vkfd_svm_range_unmap(/,/^}/{
/^\tvkfd_svm_shootdown_finish(svm, &down);$/d
}
