# SPDX-License-Identifier: MIT
# what: buffers of system memory are freed while still mapped for the device's DMA
# file: kmod/mem/mem_dma.c
# kernel: debug
# tests: guest.svm_leak.dma_mappings_return_to_before_xnack_on
/dma_unmap_sgtable(map->dev/d
