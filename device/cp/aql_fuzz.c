// SPDX-License-Identifier: MIT
/*
 * Any AQL packets, kernel descriptors, signals and queue structure: as pm4_fuzz.
 * Packet pointers are pulled into the mapped pages so that more of them lead
 * somewhere.
 */
#include <string.h>
#include "cp/fake_world.h"
#include "util/fuzz.h"

#define MAPPED_MASK 0x7fc0ull

static void pull_in(u8 *at)
{
	u64 va;

	memcpy(&va, at, 8);
	if (va)
		va &= MAPPED_MASK;
	memcpy(at, &va, 8);
}

/* Input: flags (1 byte), 256 bytes of amd_queue_t, then the ring. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	u8 ring[WORLD_RING_BYTES];
	u32 read_id_offset = 0x80, packets;
	u8 flags, *base;
	size_t part;

	if (len < 2)
		return 0;
	flags = *data++;
	len--;
	memset(ring, 0, sizeof(ring));
	part = len < sizeof(ring) ? len : sizeof(ring);
	memcpy(ring, data, part);
	packets = (u32)(part / VKFD_AQL_PACKET_BYTES);
	for (u32 i = 0; flags & 1 && i < packets; i++) {
		u8 *packet = ring + i * VKFD_AQL_PACKET_BYTES;

		packet[0] %= 6;
		for (u32 at = 8; at < VKFD_AQL_PACKET_BYTES; at += 8) {
			if (packet[0] != VKFD_AQL_DISPATCH || at >= 32)
				pull_in(packet + at);
		}
	}
	fake_world_begin(VKFD_QUEUE_AQL, ring, sizeof(ring));
	base = fake_world_vram();
	part = len < VKFD_AMD_QUEUE_BYTES ? len : VKFD_AMD_QUEUE_BYTES;
	memcpy(base + WORLD_POINTERS, data + (len - part), part);
	memset(base + WORLD_POINTERS + 0x80, 0, 8);
	memcpy(base + WORLD_POINTERS + 0x88, &read_id_offset, 4);
	if (flags & 1)
		pull_in(base + WORLD_POINTERS + VKFD_AMD_QUEUE_INACTIVE);
	fake_world_wptr(flags & 2 ? 1000 : packets);
	fake_world_end();
	return 0;
}
