# SPDX-License-Identifier: MIT
# what: page-table entries are written without asking whether the pages are still the right ones
# file: kmod/svm/svm_map.c
# kernel: stock
# tests: guest.svm_mm.racing_cpu_and_gpu_lose_no_update_* guest.svm_mm.notifier_storm_does_not_stop_progress_* guest.svm_mm.mprotect_storm_under_gpu_reads_keeps_data_* guest.svm_mm.faults_race_dontneed_*
/^static int commit(/,/^}/s/if (!drm_gpusvm_pages_valid(.*)) {/if (0) {/
