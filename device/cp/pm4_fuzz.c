// SPDX-License-Identifier: MIT
/*
 * Any PM4 stream, with kernels made of the same bytes: turns end, pointers stay
 * in order, nothing leaves the context's pages, unmapping leaves nothing behind.
 */
#include <string.h>
#include "cp/fake_world.h"
#include "util/fuzz.h"

/* A launch whose code, registers and grid come from the input. */
static const u32 launch[] = {
	0xc0037600, 0x207, 64, 1, 1,		/* NUM_THREAD */
	0xc0027600, 0x20c, WORLD_CODE >> 8, 0,	/* PGM */
	0xc0027600, 0x212, 0xc0003, 2 << 1 | 1 << 7, /* RSRC1, RSRC2 */
	0xc0031502, 3, 1, 1, 1,			/* DISPATCH_DIRECT */
};

/* Input: flags (1 byte), then the ring. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	u8 ring[WORLD_RING_BYTES];
	size_t used = 0;
	u8 flags;

	if (!len)
		return 0;
	flags = *data++;
	len--;
	memset(ring, 0, sizeof(ring));
	if (flags & 1) {
		memcpy(ring, launch, sizeof(launch));
		used = sizeof(launch);
	}
	if (len > sizeof(ring) - used)
		len = sizeof(ring) - used;
	memcpy(ring + used, data, len);
	fake_world_begin(VKFD_QUEUE_PM4, ring, used + len);
	memcpy(fake_world_vram() + WORLD_CODE, data, len);
	fake_world_wptr((used + len) / 4);
	fake_world_end();
	return 0;
}
