# SPDX-License-Identifier: MIT
# what: a migration goes on before the engine has copied the bytes
# file: kmod/mem/mem_copy.c
# kernel: stock
# tests: guest.svm_migrate.prefetch_round_trip_keeps_data_* guest.svm_migrate.repeated_round_trips_keep_data_and_leak_nothing_* guest.svm_mm.racing_cpu_writer_loses_no_update_2m_*
s/err = vkfd_sdma_wait(batch->dev, last);/if (!IS_ERR(last)) dma_fence_put(last);/
