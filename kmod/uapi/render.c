// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: the render node
 *
 * Owns the DRM driver: what libdrm_amdgpu needs to recognise a GPU (version,
 * AMDGPU_INFO), and mmap of buffers by the offsets that ALLOC_MEMORY_OF_GPU
 * handed out. There is no submission, no context and no GEM creation here: work
 * goes through /dev/kfd.
 *
 * An open file becomes the compute address space of at most one process; its
 * PASID is kept in drm_file::driver_priv from the first ACQUIRE_VM on.
 * Refuses: every other AMDGPU ioctl and query (-EINVAL).
 */
#include <linux/module.h>
#include <drm/amdgpu_drm.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>

#include "core/device.h"
#include "uapi/chardev.h"
#include "uapi/render_info.h"
#include "uapi/uapi.h"

DEFINE_DRM_GEM_FOPS(render_fops);

int vkfd_render_claim(struct file *file, struct vkfd_device *dev, u32 pasid)
{
	struct drm_file *drm_file = file->private_data;
	void *mine = (void *)(unsigned long)pasid, *owner;

	if (file->f_op != &render_fops || drm_file->minor->dev != &dev->drm ||
	    !drm_is_render_client(drm_file))
		return -EINVAL;
	owner = cmpxchg(&drm_file->driver_priv, NULL, mine);
	return !owner || owner == mine ? 0 : -EINVAL;
}

static const struct drm_ioctl_desc render_ioctls[] = {
	DRM_IOCTL_DEF_DRV(AMDGPU_INFO, vkfd_render_info_ioctl, DRM_RENDER_ALLOW),
};

/* Version 3.64: what kernel 7.3's amdgpu says; libdrm wants major 3. */
const struct drm_driver vkfd_drm_driver = {
	.driver_features = DRIVER_RENDER | DRIVER_GEM,
	.fops = &render_fops,
	.ioctls = render_ioctls,
	.num_ioctls = ARRAY_SIZE(render_ioctls),
	.name = "vkfd",
	.desc = "vkfd virtual compute GPU",
	.major = 3,
	.minor = 64,
};
