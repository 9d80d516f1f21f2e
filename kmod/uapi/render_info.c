// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: AMDGPU_INFO
 *
 * The three queries that libdrm_amdgpu makes when it opens a GPU: does it work,
 * what is it, and one register. No state, no locks.
 * Refuses: other queries and registers (-EINVAL).
 */
#include <linux/uaccess.h>
#include <drm/amdgpu_drm.h>

#include "core/device.h"
#include "uapi/gfx90a.h"
#include "uapi/render_info.h"
#include "vkfd_hw/addr.h"
#include "vkfd_hw/regs.h"

#define REG_GB_ADDR_CONFIG	0x263e
#define KHZ_PER_MHZ		1000
#define TWO_MIB			(2u << 20)
/* Upper half of the 48-bit space; nothing is mapped there, libdrm wants limits. */
#define HIGH_VA_OFFSET		0xffff800000000000ULL
#define HIGH_VA_MAX		0xffffffffffbf0000ULL

static int put_result(const struct drm_amdgpu_info *info, const void *result, size_t bytes)
{
	bytes = min_t(size_t, bytes, info->return_size);
	return copy_to_user(u64_to_user_ptr(info->return_pointer), result, bytes) ? -EFAULT : 0;
}

static int put_dev_info(struct vkfd_device *dev, const struct drm_amdgpu_info *info)
{
	struct drm_amdgpu_info_device result = {
		.device_id = GFX90A_DEVICE_ID,
		.pci_rev = GFX90A_PCI_REVISION,
		.family = GFX90A_FAMILY,
		.num_shader_engines = dev->hw.ses,
		.num_shader_arrays_per_engine = 1,
		.gpu_counter_freq = VKFD_CLOCK_HZ / 1000,
		.max_engine_clock = GFX90A_ENGINE_CLOCK_MHZ * KHZ_PER_MHZ,
		.max_memory_clock = GFX90A_MEMORY_CLOCK_MHZ * KHZ_PER_MHZ,
		.cu_active_number = dev->hw.cus,
		.virtual_address_offset = VKFD_GPUVM_BASE,
		.virtual_address_max = VKFD_GPUVM_LIMIT + 1,
		.virtual_address_alignment = PAGE_SIZE,
		.pte_fragment_size = TWO_MIB,
		.gart_page_size = PAGE_SIZE,
		.vram_type = AMDGPU_VRAM_TYPE_HBM,
		.vram_bit_width = GFX90A_VRAM_WIDTH_BITS,
		.wave_front_size = GFX90A_WAVE_SIZE,
		.high_va_offset = HIGH_VA_OFFSET,
		.high_va_max = HIGH_VA_MAX,
	};

	if (vkfd_device_is_apu(dev))
		result.ids_flags |= AMDGPU_IDS_FLAGS_FUSION;

	return put_result(info, &result, sizeof(result));
}

/* Tiling does not exist here, so the register reads as 0. */
static int put_register(const struct drm_amdgpu_info *info)
{
	u32 value = 0;

	if (info->read_mmr_reg.dword_offset != REG_GB_ADDR_CONFIG ||
	    info->read_mmr_reg.count != 1)
		return -EINVAL;
	return put_result(info, &value, sizeof(value));
}

/**
 * vkfd_render_info_ioctl() - DRM_IOCTL_AMDGPU_INFO
 * @drm: GPU.
 * @data: What happened.
 * @file: Open file.
 *
 * Return: 0, -EINVAL unknown query, -EFAULT, -ENODEV lost GPU.
 */
int vkfd_render_info_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct vkfd_device *dev = to_vkfd_device(drm);
	const struct drm_amdgpu_info *info = data;
	u32 works = 1;

	if (!info->return_size || !info->return_pointer)
		return -EINVAL;
	if (vkfd_device_is_lost(dev))
		return -ENODEV;
	switch (info->query) {
	case AMDGPU_INFO_ACCEL_WORKING:
		return put_result(info, &works, sizeof(works));
	case AMDGPU_INFO_DEV_INFO:
		return put_dev_info(dev, info);
	case AMDGPU_INFO_READ_MMR_REG:
		return put_register(info);
	default:
		return -EINVAL;
	}
}
