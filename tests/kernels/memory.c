// SPDX-License-Identifier: MIT
#include "kernel.h"

KERNEL(mem_sizes, 64)
{
	u32 id = ID(64);
	GLOBAL u8 *bytes = (GLOBAL u8 *)in;
	GLOBAL u16 *words = (GLOBAL u16 *)in;
	GLOBAL u8 *to8 = (GLOBAL u8 *)(out + 65536);
	GLOBAL u16 *to16 = (GLOBAL u16 *)(out + 131072);

	out[8 * id] = bytes[id];
	out[8 * id + 1] = (u32)(s32)(s8)bytes[3 * id + 1];
	out[8 * id + 2] = words[id];
	out[8 * id + 3] = (u32)(s32)(s16)words[2 * id + 1];
	to8[id] = bytes[id] + 1;
	to8[8192 + 3 * id] = (u8)(bytes[id] >> 1);
	to16[id] = words[id] * 3;
	to16[8192 + 5 * id] = (u16)(words[id] >> 3);
	*(GLOBAL u64 *)(out + 8 * id + 4) = *(GLOBAL u64 *)(in + 2 * id) + 1;
}

struct quad {
	u32 word[4];
};

struct triple {
	u32 word[3];
};

KERNEL(mem_vectors, 64)
{
	u32 id = ID(64);
	GLOBAL struct quad *from = (GLOBAL struct quad *)in, *to = (GLOBAL struct quad *)out;
	GLOBAL struct triple *to3 = (GLOBAL struct triple *)(out + 65536);
	struct quad quad = from[id];
	struct triple triple = { { quad.word[2], quad.word[0], quad.word[1] } };

	to3[id] = triple;
	quad.word[0] += quad.word[3];
	to[1024 + id] = quad;
	to[id] = from[4096 + (id ^ 5)];
}

struct record {
	u8 kind;
	u16 size;
	u32 value;
	u64 sum;
	s8 delta[6];
};

KERNEL(mem_structs, 64)
{
	u32 id = ID(64);
	GLOBAL struct record *from = (GLOBAL struct record *)in, *to = (GLOBAL struct record *)out;
	GLOBAL struct record *me = &to[id];

	me->kind = (u8)(from[id].kind + 1);
	me->size = (u16)(from[id].size ^ from[id + 1].size);
	me->value = from[id].value;
	me->sum = from[id].sum + from[id].value;
	for (u32 n = 0; n < 6; n++)
		me->delta[n] = (s8)(from[id].delta[5 - n] - 1);
}

KERNEL(mem_gather, 64)
{
	u32 id = ID(64), sum = 0;

	for (u32 n = 0; n < 16; n++)
		sum = sum * 31 + in[in[id + n * 64] % IN_DWORDS];
	out[sum % 64 + id * 64] = sum;
}

KERNEL(mem_list, 64)
{
	u32 id = ID(64), at = in[id] % IN_DWORDS, sum = 0;

	for (u32 n = 0; n < 100 + id % 50; n++) {
		sum += at;
		at = in[at] % IN_DWORDS;
	}
	out[id] = sum;
}

KERNEL(mem_private, 64)
{
	u32 id = ID(64), table[64], sum = 0;
	u8 bytes[96];

	for (u32 n = 0; n < 64; n++)
		table[(n * 7 + id) % 64] = in[id + n];
	for (u32 n = 0; n < 96; n++)
		bytes[(n * 5 + id) % 96] = (u8)(in[id + n] >> 8);
	for (u32 n = 0; n < 200; n++) {
		u32 at = table[(n + sum) % 64];

		sum = sum * 3 + at + bytes[at % 96];
		table[at % 64] ^= sum;
		bytes[sum % 96] += (u8)n;
	}
	out[id] = sum;
	out[4096 + id] = table[id % 64];
	out[8192 + id] = bytes[id % 96];
}

struct loose {
	u32 word;
	u64 wide;
} __attribute__((packed));

KERNEL(mem_unaligned, 64)
{
	u32 id = ID(64);
	GLOBAL struct loose *from = (GLOBAL struct loose *)((GLOBAL u8 *)in + 1 + 13 * id);
	GLOBAL struct loose *to = (GLOBAL struct loose *)((GLOBAL u8 *)out + 3 + 13 * id);

	to->word = from->word + 1;
	to->wide = from->wide * 3;
}

#define ADD(at, value)	__atomic_fetch_add(at, value, __ATOMIC_RELAXED)

KERNEL(atomic_sums, 64)
{
	u32 id = ID(64), v = in[id];

	ADD(&out[v % 32], v);
	__atomic_fetch_sub(&out[32 + v % 32], v, __ATOMIC_RELAXED);
	ATOMIC_MIN((GLOBAL s32 *)&out[64 + v % 8], (s32)v);
	ATOMIC_MAX((GLOBAL s32 *)&out[96 + v % 8], (s32)v);
	ATOMIC_MIN(&out[128 + v % 8], v);
	ATOMIC_MAX(&out[160 + v % 8], v);
	/* Who gets which number is not fixed, but each number is got once. */
	out[4096 + ADD(&out[192], 1)] = 1;
}

KERNEL(atomic_bits, 64)
{
	u32 id = ID(64), v = in[id];

	__atomic_fetch_or(&out[v % 16], 1u << (v >> 8 & 31), __ATOMIC_RELAXED);
	__atomic_fetch_and(&out[16 + v % 16], ~(1u << (v >> 8 & 31)), __ATOMIC_RELAXED);
	__atomic_fetch_xor(&out[32 + v % 16], v, __ATOMIC_RELAXED);
	out[64 + id] = __atomic_exchange_n(&out[8192 + id], v, __ATOMIC_RELAXED);
}

KERNEL(atomic_wide, 64)
{
	u32 id = ID(64);
	u64 v = IN64(2 * id);
	GLOBAL u64 *to = (GLOBAL u64 *)out;

	ADD(&to[v % 16], v);
	__atomic_fetch_xor(&to[16 + v % 16], v, __ATOMIC_RELAXED);
	ATOMIC_MAX(&to[32 + v % 16], v);
	ATOMIC_MIN((GLOBAL s64 *)&to[48 + v % 16], (s64)v);
	to[4096 + ADD(&to[64], 1ul)] = 7;
}

KERNEL(atomic_loop, 64)
{
	u32 id = ID(64), v = in[id] >> 8;
	GLOBAL u32 *at = &out[id % 3];
	u32 old = __atomic_load_n(at, __ATOMIC_RELAXED);

	/* Order does not matter modulo 2^32. */
	while (!__atomic_compare_exchange_n(at, &old, old + v * 5, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	out[16 + id] = v;
}
