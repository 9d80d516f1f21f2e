/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_SERVER_PROTOCOL_H
#define VKFD_DEVICE_SERVER_PROTOCOL_H

#include "vkfd_hw/types.h"

/*
 * Messages of the vfio-user protocol, version 0.0, as published with QEMU
 * (docs/interop/vfio-user.rst). All integers have the host's byte order; flag
 * values that VFIO shares come from <linux/vfio.h>.
 */
enum vfu_command {
	VFU_VERSION = 1,
	VFU_DMA_MAP = 2,
	VFU_DMA_UNMAP = 3,
	VFU_DEVICE_GET_INFO = 4,
	VFU_DEVICE_GET_REGION_INFO = 5,
	VFU_DEVICE_GET_REGION_IO_FDS = 6,
	VFU_DEVICE_GET_IRQ_INFO = 7,
	VFU_DEVICE_SET_IRQS = 8,
	VFU_REGION_READ = 9,
	VFU_REGION_WRITE = 10,
	VFU_DEVICE_RESET = 13,
	VFU_REGION_WRITE_MULTI = 15,
	VFU_COMMANDS = 16,
};

#define VFU_FLAG_TYPE	  0x0fu
#define VFU_TYPE_COMMAND  0x0u
#define VFU_TYPE_REPLY	  0x1u
#define VFU_FLAG_NO_REPLY 0x10u
#define VFU_FLAG_ERROR	  0x20u

/* What this server can take. */
#define VFU_MAX_FDS	   8u
#define VFU_MAX_XFER_BYTES (1u << 20)
#define VFU_MAX_DMA_MAPS   65535u
#define VFU_PAGE_SIZES	   4096u

struct vfu_header {
	u16 id;
	u16 command;
	u32 size; /* of the whole message */
	u32 flags;
	u32 error; /* errno, in replies with VFU_FLAG_ERROR */
};

struct vfu_version {
	u16 major;
	u16 minor;
	/* then a JSON text with its NUL */
};

struct vfu_dma_map {
	u32 argsz;
	u32 flags;
	u64 offset;
	u64 address;
	u64 size;
};

struct vfu_dma_unmap {
	u32 argsz;
	u32 flags;
	u64 address;
	u64 size;
};

struct vfu_device_info {
	u32 argsz;
	u32 flags;
	u32 regions;
	u32 irqs;
};

struct vfu_region_info {
	u32 argsz;
	u32 flags;
	u32 index;
	u32 cap_offset;
	u64 size;
	u64 offset;
};

struct vfu_irq_info {
	u32 argsz;
	u32 flags;
	u32 index;
	u32 count;
};

struct vfu_irq_set {
	u32 argsz;
	u32 flags;
	u32 index;
	u32 start;
	u32 count;
	/* then count booleans, with VFIO_IRQ_SET_DATA_BOOL */
};

struct vfu_region_access {
	u64 offset;
	u32 region;
	u32 count;
	/* then the data */
};

struct vfu_multi_write {
	u64 offset;
	u32 region;
	u32 count; /* 1..8 */
	u8 data[8];
};

/* Largest message this server accepts or sends. */
#define VFU_MAX_PAYLOAD_BYTES (VFU_MAX_XFER_BYTES + sizeof(struct vfu_region_access))

static_assert(sizeof(struct vfu_header) == 16, "message header");
static_assert(sizeof(struct vfu_dma_map) == 32, "DMA map");
static_assert(sizeof(struct vfu_dma_unmap) == 24, "DMA unmap");
static_assert(sizeof(struct vfu_region_info) == 32, "region info");
static_assert(sizeof(struct vfu_irq_set) == 20, "IRQ set");
static_assert(sizeof(struct vfu_region_access) == 16, "region access");
static_assert(sizeof(struct vfu_multi_write) == 24, "multi write");

#endif
