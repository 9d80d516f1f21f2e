/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_UAPI_RENDER_INFO_H
#define VKFD_UAPI_RENDER_INFO_H

struct drm_device;
struct drm_file;

int vkfd_render_info_ioctl(struct drm_device *drm, void *data, struct drm_file *file);

#endif
