// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "mmu/place.h"
#include "util/rng.h"
#include "vkfd_hw/addr.h"

static struct vram vram[2] = { { .bytes = 1u << 20 }, { .bytes = 2u << 20 } };
static struct place_node node[2] = { { .vram = &vram[0] }, { .vram = &vram[1] } };
static const struct place_map map = { .nodes = { &node[0], &node[1] }, .nr_nodes = 2,
				      .link_mask = 1 };

/* Small numbers, so that BARs overlap and touch, and every address can be asked. */
static void place_bars(struct rng *rng)
{
	for (u32 n = 0; n < 2; n++) {
		struct place_bar *bar[] = { &node[n].vram_bar, &node[n].doorbell_bar,
					    &node[n].reg_bar };

		for (u32 i = 0; i < 3; i++) {
			bar[i]->bus = rng_below(rng, 4) ? rng_below(rng, 200) : 0;
			bar[i]->bytes = rng_below(rng, 5) ? rng_below(rng, 80) : 0;
		}
	}
}

/* What one address means: the first BAR that has it, else guest RAM. */
static struct place naive(u64 bus)
{
	for (u32 n = 0; n < 2; n++) {
		struct place_bar *bar[] = { &node[n].vram_bar, &node[n].doorbell_bar,
					    &node[n].reg_bar };
		const enum place_kind kind[] = { PLACE_VRAM, PLACE_DOORBELL, PLACE_REGS };

		for (u32 i = 0; i < 3; i++) {
			if (bar[i]->bus && bus >= bar[i]->bus && bus - bar[i]->bus < bar[i]->bytes)
				return (struct place){ kind[i], n, bus - bar[i]->bus };
		}
	}
	return (struct place){ PLACE_SYSTEM, 0, bus };
}

static void bus_route_is_true_for_each_address_it_covers(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, 5, 1);
	for (int round = 0; round < 300; round++) {
		place_bars(&rng);
		for (u64 bus = 0; bus < 300; bus++) {
			struct place_route route = place_route_bus(&map, bus);
			u64 last = route.from + route.bytes;

			assert_true(bus - route.from < route.bytes);
			for (u64 at = route.from; at < last && at < 300; at++) {
				struct place want = naive(at);

				assert_int_equal(route.place.kind, want.kind);
				assert_int_equal(route.place.node, want.node);
				assert_int_equal(route.place.addr + (at - route.from), want.addr);
			}
		}
	}
}

static void bus_route_without_bars_is_all_ram(void **state)
{
	struct place_map none = { .nr_nodes = 0 };
	struct place_route route = place_route_bus(&none, 0xfffffffff000);

	(void)state;
	assert_int_equal(route.place.kind, PLACE_SYSTEM);
	assert_int_equal(route.place.addr, route.from);
	assert_true(0xfffffffff000 + 4096 - route.from <= route.bytes);
}

static void hive_route_ends_with_vram_and_links(void **state)
{
	struct place_route route = place_route_hive(&map, VKFD_HIVE_ADDR(0, 0xff000));

	(void)state;
	assert_int_equal(route.place.kind, PLACE_VRAM);
	assert_int_equal(route.from, VKFD_HIVE_ADDR(0, 0));
	assert_int_equal(route.bytes, 1u << 20);
	assert_int_equal(place_route_hive(&map, VKFD_HIVE_ADDR(0, 1u << 20)).bytes, 0);
	/* Node 1 exists but is not linked; node 2 does not exist. */
	assert_int_equal(place_route_hive(&map, VKFD_HIVE_ADDR(1, 0)).bytes, 0);
	assert_int_equal(place_route_hive(&map, VKFD_HIVE_ADDR(2, 0)).bytes, 0);
	assert_int_equal(place_route_hive(&map, VKFD_HIVE_LIMIT).bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bus_route_is_true_for_each_address_it_covers),
		cmocka_unit_test(bus_route_without_bars_is_all_ram),
		cmocka_unit_test(hive_route_ends_with_vram_and_links),
	};

	return cmocka_run_group_tests_name("place", tests, NULL, NULL);
}
