# SPDX-License-Identifier: MIT
# what: part of a 2 MiB device page is mapped from the page's beginning
# file: kmod/svm/svm_map.c
# kernel: stock
# tests: guest.svm_part.gpu_reads_each_part_of_a_huge_page_xnack_on
s/^\tmisplaced = misplaced_page(job);$/\tmisplaced = 0;/
