# SPDX-License-Identifier: MIT
# what: the helpers drop a reference on the buffer that was not taken for them
# file: kmod/mem/mem_pagemap.c
# kernel: stock
# tests: guest.svm_migrate.prefetch_round_trip_keeps_data_4k_xnack_on
/^\tdrm_gem_object_get(&bo->base\.ttm\.base);$/d
