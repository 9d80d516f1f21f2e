/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_MEM_VRAM_H
#define VKFD_DEVICE_MEM_VRAM_H

#include <stddef.h>
#include "mem/mem_status.h"

/* One GPU's VRAM: a sealed memfd, shared with QEMU as the mappable BAR0. */
struct vram {
	u8 *base;	/* only vram.c and the copy loops of sdma/ may touch it, after span_fits() */
	u64 bytes;
	int fd;
};

int vram_init(struct vram *vram, u64 bytes);
void vram_fini(struct vram *vram);
/** vram_clear() - all zeroes, as after a power failure; others may be looking on */
void vram_clear(struct vram *vram);

enum mem_status vram_read(const struct vram *vram, u64 offset, void *dst, size_t len);
enum mem_status vram_write(struct vram *vram, u64 offset, const void *src, size_t len);
enum mem_status vram_load(const struct vram *vram, u64 offset, u64 *value, unsigned int bytes);
enum mem_status vram_store(struct vram *vram, u64 offset, u64 value, unsigned int bytes);
enum mem_status vram_atomic(struct vram *vram, u64 offset, struct mem_atomic *atomic, unsigned int bytes);

#endif
