/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_PCI_FAKE_GPU_H
#define VKFD_DEVICE_PCI_FAKE_GPU_H

#include "gpu.h"

/*
 * Stands in for gpu.c in the tests of pci/ and server/: registers and
 * doorbells are plain memory, and every call is counted.
 */
#define FAKE_GPU_WINDOW 0x10000u

struct gpu {
	struct gpu_host host;
	struct guest_mem *guest;
	struct vram *vram;
	u8 reg[FAKE_GPU_WINDOW];
	u8 doorbell[FAKE_GPU_WINDOW];
	u64 bar[6];
	unsigned int resets;
	unsigned int bar_calls;
	unsigned int accesses;
	unsigned int last_bytes;
};

#endif
