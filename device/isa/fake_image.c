// SPDX-License-Identifier: MIT
#include "isa/fake_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Also linked into fuzzers, which have no cmocka. */
static void need(bool ok, const char *what, const char *name)
{
	if (ok)
		return;
	fprintf(stderr, "%s: %s\n", name, what);
	abort();
}

void fake_image_take(struct fake_wave *fake, struct fake_image *image)
{
	for (u64 at = 0; at < FAKE_DATA_BYTES; at += 4096)
		memcpy(image->data + at, fake_wave_byte(fake, FAKE_DATA_VA + at), 4096);
	memcpy(image->lds, fake->group->lds, FAKE_LDS_BYTES);
	memcpy(image->reg, fake->wave->v, sizeof(image->reg));
	memcpy(image->s, fake->wave->s, sizeof(image->s));
	image->scc = fake->wave->scc;
	image->pc = fake->wave->pc;
}

const char *fake_image_differs(const struct fake_image *a, const struct fake_image *b)
{
	if (memcmp(a->data, b->data, sizeof(a->data)))
		return "memory";
	if (memcmp(a->lds, b->lds, sizeof(a->lds)))
		return "lds";
	if (memcmp(a->reg, b->reg, sizeof(a->reg)))
		return "registers";
	if (memcmp(a->s, b->s, sizeof(a->s)))
		return "sgprs";
	return a->scc != b->scc || a->pc != b->pc ? "scc or pc" : NULL;
}

static void random_bytes(struct rng *rng, void *to, size_t len)
{
	u64 *word = to;

	for (size_t n = 0; n < len / 8; n++)
		word[n] = rng_next(rng);
}

void fake_image_scramble(struct fake_wave *fake, struct rng *rng)
{
	for (u64 at = 0; at < FAKE_DATA_BYTES; at += 4096)
		random_bytes(rng, fake_wave_byte(fake, FAKE_DATA_VA + at), 4096);
	random_bytes(rng, fake->group->lds, FAKE_LDS_BYTES);
	random_bytes(rng, fake->wave->v, FAKE_REGS * sizeof(union wave_vreg));
}

static void assert_same(struct fake_wave *fake, const struct fake_image *before)
{
	static struct fake_image now;
	const char *what;

	fake_image_take(fake, &now);
	what = fake_image_differs(before, &now);
	need(!what, "changed by a fault", what);
}

enum wave_stop fake_image_run(struct fake_wave *fake, const struct isa_inst *inst, struct rng *rng)
{
	static struct fake_image before;
	enum wave_stop stop;

	fake_image_take(fake, &before);
	for (u32 n = 0; n < 3; n++)
		fake_wave_page(fake, FAKE_DATA_VA + rng_below(rng, FAKE_DATA_PAGES) * 4096ull, false);
	for (u32 n = 0; n < 4; n++) {
		u64 va;

		stop = isa_execs[inst->op->id](fake->wave, &fake->env, inst);
		if (stop != WAVE_FAULTED)
			break;
		assert_same(fake, &before);
		va = fake->env.access.fault.va;
		need(fake->env.access.fault.retry && va - FAKE_DATA_VA < FAKE_DATA_BYTES,
		     "fault elsewhere", inst->op->name);
		fake_wave_page(fake, va & ~4095ull, true);
	}
	for (u64 n = 0; n < FAKE_DATA_PAGES; n++)
		fake_wave_page(fake, FAKE_DATA_VA + n * 4096, true);
	return stop;
}

static float f32(u64 bits)
{
	u32 low = (u32)bits;
	float value;

	/* Memory flushes; the operands here are made without denormals for LDS. */
	if (!(low & 0x7f800000))
		low &= 0x80000000;
	memcpy(&value, &low, 4);
	return value;
}

static u64 f32_bits(float value)
{
	u32 bits;

	memcpy(&bits, &value, 4);
	return bits & 0x7f800000 ? bits : bits & 0x80000000;
}

static double f64(u64 bits)
{
	double value;

	memcpy(&value, &bits, 8);
	return value;
}

static u64 f64_bits(double value)
{
	u64 bits;

	memcpy(&bits, &value, 8);
	return bits;
}

/* The first NaN of a sum, made quiet; @top: the exponent's lowest bit. */
static bool nan_of(u64 old, u64 src, u64 top, u64 *result)
{
	u64 low = top - 1, high = top == 1u << 23 ? 0xffu << 23 : top == 1u << 10 ? 31u << 10 :
									    0x7ffull << 52;

	for (int n = 0; n < 2; n++) {
		u64 value = n ? src : old;

		if ((value & high) == high && value & low) {
			*result = value | top / 2;
			return true;
		}
	}
	return false;
}

static u16 f16_sum(u64 a, u64 b)
{
	u16 x = (u16)a, y = (u16)b;
	_Float16 first, second;
	u64 nan;

	if (nan_of(x, y, 1u << 10, &nan))
		return (u16)nan;
	memcpy(&first, &x, 2);
	memcpy(&second, &y, 2);
	first = (_Float16)((float)first + (float)second);
	memcpy(&x, &first, 2);
	return x;
}

static bool has(const char *name, const char *part)
{
	return strstr(name, part) != NULL;
}

static u64 float_atomic(const char *name, u64 old, const u64 *data, unsigned int bytes)
{
	bool take;
	u64 nan;

	if (has(name, "pk_add_f16"))
		return f16_sum(old, data[0]) | (u64)f16_sum(old >> 16, data[0] >> 16) << 16;
	if (has(name, "add") && nan_of(old, data[0], bytes == 8 ? 1ull << 52 : 1u << 23, &nan))
		return nan;
	if (has(name, "add"))
		return bytes == 8 ? f64_bits(f64(old) + f64(data[0])) : f32_bits(f32(old) + f32(data[0]));
	if (has(name, "cmpst"))
		take = bytes == 8 ? f64(old) == f64(data[0]) : f32(old) == f32(data[0]);
	else if (has(name, "min"))
		take = bytes == 8 ? f64(data[0]) < f64(old) : f32(data[0]) < f32(old);
	else
		take = bytes == 8 ? f64(data[0]) > f64(old) : f32(data[0]) > f32(old);
	old = take ? data[has(name, "cmpst")] : old;
	/* A flushing operation flushes what it keeps, too. */
	return bytes == 8 || old & 0x7f800000 ? old : old & 0x80000000;
}

static u64 order_atomic(const char *name, u64 old, u64 src, unsigned int bytes)
{
	bool sign = has(name, "smin") || has(name, "smax") || has(name, "_i32") || has(name, "_i64");
	s64 a = bytes == 8 ? (s64)old : (s32)old, b = bytes == 8 ? (s64)src : (s32)src;
	bool less = sign ? b < a : src < old;

	if (has(name, "min"))
		return less ? src : old;
	return less ? old : src;
}

/* Sums and their kin; false: something else. */
static bool count_atomic(const char *name, u64 old, const u64 *data, u64 *result)
{
	u64 src = data[0];

	if (has(name, "rsub"))
		*result = src - old;
	else if (has(name, "add"))
		*result = old + src;
	else if (has(name, "sub"))
		*result = old - src;
	else if (has(name, "inc"))
		*result = old >= src ? 0 : old + 1;
	else if (has(name, "dec"))
		*result = !old || old > src ? src : old - 1;
	else if (has(name, "wrap"))
		*result = old >= src ? old - src : old + data[1];
	else
		return false;
	return true;
}

u64 fake_atomic(const char *name, u64 old, const u64 *data, unsigned int bytes)
{
	u64 result = 0;

	if (has(name, "_f16") || has(name, "_f32") || has(name, "_f64"))
		return float_atomic(name, old, data, bytes);
	if (has(name, "cmpswap"))
		return old == data[1] ? data[0] : old;
	if (has(name, "cmpst"))
		return old == data[0] ? data[1] : old;
	if (has(name, "min") || has(name, "max"))
		return order_atomic(name, old, data[0], bytes);
	if (has(name, "swap") || has(name, "xchg"))
		return data[0];
	if (has(name, "mskor"))
		return (old & ~data[0]) | data[1];
	if (has(name, "_and"))
		return old & data[0];
	if (has(name, "_xor"))
		return old ^ data[0];
	if (has(name, "_or"))
		return old | data[0];
	need(count_atomic(name, old, data, &result), "no reference", name);
	return bytes == 8 ? result : (u32)result;
}
