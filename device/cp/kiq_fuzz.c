// SPDX-License-Identifier: MIT
/*
 * Any commands against the whole GPU: each gets a status, queues that appear
 * can be unmapped, and afterwards the GPU still works.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fake_driver.h"
#include "gpu_priv.h"
#include "util/fuzz.h"

#define MAX_COMMANDS 32u

struct world {
	struct fake_ram ram;
	struct fake_driver drv;
	bool ready;
};

static struct world *world_get(void)
{
	static struct world world;
	struct fake_config config = { .nodes = 1 };

	if (!world.ready) {
		fake_ram_init(&world.ram);
		fake_driver_init(&world.drv, &world.ram, &config);
		world.ready = true;
	}
	return &world;
}

static void check_unmap(struct gpu *gpu)
{
	for (u32 n = 0; n < VKFD_MAX_QUEUES; n++) {
		struct vkfd_kiq_cmd cmd = { .op = VKFD_KIQ_QUEUE_UNMAP, .queue.queue = n };

		if (gpu->queues[n].mapped)
			assert(kiq_execute(&gpu_kiq_ops, gpu, &cmd) == VKFD_KIQ_OK);
		else
			assert(kiq_execute(&gpu_kiq_ops, gpu, &cmd) == VKFD_KIQ_BAD_QUEUE);
	}
	for (u32 n = 0; n < VKFD_MAX_CONTEXTS; n++)
		assert(!gpu->ctx_queues[n]);
}

/* Input: commands, one byte of operation and up to 120 of payload each. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct world *world = world_get();
	struct gpu *gpu = world->drv.gpu;
	struct vkfd_kiq_cmd nop = { .op = VKFD_KIQ_NOP };

	for (u32 i = 0; i < MAX_COMMANDS && len > 1; i++) {
		struct vkfd_kiq_cmd cmd = { .op = data[0] % 12 };
		size_t part = len - 1 < 96 ? len - 1 : 96;

		memcpy(cmd.bytes, data + 1, part);
		assert(kiq_execute(&gpu_kiq_ops, gpu, &cmd) <= VKFD_KIQ_BAD_SAVE);
		data += 1 + part;
		len -= 1 + part;
	}
	check_unmap(gpu);
	gpu_reset(gpu);
	fake_driver_start(&world->drv);
	assert(fake_kiq(&world->drv, &nop) == VKFD_KIQ_OK);
	return 0;
}
