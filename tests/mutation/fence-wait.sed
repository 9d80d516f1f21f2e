# SPDX-License-Identifier: MIT
# what: a migration goes on before the engine has copied the bytes
# file: kmod/mem/mem_copy.c
# kernel: stock
# tests: guest.robustness.engine_hang_ends_in_errors_not_in_a_hung_task
s/err = vkfd_sdma_wait(batch->dev, last);/if (!IS_ERR(last)) dma_fence_put(last);/
