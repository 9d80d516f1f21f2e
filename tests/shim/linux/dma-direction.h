/* SPDX-License-Identifier: MIT */
#ifndef SHIM_LINUX_DMA_DIRECTION_H
#define SHIM_LINUX_DMA_DIRECTION_H

#include <linux/types.h>

/* Pure files use no direction, but the headers that declare their types ask for it. */
typedef u64 dma_addr_t;

#endif
