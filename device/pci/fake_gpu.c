// SPDX-License-Identifier: MIT
#include "pci/fake_gpu.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct gpu *gpu_create(const struct gpu_config *config, struct guest_mem *guest, struct vram *vram,
		       const struct gpu_host *host)
{
	struct gpu *gpu = calloc(1, sizeof(*gpu));

	(void)config;
	if (!gpu)
		return NULL;
	gpu->host = *host;
	gpu->guest = guest;
	gpu->vram = vram;
	return gpu;
}

void gpu_destroy(struct gpu *gpu)
{
	free(gpu);
}

void gpu_set_peers(struct gpu *gpu, struct gpu *const *peers, u32 nodes)
{
	(void)gpu;
	(void)peers;
	(void)nodes;
}

struct vram *gpu_vram(struct gpu *gpu)
{
	return gpu->vram;
}

static u64 window_access(struct gpu *gpu, u8 *window, u64 offset, u64 value, unsigned int bytes,
			 bool write)
{
	u64 old = 0;

	assert(bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8);
	assert(!(offset & (bytes - 1)));
	gpu->accesses++;
	gpu->last_bytes = bytes;
	if (!span_fits(offset, bytes, FAKE_GPU_WINDOW))
		return 0;
	memcpy(&old, window + offset, bytes);
	if (write)
		memcpy(window + offset, &value, bytes);
	return old;
}

u64 gpu_reg_read(struct gpu *gpu, u64 offset, unsigned int bytes)
{
	return window_access(gpu, gpu->reg, offset, 0, bytes, false);
}

void gpu_reg_write(struct gpu *gpu, u64 offset, u64 value, unsigned int bytes)
{
	window_access(gpu, gpu->reg, offset, value, bytes, true);
}

u64 gpu_doorbell_read(struct gpu *gpu, u64 offset, unsigned int bytes)
{
	return window_access(gpu, gpu->doorbell, offset, 0, bytes, false);
}

/* A doorbell store raises vector 0, so that tests can follow an interrupt. */
void gpu_doorbell_write(struct gpu *gpu, u64 offset, u64 value, unsigned int bytes)
{
	window_access(gpu, gpu->doorbell, offset, value, bytes, true);
	gpu->host.raise_msi(gpu->host.opaque);
}

void gpu_set_bar(struct gpu *gpu, unsigned int bar, u64 bus, u64 bytes)
{
	assert(bar < 6);
	assert(bytes && bus <= UINT64_MAX - bytes);
	gpu->bar[bar] = bus;
	gpu->bar_calls++;
}

void gpu_reset(struct gpu *gpu)
{
	memset(gpu->reg, 0, sizeof(gpu->reg));
	gpu->resets++;
}
