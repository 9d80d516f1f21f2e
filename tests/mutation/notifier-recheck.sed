# SPDX-License-Identifier: MIT
# what: page-table entries are written without asking whether the pages are still the right ones
# file: kmod/svm/svm_map.c
# kernel: stock
# tests: guest.svm_race.page_replaced_before_commit_is_not_used_ram_write_xnack_on
/^static int commit(/,/^}/s/if (!drm_gpusvm_pages_valid(.*)) {/if (0) {/
