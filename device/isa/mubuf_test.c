// SPDX-License-Identifier: MIT
/*
 * Every buffer row over random descriptors (linear with and without stride, and
 * swizzled as scratch is), at random offsets in and out of range, against a
 * reference by bytes; pages go missing at random.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <time.h>
#include "isa/fake_image.h"
#include "isa/op_id.h"

#define ROUNDS	40
#define VADDR	4u
#define VDATA	8u
#define SRSRC	20u
#define SOFFSET	24u

struct job {
	struct fake_wave *fake;
	struct isa_inst inst;
	const char *name;
	unsigned int bytes, dwords, file;
	u64 exec;
	/* The descriptor, as numbers. */
	u64 base;
	u32 stride, records, index_stride, soffset;
	bool swizzle, add_tid;
	u32 index[WAVE_LANES], offset[WAVE_LANES];
};

static struct fake_image before, after;

static int setup(void **state)
{
	static struct fake_wave fake;

	fake_wave_init(&fake, true);
	FAKE_WAVE_LOAD(&fake, 1, 0xbf810000);
	*state = &fake;
	return 0;
}

static int teardown(void **state)
{
	fake_wave_fini(*state);
	return 0;
}

static bool has(const struct job *job, const char *part)
{
	return strstr(job->name, part) != NULL;
}

static u32 log2_of(u32 v)
{
	return 31u - (u32)__builtin_clz(v);
}

static void make_descriptor(struct job *job, struct rng *rng)
{
	u32 kind = rng_below(rng, 3);
	u32 *s = job->fake->wave->s;

	job->base = FAKE_DATA_VA + rng_below(rng, 64) * 4;
	job->soffset = rng_below(rng, 16) * 4;
	job->index_stride = 8u << rng_below(rng, 4);
	job->swizzle = job->add_tid = kind == 2;
	if (kind == 2) {
		job->stride = 64;
		job->records = 0x7fffffff;
	} else {
		job->stride = kind ? 4 + rng_below(rng, 8) * 4 : 0;
		job->records = 600 + rng_below(rng, 400);
	}
	s[SRSRC] = (u32)job->base;
	s[SRSRC + 1] = (u32)(job->base >> 32) | (job->stride & 0x3fff) << 16 |
		       (job->swizzle ? 0x80000000u : 0);
	s[SRSRC + 2] = job->records;
	s[SRSRC + 3] = (log2_of(job->index_stride) - 3) << 21 | (job->add_tid ? 1u << 23 : 0);
	s[SOFFSET] = job->soffset;
}

static void make_lanes(struct job *job, struct rng *rng, u32 align)
{
	union wave_vreg *v = job->fake->wave->v + VADDR;

	job->inst.offen = rng_below(rng, 2);
	job->inst.idxen = job->swizzle ? 0 : rng_below(rng, 2);
	job->inst.offset = (s32)(rng_below(rng, 64) / align * align);
	for (u32 n = 0; n < WAVE_LANES; n++) {
		u32 index = rng_below(rng, 40), offset = rng_below(rng, 300) / align * align;

		job->index[n] = (job->inst.idxen ? index : 0) + (job->add_tid ? n : 0);
		job->offset[n] = (job->inst.offen ? offset : 0) + (u32)job->inst.offset;
		v[0].u[n] = job->inst.idxen ? index : offset;
		if (job->inst.idxen)
			v[1].u[n] = offset;
	}
}

/* The byte @n of a lane's access, or NULL: out of range. */
static u8 *byte_of(struct fake_image *image, const struct job *job, u32 lane, u32 n)
{
	u64 offset = job->offset[lane], is = job->index_stride, at;
	u32 last = job->bytes < 4 ? job->bytes : n / 4 * 4 + 4;

	if (job->swizzle) {
		offset += n;
		at = (job->index[lane] / is * job->stride + offset / 4 * 4) * is +
		     job->index[lane] % is * 4 + offset % 4;
	} else {
		at = offset + job->stride * job->index[lane];
		if (at + last > job->records - job->soffset)
			return NULL;
		at += n;
	}
	at += job->base + job->soffset - FAKE_DATA_VA;
	assert_true(at < FAKE_DATA_BYTES);
	return image->data + at;
}

static u32 *reg(struct fake_image *image, const struct job *job, u32 n, u32 lane)
{
	return &image->reg[VDATA + n + job->file][lane];
}

static u32 narrowed(const struct job *job, u32 value, u32 old)
{
	u32 range = has(job, "byte") ? 256 : 65536;

	if ((has(job, "sbyte") || has(job, "sshort")) && value >= range / 2)
		value -= range;
	if (has(job, "d16_hi"))
		return old % 65536 + (value << 16);
	return has(job, "d16") ? old / 65536 * 65536 + value % 65536 : value;
}

static u64 bytes_get(struct fake_image *image, const struct job *job, u32 lane, u32 from, u32 len)
{
	u64 value = 0;

	while (len--) {
		const u8 *at = byte_of(image, job, lane, from + len);

		value = value << 8 | (at ? *at : 0);
	}
	return value;
}

static void bytes_put(struct fake_image *image, const struct job *job, u32 lane, u32 from, u64 value)
{
	u32 len = job->bytes < 4 ? job->bytes : job->inst.op->shape == ISA_ATOMIC ? job->bytes : 4;

	for (u32 n = 0; n < len; n++) {
		u8 *at = byte_of(image, job, lane, from + n);

		if (at)
			*at = (u8)(value >> 8 * n);
	}
}

static void ref_atomic(struct fake_image *image, const struct job *job, u32 lane)
{
	u64 data[2] = { *reg(image, job, 0, lane), *reg(image, job, job->dwords, lane) };
	bool inside = byte_of(image, job, lane, 0) && byte_of(image, job, lane, job->bytes - 1);
	u64 old = inside ? bytes_get(image, job, lane, 0, job->bytes) : 0;

	if (job->bytes == 8) {
		data[0] |= (u64)*reg(image, job, 1, lane) << 32;
		data[1] |= (u64)*reg(image, job, 3, lane) << 32;
	}
	if (inside)
		bytes_put(image, job, lane, 0, fake_atomic(job->name, old, data, job->bytes));
	for (u32 n = 0; job->inst.glc && n < job->dwords; n++)
		*reg(image, job, n, lane) = (u32)(old >> 32 * n);
}

static void ref_lane(struct fake_image *image, const struct job *job, u32 lane)
{
	if (job->inst.op->shape == ISA_ATOMIC) {
		ref_atomic(image, job, lane);
		return;
	}
	for (u32 n = 0; n < job->dwords; n++) {
		u32 *at = reg(image, job, n, lane);

		if (job->inst.op->shape == ISA_STORE)
			bytes_put(image, job, lane, 4 * n, *at >> (has(job, "d16_hi") ? 16 : 0));
		else if (job->bytes < 4)
			*at = narrowed(job, (u32)bytes_get(image, job, lane, 0, job->bytes), *at);
		else
			*at = (u32)bytes_get(image, job, lane, 4 * n, 4);
	}
}

static void run_row(struct fake_wave *fake, struct rng *rng, const struct isa_op *op)
{
	struct job job = { .fake = fake,
			   .inst = { .op = op, .enc = ISA_MUBUF, .bytes = 8, .vaddr = VADDR,
				     .vdata = VDATA, .saddr = SRSRC, .src = { SOFFSET },
				     .glc = rng_below(rng, 2), .acc = rng_below(rng, 2) },
			   .name = op->name, .bytes = isa_type_bits(op->type[0]) / 8 };
	bool atomic = op->shape == ISA_ATOMIC;
	const char *what;

	job.dwords = (job.bytes + 3) / 4;
	job.file = job.inst.acc ? 64 : 0;
	job.exec = rng_below(rng, 3) ? rng_next(rng) : ~0ull;
	fake_image_scramble(fake, rng);
	make_descriptor(&job, rng);
	if (atomic && (job.bytes == 8 || job.swizzle)) {
		/* Aligned, and not apart. */
		job.base = FAKE_DATA_VA;
		job.stride = job.stride / 8 * 8;
		job.swizzle = job.add_tid = false;
		job.records = 800;
		job.soffset = 8;
		wave_set_sreg64(fake->wave, SRSRC, job.base | (u64)job.stride << 48);
		wave_set_sreg64(fake->wave, SRSRC + 2, job.records);
		fake->wave->s[SOFFSET] = job.soffset;
	}
	make_lanes(&job, rng, atomic ? job.bytes : rng_below(rng, 2) ? 4 : 1);
	wave_set_sreg64(fake->wave, ISA_SRC_EXEC, job.exec);
	fake_image_take(fake, &before);
	assert_int_equal(fake_image_run(fake, &job.inst, rng), WAVE_READY);
	for (u32 lane = 0; lane < WAVE_LANES; lane++) {
		if (job.exec >> lane & 1)
			ref_lane(&before, &job, lane);
	}
	fake_image_take(fake, &after);
	what = fake_image_differs(&before, &after);
	if (what)
		fail_msg("%s: %s differ (stride %u swizzle %d)", op->name, what, job.stride, job.swizzle);
}

static void rows_match_the_reference(void **state)
{
	u64 seed = (u64)time(NULL);
	struct rng rng;

	print_message("seed %lu\n", seed);
	rng_init(&rng, seed, 5);
	for (unsigned int id = 0; id < isa_nr_ops; id++) {
		const struct isa_op *op = &isa_ops[id];

		for (int round = 0; round < ROUNDS; round++) {
			if (op->enc == ISA_MUBUF && op->shape != ISA_CACHE)
				run_row(*state, &rng, op);
		}
	}
}

static void load_to_lds_lies_by_lane(void **state)
{
	struct fake_wave *fake = *state;
	struct isa_inst inst = { .op = &isa_ops[ISA_OP_buffer_load_ubyte], .enc = ISA_MUBUF, .lds = true,
				 .saddr = SRSRC, .src = { 128 }, .offset = 16, .offen = true,
				 .vaddr = VADDR };

	wave_set_sreg64(fake->wave, SRSRC, FAKE_DATA_VA);
	wave_set_sreg64(fake->wave, SRSRC + 2, 4096);
	wave_set_sreg64(fake->wave, ISA_SRC_EXEC, ~2ull);
	fake->wave->s[ISA_SRC_M0] = 0x30100;
	memset(fake->group->lds, 0xee, 4096);
	for (u32 n = 0; n < WAVE_LANES; n++)
		fake->wave->v[VADDR].u[n] = 2 * n;
	assert_int_equal(isa_execs[inst.op->id](fake->wave, &fake->env, &inst), WAVE_READY);
	for (u32 n = 0; n < WAVE_LANES; n++) {
		u32 value;

		memcpy(&value, fake->group->lds + 0x110 + 4 * n, 4);
		assert_int_equal(value, n == 1 ? 0xeeeeeeee : *fake_wave_byte(fake, FAKE_DATA_VA + 16 + 2 * n));
	}
	inst.op = &isa_ops[ISA_OP_buffer_load_dwordx2];
	assert_int_equal(isa_execs[inst.op->id](fake->wave, &fake->env, &inst), WAVE_ILLEGAL);
}

/* The first lane's store is inside whole, the second one's only in part: it comes later all the same. */
static void stores_at_the_end_are_done_in_lane_order(void **state)
{
	struct fake_wave *fake = *state;
	struct isa_inst inst = { .op = &isa_ops[ISA_OP_buffer_store_dwordx3], .enc = ISA_MUBUF,
				 .saddr = SRSRC, .src = { 128 }, .offen = true, .vaddr = VADDR, .vdata = VDATA };

	wave_set_sreg64(fake->wave, SRSRC, FAKE_DATA_VA);
	wave_set_sreg64(fake->wave, SRSRC + 2, 20);
	wave_set_sreg64(fake->wave, ISA_SRC_EXEC, 3);
	for (u32 lane = 0; lane < 2; lane++) {
		fake->wave->v[VADDR].u[lane] = 8 + 4 * lane;
		for (u32 n = 0; n < 3; n++)
			fake->wave->v[VDATA + n].u[lane] = 100 * lane + n;
	}
	assert_int_equal(isa_execs[inst.op->id](fake->wave, &fake->env, &inst), WAVE_READY);
	assert_int_equal(fake_wave_dword(fake, FAKE_DATA_VA + 8), 0);
	assert_int_equal(fake_wave_dword(fake, FAKE_DATA_VA + 12), 100);
	assert_int_equal(fake_wave_dword(fake, FAKE_DATA_VA + 16), 101);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_match_the_reference),
		cmocka_unit_test(load_to_lds_lies_by_lane),
		cmocka_unit_test(stores_at_the_end_are_done_in_lane_order),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
