/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_UAPI_GFX90A_H
#define VKFD_UAPI_GFX90A_H

/* The gfx90a personality: what topology and render node both say. */
#define GFX90A_VENDOR_ID		0x1002
#define GFX90A_DEVICE_ID		0x740f	/* MI210 */
#define GFX90A_PCI_REVISION		2
#define GFX90A_TARGET_VERSION		90010
#define GFX90A_FAMILY			141	/* AMDGPU_FAMILY_AI */
#define GFX90A_WAVE_SIZE		64
#define GFX90A_SIMDS_PER_CU		4
#define GFX90A_WAVES_PER_SIMD		8
#define GFX90A_SCRATCH_SLOTS_PER_CU	32
#define GFX90A_LDS_KIB			64
#define GFX90A_ENGINE_CLOCK_MHZ		1700
#define GFX90A_MEMORY_CLOCK_MHZ		1600
#define GFX90A_VRAM_WIDTH_BITS		4096

#endif
