// SPDX-License-Identifier: MIT
#include "kernel.h"

KERNEL(int_sums, 64)
{
	u32 id = ID(64), a = in[2 * id], b = in[2 * id + 1];
	u64 x = IN64(2 * id), y = IN64(2 * id + 2);

	out[8 * id] = a + b;
	out[8 * id + 1] = a - b;
	out[8 * id + 2] = (u32)(x + y);
	out[8 * id + 3] = (u32)((x + y) >> 32);
	out[8 * id + 4] = (u32)(x - y);
	out[8 * id + 5] = (u32)((x - y) >> 32);
	out[8 * id + 6] = x + y < x;
	out[8 * id + 7] = a + b + (a < b) + 12345678u;
}

KERNEL(int_products, 64)
{
	u32 id = ID(64), a = in[2 * id], b = in[2 * id + 1];
	u64 x = IN64(2 * id), y = IN64(2 * id + 2);

	out[8 * id] = a * b;
	out[8 * id + 1] = (u32)((u64)a * b >> 32);
	out[8 * id + 2] = (u32)((s64)(s32)a * (s32)b >> 32);
	out[8 * id + 3] = (u32)(x * y);
	out[8 * id + 4] = (u32)(x * y >> 32);
	out[8 * id + 5] = (a & 0xffffff) * (b & 0xffffff) + a;
	out[8 * id + 6] = (u32)((s32)(a << 8) >> 8) * (u32)((s32)(b << 8) >> 8);
	out[8 * id + 7] = a * 10 + b * 1000003;
}

KERNEL(int_divide32, 64)
{
	u32 id = ID(64), a = in[2 * id], b = (in[2 * id + 1] >> (id % 31)) | 1;
	s32 x = (s32)a, y = (s32)b;

	if (y == -1)
		y = 3;
	out[8 * id] = a / b;
	out[8 * id + 1] = a % b;
	out[8 * id + 2] = (u32)(x / y);
	out[8 * id + 3] = (u32)(x % y);
	out[8 * id + 4] = a / 7;
	out[8 * id + 5] = (u32)(x / 10);
	out[8 * id + 6] = a % 1000;
	out[8 * id + 7] = (a & 0xffff) / ((b & 0xff) | 1);
}

KERNEL(int_divide64, 64)
{
	u32 id = ID(64);
	u64 a = IN64(2 * id), b = (IN64(2 * id + 2) >> (id % 60)) | 1;
	s64 x = (s64)a, y = (s64)b;
	u64 r[4];

	if (y == -1)
		y = 5;
	r[0] = a / b;
	r[1] = a % b;
	r[2] = (u64)(x / y);
	r[3] = (u64)(x % y);
	for (u32 n = 0; n < 4; n++) {
		out[8 * id + 2 * n] = (u32)r[n];
		out[8 * id + 2 * n + 1] = (u32)(r[n] >> 32);
	}
}

KERNEL(int_shifts, 64)
{
	u32 id = ID(64), a = in[2 * id], n = in[2 * id + 1];

	out[8 * id] = a << (n & 31);
	out[8 * id + 1] = a >> (n & 31);
	out[8 * id + 2] = (u32)((s32)a >> (n & 31));
	out[8 * id + 3] = a << (n & 31) | a >> (-n & 31);
	out[8 * id + 4] = (a << 3) + n;
	out[8 * id + 5] = (a << 5) | n;
	out[8 * id + 6] = (a + n) << 7;
	out[8 * id + 7] = (u16)((u16)a << (n & 15)) | (u32)((u16)a >> (n & 15)) << 16;
}

KERNEL(int_shifts64, 64)
{
	u32 id = ID(64), n = in[3 * id + 2] & 63;
	u64 a = IN64(3 * id), r[4];

	r[0] = a << n;
	r[1] = a >> n;
	r[2] = (u64)((s64)a >> n);
	r[3] = a << n | a >> (-n & 63);
	for (u32 i = 0; i < 4; i++) {
		out[8 * id + 2 * i] = (u32)r[i];
		out[8 * id + 2 * i + 1] = (u32)(r[i] >> 32);
	}
}

KERNEL(int_bits, 64)
{
	u32 id = ID(64), a = in[2 * id] >> (id % 33 % 32);
	u64 x = IN64(2 * id) >> (id % 64);

	out[8 * id] = (u32)__builtin_popcount(a);
	out[8 * id + 1] = a ? (u32)__builtin_clz(a) : 32;
	out[8 * id + 2] = a ? (u32)__builtin_ctz(a) : 32;
	out[8 * id + 3] = (u32)__builtin_popcountl(x);
	out[8 * id + 4] = x ? (u32)__builtin_clzl(x) : 64;
	out[8 * id + 5] = x ? (u32)__builtin_ctzl(x) : 64;
	out[8 * id + 6] = __builtin_bswap32(a);
	out[8 * id + 7] = (a & 0xff00ff) | (~a & id) | (a ^ 0x1234567);
}

KERNEL(int_fields, 64)
{
	u32 id = ID(64), a = in[2 * id], b = in[2 * id + 1];

	out[8 * id] = a >> 5 & 0x1ff;
	out[8 * id + 1] = (u32)((s32)(a << 7) >> 19);
	out[8 * id + 2] = (a & b) | (~a & id);
	out[8 * id + 3] = (a & 0xffff) | b << 16;
	out[8 * id + 4] = a >> 16 | (b & 0xffff0000);
	out[8 * id + 5] = (u32)(((u64)a << 32 | b) >> 13);
	out[8 * id + 6] = a ^ b ^ id;
	out[8 * id + 7] = (a | b) + (a & b) + (a ^ b);
}

KERNEL(int_narrow, 64)
{
	u32 id = ID(64), a = in[2 * id], b = in[2 * id + 1];
	u16 x = (u16)a, y = (u16)b;
	s8 p = (s8)(a >> 8), q = (s8)(b >> 16);

	out[8 * id] = (u16)(x + y);
	out[8 * id + 1] = (u16)(x * y);
	out[8 * id + 2] = (u32)(s32)(s16)(x - y);
	out[8 * id + 3] = (u32)((s32)p * q);
	out[8 * id + 4] = (u8)(p + q);
	out[8 * id + 5] = (u32)((s16)x < (s16)y ? (s16)x : (s16)y);
	out[8 * id + 6] = x > y ? x : y;
	out[8 * id + 7] = (u32)((u8)a + (u8)(a >> 8) + (u8)(a >> 16) + (a >> 24));
}

KERNEL(int_order, 64)
{
	u32 id = ID(64), a = in[3 * id], b = in[3 * id + 1], c = in[3 * id + 2];
	s32 x = (s32)a, y = (s32)b, z = (s32)c, low = x < y ? x : y, high = x < y ? y : x;
	u64 p = IN64(2 * id), q = IN64(2 * id + 2);

	out[8 * id] = a < b ? a : b;
	out[8 * id + 1] = (u32)(x > y ? x : y);
	out[8 * id + 2] = (u32)(low > (z < high ? z : high) ? low : (z < high ? z : high));
	out[8 * id + 3] = (a > b ? a : b) > c ? (a > b ? a : b) : c;
	out[8 * id + 4] = (p < q) | (p <= q) << 1 | (p == q) << 2 | ((s64)p > (s64)q) << 3;
	out[8 * id + 5] = (a < b) | (x < y) << 1 | (a >= c) << 2 | (x != z) << 3;
	out[8 * id + 6] = (u32)((s64)p < (s64)q ? p : q);
	out[8 * id + 7] = a - b > a ? ~0u : a - b;
}

KERNEL(int_bytes, 64)
{
	u32 id = ID(64), a = in[2 * id], b = in[2 * id + 1], sum = 0, diff = 0;

	for (u32 n = 0; n < 32; n += 8) {
		s32 d = (s32)(a >> n & 255) - (s32)(b >> n & 255);

		sum += (a >> n & 255) * (b >> n & 255);
		diff += (u32)(d < 0 ? -d : d);
	}
	out[4 * id] = sum;
	out[4 * id + 1] = diff;
	out[4 * id + 2] = (a & 0xff) << 24 | (b & 0xff00) << 8 | (a & 0xff0000) >> 8 | b >> 24;
	out[4 * id + 3] = (u32)((s32)(a << 24) >> 24) * (u32)((s32)(b << 16) >> 24);
}

KERNEL(int_hash, 256)
{
	u32 id = ID(256), h = in[id];

	for (u32 n = 0; n < 20; n++) {
		h ^= h >> 16;
		h *= 0x85ebca6b;
		h ^= h >> 13;
		h *= 0xc2b2ae35;
		h = (h << 13 | h >> 19) + n;
	}
	out[id] = h;
}

KERNEL(grid_large, 64)
{
	u32 id = ID(64);

	out[id] = in[id % IN_DWORDS] * 3 + id;
}
