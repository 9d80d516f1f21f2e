# SPDX-License-Identifier: MIT
# what: memory that a GPU was given again counts as old: it is evicted first
# file: kmod/svm/svm_map.c
# kernel: stock
# tests: guest.svm_lru.memory_mapped_longest_ago_leaves_first_xnack_on
s/^\tfor (slot = 0; slot < svm->nr_gpus && job->vram_pages; slot++)$/\tfor (slot = 0; slot < 0; slot++)/
