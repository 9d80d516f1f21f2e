/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_UAPI_H
#define VKFD_UAPI_H

struct drm_driver;
struct vkfd_device;

/* /dev/kfd, class kfd, topology root with the CPU nodes, debugfs root. */
int vkfd_uapi_init(void);
void vkfd_uapi_exit(void);
/* Topology node of a probed GPU; its render node is registered already. */
int vkfd_topology_add(struct vkfd_device *dev);
void vkfd_topology_remove(struct vkfd_device *dev);

/* The DRM driver of the render node: what libdrm_amdgpu asks for, GEM mmap. */
extern const struct drm_driver vkfd_drm_driver;

#endif
