# SPDX-License-Identifier: MIT
# what: memory that a queue works on is evicted though other memory is idle
# file: kmod/mem/mem_ttm.c
# kernel: stock
# tests: guest.svm_lru.memory_of_idle_queues_leaves_before_older_that_works_xnack_on
s/^\tif (spare && vkfd_heat_is_hot(to_vkfd_svm_bo(to_vkfd_bo(bo))->heat))$/\tif (false)/
