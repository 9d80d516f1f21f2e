// SPDX-License-Identifier: MIT
/*
 * A driver that stores anything as its read pointer and withdraws memory when
 * it likes: entries stay inside the ring, and an impossible pointer stops it.
 */
#define _GNU_SOURCE
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "irq/ih.h"
#include "util/fuzz.h"

#define BUS	0x10000000ULL
#define RAM	(1u << 16)
#define RING	4096u
#define WPTR	0x8000u
#define RPTR	0x8040u
#define GUARD	0xa5

static void on_raise(void *opaque)
{
	(void)opaque;
}

static void on_error(void *opaque, enum vkfd_hw_error error, u32 info)
{
	bool *failed = opaque;

	assert(error == VKFD_ERR_IH_MEMORY && info);
	*failed = true;
}

struct world {
	int fd;
	u8 *ram;
	struct guest_mem *guest;
	struct counters counters;
	struct gpu_clock clock;
	bool failed;
};

static struct world *world_get(void)
{
	static struct world world;

	if (world.guest)
		return &world;
	world.fd = memfd_create("ih-fuzz", 0);
	if (world.fd < 0 || ftruncate(world.fd, RAM))
		abort();
	world.ram = mmap(NULL, RAM, PROT_READ | PROT_WRITE, MAP_SHARED, world.fd, 0);
	world.guest = guest_mem_create();
	if (world.ram == MAP_FAILED || !world.guest)
		abort();
	return &world;
}

static void check(struct world *world)
{
	u64 wptr;

	memcpy(&wptr, world->ram + WPTR, 8);
	assert(!(wptr % VKFD_IH_ENTRY_BYTES));
	for (u32 i = RING; i < WPTR; i++)
		assert(world->ram[i] == GUARD);
}

/* Input: bytes; 0..3 post, 4 store what follows as read pointer, 5 advance it, 6 unmap. */
static void play(struct world *world, struct ih *ih, const uint8_t *data, size_t len)
{
	struct ih_event event = { .client = 8, .source = 224 };
	u64 rptr = 0;

	for (size_t i = 0; i < len; i++) {
		switch (data[i] % 8) {
		case 4:
			if (i + 8 >= len)
				return;
			memcpy(&rptr, data + i + 1, 8);
			i += 8;
			break;
		case 5:
			rptr += VKFD_IH_ENTRY_BYTES * (1 + data[i] / 8u);
			break;
		case 6:
			guest_mem_unmap_all(world->guest);
			break;
		default:
			event.data[0]++;
			ih_post(ih, &event);
			continue;
		}
		memcpy(world->ram + RPTR, &rptr, 8);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct ih_ops ops = { on_raise, on_error };
	static const struct ih_ring ring = { BUS, RING, BUS + WPTR, BUS + RPTR };
	struct world *world = world_get();
	struct ih_config config = { world->guest, &world->counters, &world->clock, 0, &ops,
				    &world->failed };
	struct ih *ih = ih_create(&config);

	if (!ih)
		abort();
	memset(world->ram, GUARD, RAM);
	memset(world->ram + WPTR, 0, RAM - WPTR);
	world->failed = false;
	if (guest_mem_map(world->guest, BUS, RAM, world->fd, 0, true, true) ||
	    !ih_enable(ih, &ring))
		abort();
	play(world, ih, data, len < 2000 ? len : 2000);
	ih_destroy(ih);
	check(world);
	guest_mem_unmap_all(world->guest);
	return 0;
}
