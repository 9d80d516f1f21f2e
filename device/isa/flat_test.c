// SPDX-License-Identifier: MIT
/*
 * Every flat, global and scratch row, at random addresses and lanes, against a
 * reference that moves bytes one by one; pages go missing at random.
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
#include "vkfd_hw/addr.h"

#define ROUNDS	12
#define VADDR	4u	/* registers of the instructions */
#define VDATA	8u
#define VDST	16u
#define SADDR	20u
#define SCRATCH_VA (FAKE_DATA_VA + 8192)

enum where { MEMORY, LDS, SCRATCH };

struct lane {
	enum where where;
	u64 at;		/* address, LDS address or scratch offset */
};

struct job {
	struct fake_wave *fake;
	struct rng *rng;
	struct isa_inst inst;
	unsigned int bytes, dwords;
	u64 exec;
	struct lane lane[WAVE_LANES];
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

/* The reference's byte @n of a lane's access, or NULL: outside LDS. */
static u8 *byte_of(struct fake_image *image, const struct job *job, unsigned int lane, unsigned int n)
{
	u64 at = job->lane[lane].at;

	switch (job->lane[lane].where) {
	case MEMORY:
		return image->data + (at + n - FAKE_DATA_VA);
	case LDS:
		return at + job->bytes <= FAKE_LDS_BYTES ? image->lds + at + n : NULL;
	case SCRATCH:
		break;
	}
	at += n;
	return image->data + (SCRATCH_VA - FAKE_DATA_VA) + at / 4 * 256 + lane * 4 + at % 4;
}

static u64 place(struct job *job, enum where where, bool aligned)
{
	u64 align = aligned ? job->bytes & -job->bytes : 1;

	switch (where) {
	case MEMORY:
		return FAKE_DATA_VA + rng_below(job->rng, FAKE_DATA_BYTES - 16) / align * align;
	case LDS:
		return rng_below(job->rng, FAKE_LDS_BYTES + 64) / align * align;
	case SCRATCH:
		break;
	}
	return rng_below(job->rng, 300) / align * align;
}

static enum where choose(struct job *job)
{
	if (job->inst.seg == 1)
		return SCRATCH;
	return job->inst.seg == 2 ? MEMORY : (enum where)rng_below(job->rng, 3);
}

/* Addresses of all lanes; some rounds have them one behind the other. */
static void place_lanes(struct job *job, bool atomic)
{
	bool aligned = atomic || rng_below(job->rng, 2), row = rng_below(job->rng, 3) == 0;
	enum where where = choose(job);

	job->exec = rng_below(job->rng, 3) ? rng_next(job->rng) : ~0ull;
	for (unsigned int n = 0; n < WAVE_LANES; n++) {
		struct lane *lane = &job->lane[n];

		lane->where = row ? where : choose(job);
		lane->at = place(job, lane->where, aligned);
		/* Many lanes on few words. */
		if (atomic && lane->where == MEMORY)
			lane->at = FAKE_DATA_VA + 4096 - 16 + lane->at % 64 / job->bytes * job->bytes;
		if (row && n && lane->where == MEMORY)
			lane->at = FAKE_DATA_VA + 1024 + (job->lane[0].at & 1 ? 1 : 0) + n * job->bytes;
		if (row && n && lane->where == SCRATCH)
			lane->at = job->lane[0].at;
		if (atomic && lane->where == SCRATCH && job->bytes == 8)
			lane->where = LDS, lane->at = lane->at / 8 * 8;
	}
}

/* What goes into the address registers for a lane to reach its place. */
static u64 address_of(const struct job *job, unsigned int lane)
{
	u64 at = job->lane[lane].at;

	if (job->inst.seg == 1)
		return at;
	if (job->lane[lane].where == LDS)
		return VKFD_LDS_BASE + at;
	return job->lane[lane].where == SCRATCH ? VKFD_SCRATCH_BASE + at : at;
}

static void write_addresses(struct job *job)
{
	struct wave *wave = job->fake->wave;
	u64 base = job->inst.seg == 1 ? 0 : FAKE_DATA_VA - 100;

	job->inst.offset = (s32)rng_below(job->rng, 100) - (job->inst.seg ? 50 : 0);
	job->inst.saddr = ISA_SADDR_OFF;
	if (job->inst.seg == 2 && rng_below(job->rng, 2))
		job->inst.saddr = SADDR;
	wave_set_sreg64(wave, SADDR, base);
	wave_set_sreg64(wave, ISA_SRC_FLAT_SCRATCH, SCRATCH_VA);
	for (unsigned int n = 0; n < WAVE_LANES; n++) {
		u64 va = address_of(job, n) - (u64)(s64)job->inst.offset;

		if (job->inst.saddr != ISA_SADDR_OFF)
			va -= base;
		wave->v[VADDR].u[n] = (u32)va;
		if (job->inst.saddr == ISA_SADDR_OFF)
			wave->v[VADDR + 1].u[n] = (u32)(va >> 32);
	}
	wave_set_sreg64(wave, ISA_SRC_EXEC, job->exec);
}

/* What a load of @data makes of a register, told by the name. */
static u32 loaded(const char *name, const u8 *data, unsigned int dword, u32 old)
{
	bool sign = strstr(name, "sbyte") || strstr(name, "sshort") || strstr(name, "_i8") ||
		    strstr(name, "_i16");
	bool byte = strstr(name, "byte") || strstr(name, "_u8") || strstr(name, "_i8");
	u32 value = byte ? data[0] : data[0] + data[1] * 256u;

	if (!byte && !strstr(name, "short") && !strstr(name, "16"))
		return data[4 * dword] | data[4 * dword + 1] * 256u | data[4 * dword + 2] * 65536u |
		       (u32)data[4 * dword + 3] << 24;
	if (sign && value >> (byte ? 7 : 15))
		value -= byte ? 256 : 65536;
	if (strstr(name, "d16_hi"))
		return old % 65536 + (value << 16);
	return strstr(name, "d16") ? (old & 0xffff0000) + (value & 0xffff) : value;
}

static void ref_load(struct fake_image *image, const struct job *job)
{
	for (unsigned int lane = 0; lane < WAVE_LANES; lane++) {
		u8 data[16] = { 0 };

		if (!(job->exec >> lane & 1))
			continue;
		for (unsigned int n = 0; n < job->bytes; n++) {
			const u8 *at = byte_of(image, job, lane, n);

			data[n] = at ? *at : 0;
		}
		for (unsigned int n = 0; n < job->dwords; n++) {
			u32 *reg = &image->reg[VDST + n + (job->inst.acc ? 64 : 0)][lane];

			*reg = loaded(job->inst.op->name, data, n, *reg);
		}
	}
}

static void ref_store(struct fake_image *image, const struct job *job)
{
	unsigned int high = strstr(job->inst.op->name, "d16_hi") ? 2 : 0;

	for (unsigned int lane = 0; lane < WAVE_LANES; lane++) {
		for (unsigned int n = 0; n < job->bytes && job->exec >> lane & 1; n++) {
			u8 *at = byte_of(image, job, lane, n);
			unsigned int from = n + high;

			if (at)
				*at = (u8)(image->reg[VDATA + from / 4 + (job->inst.acc ? 64 : 0)][lane] >>
					   8 * (from % 4));
		}
	}
}

static u64 reg_value(const struct fake_image *image, const struct job *job, unsigned int lane,
		     unsigned int n)
{
	unsigned int reg = VDATA + n * job->dwords + (job->inst.acc ? 64 : 0);

	return image->reg[reg][lane] | (job->bytes == 8 ? (u64)image->reg[reg + 1][lane] << 32 : 0);
}

static void ref_atomic(struct fake_image *image, const struct job *job)
{
	const struct fake_image start = *image;

	for (unsigned int lane = 0; lane < WAVE_LANES; lane++) {
		u64 data[2] = { reg_value(&start, job, lane, 0), reg_value(&start, job, lane, 1) };
		u64 old = 0, result;

		if (!(job->exec >> lane & 1))
			continue;
		for (unsigned int n = 0; n < job->bytes; n++) {
			const u8 *at = byte_of(image, job, lane, n);

			old |= (u64)(at ? *at : 0) << 8 * n;
		}
		result = fake_atomic(job->inst.op->name, old, data, job->bytes);
		for (unsigned int n = 0; n < job->bytes; n++) {
			u8 *at = byte_of(image, job, lane, n);

			if (at)
				*at = (u8)(result >> 8 * n);
		}
		for (unsigned int n = 0; n < job->dwords && job->inst.glc; n++)
			image->reg[VDST + n + (job->inst.acc ? 64 : 0)][lane] = (u32)(old >> 32 * n);
	}
}

static void check(struct job *job)
{
	const char *what;

	switch (job->inst.op->shape) {
	case ISA_LOAD:
		ref_load(&before, job);
		break;
	case ISA_STORE:
		ref_store(&before, job);
		break;
	default:
		ref_atomic(&before, job);
		break;
	}
	fake_image_take(job->fake, &after);
	what = fake_image_differs(&before, &after);
	if (what)
		fail_msg("%s seg %u: %s differ", job->inst.op->name, job->inst.seg, what);
}

static void run_row(struct fake_wave *fake, struct rng *rng, const struct isa_op *op, u8 seg)
{
	struct job job = { .fake = fake, .rng = rng,
			   .inst = { .op = op, .enc = ISA_FLAT, .bytes = 8, .seg = seg, .vaddr = VADDR,
				     .vdata = VDATA, .dst = VDST, .glc = rng_below(rng, 2),
				     .acc = rng_below(rng, 2) },
			   .bytes = isa_type_bits(op->type[0]) / 8 };

	job.dwords = (job.bytes + 3) / 4;
	fake_image_scramble(fake, rng);
	place_lanes(&job, op->shape == ISA_ATOMIC);
	write_addresses(&job);
	fake_image_take(fake, &before);
	assert_int_equal(fake_image_run(fake, &job.inst, rng), WAVE_READY);
	check(&job);
}

static void rows_match_bytes_one_by_one(void **state)
{
	u64 seed = (u64)time(NULL);
	struct rng rng;

	print_message("seed %lu\n", seed);
	rng_init(&rng, seed, 2);
	for (unsigned int id = 0; id < isa_nr_ops; id++) {
		const struct isa_op *op = &isa_ops[id];

		for (u8 seg = 0; seg < 3 && op->enc == ISA_FLAT; seg++) {
			if (!(op->segs >> seg & 1))
				continue;
			for (int round = 0; round < ROUNDS; round++)
				run_row(*state, &rng, op, seg);
		}
	}
}

static struct isa_inst row(unsigned int id, u8 seg)
{
	return (struct isa_inst){ .op = &isa_ops[id], .enc = ISA_FLAT, .bytes = 8, .seg = seg,
				  .vaddr = VADDR, .vdata = VDATA, .dst = VDST, .saddr = ISA_SADDR_OFF };
}

static void set_address(struct wave *wave, unsigned int lane, u64 va)
{
	wave->v[VADDR].u[lane] = (u32)va;
	wave->v[VADDR + 1].u[lane] = (u32)(va >> 32);
}

static void stray_addresses_stop_the_wave_untouched(void **state)
{
	struct fake_wave *fake = *state;
	struct isa_inst inst = row(ISA_OP_flat_store_dword, 2);
	static const u64 stray[] = { VKFD_LDS_BASE, VKFD_SCRATCH_BASE + 8, 0x800000000000ull,
				     0xffff000000000000ull };

	for (unsigned int n = 0; n < 4; n++) {
		for (unsigned int lane = 0; lane < WAVE_LANES; lane++)
			set_address(fake->wave, lane, FAKE_DATA_VA);
		set_address(fake->wave, 40, stray[n]);
		wave_set_sreg64(fake->wave, ISA_SRC_EXEC, ~0ull);
		fake_image_take(fake, &before);
		assert_int_equal(isa_execs[inst.op->id](fake->wave, &fake->env, &inst), WAVE_APERTURE);
		assert_int_equal(fake->env.access.fault.va, stray[n]);
		fake_image_take(fake, &after);
		assert_null(fake_image_differs(&before, &after));
		/* Not if the lane is off. */
		wave_set_sreg64(fake->wave, ISA_SRC_EXEC, ~BIT_ULL(40));
		assert_int_equal(isa_execs[inst.op->id](fake->wave, &fake->env, &inst), WAVE_READY);
	}
	/* Scratch keeps dwords apart: no atomics of 8 bytes. */
	inst = row(ISA_OP_flat_atomic_add_x2, 0);
	wave_set_sreg64(fake->wave, ISA_SRC_EXEC, BIT_ULL(40));
	set_address(fake->wave, 40, VKFD_SCRATCH_BASE);
	assert_int_equal(isa_execs[inst.op->id](fake->wave, &fake->env, &inst), WAVE_APERTURE);
}

static void no_active_lane_touches_nothing(void **state)
{
	struct fake_wave *fake = *state;

	wave_set_sreg64(fake->wave, ISA_SRC_EXEC, 0);
	memset(&fake->wave->v[VADDR], 0xff, 2 * sizeof(fake->wave->v[0]));
	fake_image_take(fake, &before);
	for (unsigned int id = 0; id < isa_nr_ops; id++) {
		struct isa_inst inst = row(id, 2);

		if (isa_ops[id].enc != ISA_FLAT || !(isa_ops[id].segs & 4))
			continue;
		inst.glc = true;
		assert_int_equal(isa_execs[id](fake->wave, &fake->env, &inst), WAVE_READY);
	}
	fake_image_take(fake, &after);
	assert_null(fake_image_differs(&before, &after));
}

static void misaligned_atomic_is_a_fault_for_good(void **state)
{
	struct fake_wave *fake = *state;
	struct isa_inst inst = row(ISA_OP_flat_atomic_add, 2);

	wave_set_sreg64(fake->wave, ISA_SRC_EXEC, 3);
	set_address(fake->wave, 0, FAKE_DATA_VA);
	set_address(fake->wave, 1, FAKE_DATA_VA + 2);
	fake_image_take(fake, &before);
	assert_int_equal(isa_execs[inst.op->id](fake->wave, &fake->env, &inst), WAVE_FAULTED);
	assert_false(fake->env.access.fault.retry);
	fake_image_take(fake, &after);
	assert_null(fake_image_differs(&before, &after));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_match_bytes_one_by_one),
		cmocka_unit_test(stray_addresses_stop_the_wave_untouched),
		cmocka_unit_test(no_active_lane_touches_nothing),
		cmocka_unit_test(misaligned_atomic_is_a_fault_for_good),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
