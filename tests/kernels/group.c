// SPDX-License-Identifier: MIT
#include "kernel.h"

KERNEL(shared_reduce, 256)
{
	SHARED(u32, sums, 256);
	u32 lid = LID;

	sums[lid] = in[ID(256)];
	BARRIER();
	for (u32 step = 128; step; step /= 2) {
		if (lid < step)
			sums[lid] += sums[lid + step];
		BARRIER();
	}
	if (!lid)
		out[GROUP] = sums[0];
}

KERNEL(shared_scan, 256)
{
	SHARED(u32, sums, 512);
	u32 lid = LID, from = 0;

	sums[lid] = in[ID(256)];
	BARRIER();
	for (u32 step = 1; step < 256; step *= 2) {
		u32 value = sums[from + lid];

		if (lid >= step)
			value += sums[from + lid - step];
		from ^= 256;
		sums[from + lid] = value;
		BARRIER();
	}
	out[ID(256)] = sums[from + lid];
}

KERNEL(shared_transpose, 256)
{
	SHARED(u64, tile, 16 * 17);
	u32 x = LID % 16, y = LID / 16;

	tile[y * 17 + x] = IN64(2 * ID(256));
	BARRIER();
	*(GLOBAL u64 *)(out + 2 * ID(256)) = tile[x * 17 + y];
}

KERNEL(shared_sort, 128)
{
	SHARED(u32, keys, 128);
	u32 lid = LID;

	keys[lid] = in[ID(128)];
	BARRIER();
	for (u32 size = 2; size <= 128; size *= 2) {
		for (u32 step = size / 2; step; step /= 2) {
			u32 other = lid ^ step, a = keys[lid], b = keys[other];
			u32 up = !(lid & size), low = a < b ? a : b, high = a < b ? b : a;

			BARRIER();
			keys[lid] = (lid < other) == up ? low : high;
			BARRIER();
		}
	}
	out[ID(128)] = keys[lid];
}

KERNEL(shared_bytes, 64)
{
	SHARED(u8, bytes, 256);
	SHARED(u16, words, 128);
	u32 lid = LID, v = in[ID(64)];

	for (u32 n = 0; n < 4; n++)
		bytes[(lid * 4 + n) ^ 3] = (u8)(v >> 8 * n);
	words[lid * 2] = (u16)v;
	words[lid * 2 + 1] = (u16)(v >> 16);
	BARRIER();
	out[4 * ID(64)] = bytes[255 - lid] + (u32)(s32)(s8)bytes[lid * 3] * 256;
	out[4 * ID(64) + 1] = words[127 - lid] + (u32)(s32)(s16)words[lid] * 3;
	out[4 * ID(64) + 2] = bytes[lid] | bytes[lid + 64] << 8 | bytes[lid + 128] << 16;
}

KERNEL(atomic_shared, 128)
{
	SHARED(u32, counts, 64);
	SHARED(u64, wide, 16);
	u32 lid = LID, v = in[ID(128)];

	if (lid < 64)
		counts[lid] = 0;
	if (lid < 16)
		wide[lid] = 0;
	BARRIER();
	__atomic_fetch_add(&counts[v % 64], v >> 4, __ATOMIC_RELAXED);
	ATOMIC_MAX(&counts[(v >> 6) % 4 + 60], lid);
	__atomic_fetch_add(&wide[v % 16], (u64)v << 20, __ATOMIC_RELAXED);
	__atomic_fetch_xor(&wide[v % 7], (u64)v, __ATOMIC_RELAXED);
	BARRIER();
	/* Sums and maxima of one word mix in no fixed order: those four are left out. */
	if (lid < 60)
		out[GROUP * 128 + lid] = counts[lid];
	else if (lid >= 64 && lid < 64 + 9)
		out[GROUP * 128 + lid] = (u32)(wide[lid - 64 + 7] >> 20);
}

KERNEL(wave_shuffle, 64)
{
	u32 id = ID(64), v = in[id], r = 0;

	r += SHUFFLE(v, (LANE + 1) % 64);
	r = r * 3 + SHUFFLE(v, LANE * 7 % 64);
	r = r * 3 + SHUFFLE(v + r, in[id + 1] % 64);
	r = r * 3 + FIRST_LANE(v);
	out[id] = r;
}

KERNEL(wave_dpp, 128)
{
	u32 id = ID(128), v = in[id], sum = v;

	sum += ROW_SHR(sum, 1);
	sum += ROW_SHR(sum, 2);
	sum += ROW_SHR(sum, 4);
	sum += ROW_SHR(sum, 8);
	out[4 * id] = sum;
	out[4 * id + 1] = QUAD_SWAP(v);
	out[4 * id + 2] = XOR_LANE(v, 9);
	out[4 * id + 3] = XOR_LANE(v, 16) - v;
}

KERNEL(wave_ballot, 128)
{
	u32 id = ID(128), v = in[id];
	u64 odd = BALLOT(v & 1);

	out[4 * id] = (u32)odd;
	out[4 * id + 1] = (u32)(odd >> 32);
	out[4 * id + 2] = LANES_BELOW(odd);
	out[4 * id + 3] = (u32)__builtin_popcountl(odd);
}
