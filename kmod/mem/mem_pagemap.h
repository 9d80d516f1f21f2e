/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_MEM_PAGEMAP_H
#define VKFD_MEM_PAGEMAP_H

#include <linux/types.h>

struct dev_pagemap;
struct drm_pagemap;
struct drm_pagemap_addr;
struct vkfd_device;

int vkfd_pagemap_init(struct vkfd_device *dev);
void vkfd_pagemap_fini(struct vkfd_device *dev);
struct drm_pagemap *vkfd_pagemap_dpagemap(struct vkfd_device *dev);
/* Device-private page owner group: GPUs that reach each other's VRAM share one. */
void *vkfd_pagemap_owner(struct vkfd_device *dev);
/* The GPU whose VRAM @dpagemap describes; NULL is RAM and gives NULL. */
struct vkfd_device *vkfd_pagemap_device(struct drm_pagemap *dpagemap);
/* First device-private PFN and number of pages, as /proc/PID/pagemap shows them (debugfs). */
void vkfd_pagemap_pfns(struct vkfd_device *dev, u64 *first, u64 *pages);
/* PTE, valid but without permissions, for one entry of drm_gpusvm_pages::dma_addr. */
u64 vkfd_pagemap_pte(const struct drm_pagemap_addr *addr);
/* Is such an entry device memory in a 2 MiB folio? */
bool vkfd_pagemap_is_large(const struct drm_pagemap_addr *addr);

#endif
