// SPDX-License-Identifier: MIT
/*
 * Any page tables, any addresses: a walk ends after few reads, says a size that
 * exists, and with a cache it says the same as without.
 */
#include <assert.h>
#include <string.h>

#include "mmu/walk.h"
#include "util/fuzz.h"

#define TABLES	8u
#define WORDS	(TABLES * VKFD_PT_ENTRIES)

struct world {
	u64 word[WORDS];
	u32 loads;
};

static bool world_load(void *opaque, u64 hive, u64 *entry)
{
	struct world *world = opaque;

	world->loads++;
	if (hive / 8 >= WORDS || hive % 8)
		return false;
	*entry = world->word[hive / 8];
	return true;
}

static void check(const struct walk_result *res)
{
	u64 low = BIT_ULL(res->shift) - 1;

	assert(res->shift == 12 || res->shift == 16 || res->shift == 21 || res->shift == 30 ||
	       res->shift == 39);
	if (res->status != WALK_LEAF)
		return;
	assert(res->entry & VKFD_PTE_VALID);
	assert(!(res->entry & VKFD_PTE_ADDR_MASK & low));
}

/* Input: records of slot (2 bytes), entry (8); the last 16 bytes are two addresses. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct world world;
	struct walk_source source = { world_load, &world };
	struct walk_cache cache = { 0 };
	u64 va[2];

	if (len < sizeof(va))
		return 0;
	len -= sizeof(va);
	memcpy(va, data + len, sizeof(va));
	memset(&world, 0, sizeof(world));
	for (; len >= 10; data += 10, len -= 10) {
		u16 slot;

		memcpy(&slot, data, sizeof(slot));
		memcpy(&world.word[slot % WORDS], data + 2, 8);
	}
	for (int i = 0; i < 4; i++) {
		struct walk_result plain, cached;

		world.loads = 0;
		plain = walk(&source, 0, va[i % 2], NULL);
		assert(world.loads <= VKFD_PT_LEVELS + 2 * VKFD_PT_ENTRIES);
		cached = walk(&source, 0, va[i % 2], &cache);
		check(&plain);
		assert(!memcmp(&plain.status, &cached.status, sizeof(plain.status)));
		assert(plain.shift == cached.shift && plain.entry == cached.entry);
	}
	return 0;
}
