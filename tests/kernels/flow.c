// SPDX-License-Identifier: MIT
#include "kernel.h"

KERNEL(flow_loops, 64)
{
	u32 id = ID(64), n = (in[id] & 0xffff) | 1, steps = 0;

	while (n != 1 && steps < 1000) {
		n = n & 1 ? 3 * n + 1 : n / 2;
		steps++;
	}
	out[id] = steps;
}

KERNEL(flow_nested, 64)
{
	u32 id = ID(64), v = in[id], sum = 0;

	for (u32 i = 0; i < (v & 7); i++) {
		for (u32 j = 0; j < (v >> 3 & 7); j++) {
			if ((i ^ j) == 5)
				break;
			if ((v >> (i + j) & 1) && j > 1)
				continue;
			if (sum > 100000)
				goto done;
			sum += (i + 1) * (j + 3) * (v >> 28);
		}
		if (v & 0x100)
			sum ^= i;
		else if (v & 0x200)
			sum += 77;
		else
			sum = sum * 2 + 1;
	}
done:
	out[id] = sum;
}

KERNEL(flow_switch, 64)
{
	u32 id = ID(64), v = in[id], r = id;

	for (u32 n = 0; n < 8; n++, v >>= 4) {
		switch (v & 15) {
		case 0:
			r += 1;
			break;
		case 1:
			r *= 3;
			break;
		case 2:
		case 3:
			r ^= v;
			/* fall through */
		case 4:
			r -= 9;
			break;
		case 7:
			r = r << 3 | r >> 29;
			break;
		case 9:
			r = ~r;
			break;
		case 12:
			continue;
		default:
			r += v;
			break;
		}
		r ^= n;
	}
	out[id] = r;
}

NOINLINE u32 blend(u32 a, u32 b, u32 c)
{
	u32 mine[8];

	for (u32 n = 0; n < 8; n++)
		mine[(n + a) % 8] = b * n + c;
	return mine[c % 8] ^ mine[a % 8];
}

NOINLINE u32 twice(u32 a, u32 b)
{
	return blend(a, b, 3) + blend(b, a, 4);
}

KERNEL(flow_calls, 64)
{
	u32 id = ID(64), v = in[id];

	for (u32 n = 0; n < 5; n++)
		v = v & 1 ? twice(v, n) : blend(v, n, id);
	out[id] = v;
}

NOINLINE u32 ackermann(u32 m, u32 n)
{
	if (!m)
		return n + 1;
	if (!n)
		return ackermann(m - 1, 1);
	return ackermann(m - 1, ackermann(m, n - 1));
}

KERNEL(flow_recursion, 64)
{
	u32 id = ID(64);

	out[id] = ackermann(in[id] % 3, in[id] >> 8 & 3);
}

NOINLINE u32 op_add(u32 a, u32 b)
{
	return a + b;
}

NOINLINE u32 op_mul(u32 a, u32 b)
{
	return a * b;
}

NOINLINE u32 op_mix(u32 a, u32 b)
{
	return a ^ (b << 7) ^ (b >> 9);
}

KERNEL(flow_pointers, 64)
{
	u32 id = ID(64), v = in[id];
	u32 (*op)(u32 a, u32 b) = v % 3 == 0 ? op_add : v % 3 == 1 ? op_mul : op_mix;

	out[id] = op(v, id) + op(id, v);
}
