// SPDX-License-Identifier: MIT
/* Every LDS row, at random addresses and lanes, against a reference by bytes and by the row's name. */
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
#define VDATA2	12u
#define VDST	16u

struct job {
	struct isa_inst inst;
	const char *name;
	unsigned int bytes, dwords, file;
	u64 exec;
	u32 mode;
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

static u64 lds_get(const struct fake_image *image, u32 addr, unsigned int bytes)
{
	u64 value = 0;

	if ((u64)addr + bytes > FAKE_LDS_BYTES)
		return 0;
	while (bytes--)
		value = value << 8 | image->lds[addr + bytes];
	return value;
}

static void lds_put(struct fake_image *image, u32 addr, unsigned int bytes, u64 value)
{
	if ((u64)addr + bytes > FAKE_LDS_BYTES)
		return;
	for (unsigned int n = 0; n < bytes; n++)
		image->lds[addr + n] = (u8)(value >> 8 * n);
}

/* Address of element @n of a lane, told by the name. */
static u32 addr_of(const struct job *job, const struct fake_image *image, unsigned int lane,
		   unsigned int n)
{
	u32 addr = image->reg[VADDR][lane];

	if (!has(job, "2_") && !has(job, "2st64"))
		return addr + (u32)job->inst.offset;
	return addr + (n ? job->inst.offset1 : (u32)job->inst.offset) * job->bytes *
			      (has(job, "st64") ? 64 : 1);
}

static unsigned int elements(const struct job *job)
{
	return has(job, "2_") || has(job, "2st64") ? 2 : 1;
}

static u32 *reg(struct fake_image *image, const struct job *job, unsigned int number, unsigned int lane)
{
	return &image->reg[number + job->file][lane];
}

static u64 reg64(struct fake_image *image, const struct job *job, unsigned int number, unsigned int lane)
{
	u64 high = job->bytes == 8 ? *reg(image, job, number + 1, lane) : 0;

	return *reg(image, job, number, lane) | high << 32;
}

static u32 narrowed(const struct job *job, u32 value, u32 old)
{
	u32 range = has(job, "8") ? 256 : 65536;

	if (has(job, "_i") && value >= range / 2)
		value -= range;
	if (has(job, "d16_hi"))
		return old % 65536 + (value << 16);
	return has(job, "d16") ? old / 65536 * 65536 + value % 65536 : value;
}

static void ref_read(struct fake_image *image, const struct job *job, unsigned int lane)
{
	u32 addr[2] = { addr_of(job, image, lane, 0), addr_of(job, image, lane, 1) };
	bool whole = addr[0] + (u64)job->bytes <= FAKE_LDS_BYTES;

	if (job->bytes < 4) {
		u32 *to = reg(image, job, VDST, lane);

		*to = narrowed(job, (u32)lds_get(image, addr[0], job->bytes), *to);
		return;
	}
	for (unsigned int n = 0; n < elements(job); n++) {
		if (n)
			whole = addr[1] + (u64)job->bytes <= FAKE_LDS_BYTES;
		for (unsigned int d = 0; d < job->dwords; d++)
			*reg(image, job, VDST + n * job->dwords + d, lane) =
				whole ? (u32)lds_get(image, addr[n] + 4 * d, 4) : 0;
	}
}

static void ref_write(struct fake_image *image, const struct job *job, unsigned int lane)
{
	for (unsigned int n = 0; n < elements(job); n++) {
		u32 addr = addr_of(job, image, lane, n);
		unsigned int from = n ? VDATA2 : VDATA;

		if ((u64)addr + job->bytes > FAKE_LDS_BYTES)
			continue;
		if (job->bytes < 4)
			lds_put(image, addr, job->bytes,
				*reg(image, job, from, lane) >> (has(job, "d16_hi") ? 16 : 0));
		for (unsigned int d = 0; job->bytes >= 4 && d < job->dwords; d++)
			lds_put(image, addr + 4 * d, 4, *reg(image, job, from + d, lane));
	}
}

static void ref_atomic(struct fake_image *image, const struct job *job, unsigned int lane)
{
	u64 data[2] = { reg64(image, job, VDATA, lane), reg64(image, job, VDATA2, lane) };
	u32 addr[2] = { addr_of(job, image, lane, 0), addr_of(job, image, lane, 1) };

	for (unsigned int n = 0; n < elements(job); n++) {
		u64 old = lds_get(image, addr[n], job->bytes);
		u64 one[2] = { data[n], data[1] };

		lds_put(image, addr[n], job->bytes, fake_atomic(job->name, old, one, job->bytes));
		for (unsigned int d = 0; has(job, "_rtn") && d < job->dwords; d++)
			*reg(image, job, VDST + n * job->dwords + d, lane) = (u32)(old >> 32 * d);
	}
}

static void reference(struct fake_image *image, const struct job *job)
{
	for (unsigned int lane = 0; lane < WAVE_LANES; lane++) {
		if (!(job->exec >> lane & 1))
			continue;
		switch (job->inst.op->shape) {
		case ISA_LOAD:
			ref_read(image, job, lane);
			break;
		case ISA_STORE:
			ref_write(image, job, lane);
			break;
		default:
			ref_atomic(image, job, lane);
			break;
		}
	}
}

static void run_row(struct fake_wave *fake, struct rng *rng, const struct isa_op *op)
{
	struct job job = { .inst = { .op = op, .enc = ISA_DS, .bytes = 8, .vaddr = VADDR, .vdata = VDATA,
				     .vdata2 = VDATA2, .dst = VDST, .acc = rng_below(rng, 2),
				     .offset = (s32)rng_below(rng, 256), .offset1 = (u8)rng_below(rng, 256) },
			   .name = op->name, .bytes = isa_type_bits(op->type[0]) / 8 };
	u32 step = rng_below(rng, 2) ? 1 : job.bytes;
	const char *what;

	job.dwords = (job.bytes + 3) / 4;
	job.file = job.inst.acc ? 64 : 0;
	job.exec = rng_below(rng, 3) ? rng_next(rng) : ~0ull;
	fake_image_scramble(fake, rng);
	for (unsigned int lane = 0; lane < WAVE_LANES; lane++)
		fake->wave->v[VADDR].u[lane] = rng_below(rng, 3000) / step * step;
	/* Registers in their place, far out. */
	fake->wave->v[VADDR].u[7] = 0xffffff00;
	wave_set_sreg64(fake->wave, ISA_SRC_EXEC, job.exec);
	fake->wave->mode = 0xc0; /* f32 flushes, as the reference does */
	fake_image_take(fake, &before);
	assert_int_equal(isa_execs[op->id](fake->wave, &fake->env, &job.inst), WAVE_READY);
	reference(&before, &job);
	fake_image_take(fake, &after);
	what = fake_image_differs(&before, &after);
	if (what)
		fail_msg("%s: %s differ", op->name, what);
}

static void rows_match_the_reference(void **state)
{
	u64 seed = (u64)time(NULL);
	unsigned int rows = 0;
	struct rng rng;

	print_message("seed %lu\n", seed);
	rng_init(&rng, seed, 4);
	for (unsigned int id = 0; id < isa_nr_ops; id++) {
		const struct isa_op *op = &isa_ops[id];

		if (op->enc != ISA_DS ||
		    (op->shape != ISA_LOAD && op->shape != ISA_STORE && op->shape != ISA_ATOMIC))
			continue;
		rows++;
		for (int round = 0; round < ROUNDS; round++)
			run_row(*state, &rng, op);
	}
	assert_true(rows > 90);
}

static void run(struct fake_wave *fake, unsigned int id, struct isa_inst inst, u64 exec)
{
	inst.op = &isa_ops[id];
	inst.enc = ISA_DS;
	inst.vaddr = VADDR;
	inst.vdata = VDATA;
	inst.dst = VDST;
	wave_set_sreg64(fake->wave, ISA_SRC_EXEC, exec);
	for (unsigned int lane = 0; lane < WAVE_LANES; lane++) {
		fake->wave->v[VDATA].u[lane] = 1000 + lane;
		fake->wave->v[VDST].u[lane] = 5;
	}
	assert_int_equal(isa_execs[id](fake->wave, &fake->env, &inst), WAVE_READY);
}

static void bpermute_pulls_and_permute_pushes(void **state)
{
	struct fake_wave *fake = *state;
	const u32 *dst = fake->wave->v[VDST].u;
	u64 exec = ~0ull & ~BIT_ULL(3) & ~BIT_ULL(10);

	for (unsigned int lane = 0; lane < WAVE_LANES; lane++)
		fake->wave->v[VADDR].u[lane] = lane * 4 + 256 + 3;
	run(fake, ISA_OP_ds_bpermute_b32, (struct isa_inst){ .offset = 4 }, exec);
	for (unsigned int lane = 0; lane < WAVE_LANES; lane++) {
		unsigned int from = (lane + 1) % 64;

		if (lane == 3 || lane == 10)
			assert_int_equal(dst[lane], 5);
		else
			assert_int_equal(dst[lane], from == 3 || from == 10 ? 0 : 1000 + from);
	}
	/* All lanes push to 0..15: the highest wins; the others get 0. */
	for (unsigned int lane = 0; lane < WAVE_LANES; lane++)
		fake->wave->v[VADDR].u[lane] = lane % 16 * 4;
	run(fake, ISA_OP_ds_permute_b32, (struct isa_inst){ .offset = 0 }, ~BIT_ULL(63));
	assert_int_equal(dst[0], 1048);
	assert_int_equal(dst[14], 1062);
	assert_int_equal(dst[15], 1047);
	assert_int_equal(dst[16], 0);
	assert_int_equal(dst[63], 5);
}

static u32 swizzled(struct fake_wave *fake, u32 offset, unsigned int lane)
{
	for (unsigned int n = 0; n < WAVE_LANES; n++)
		fake->wave->v[VADDR].u[n] = 100 + n;
	run(fake, ISA_OP_ds_swizzle_b32, (struct isa_inst){ .offset = (s32)offset }, ~0ull);
	return fake->wave->v[VDST].u[lane] - 100;
}

static void swizzle_follows_its_patterns(void **state)
{
	struct fake_wave *fake = *state;

	assert_int_equal(swizzled(fake, 0x8000 | 0x1b, 5), 6);	/* quad 3,2,1,0 */
	assert_int_equal(swizzled(fake, 0x041f, 6), 7);		/* xor 1 */
	assert_int_equal(swizzled(fake, 0x041f, 40), 41);
	assert_int_equal(swizzled(fake, 0x0018, 13), 8);		/* and 24: broadcast in 8 */
	assert_int_equal(swizzled(fake, 0x0018 | 5 << 5, 13), 13);	/* or 5 */
	assert_int_equal(swizzled(fake, 0xc000 | 3 << 5, 33), 36);	/* rotate left 3 */
	assert_int_equal(swizzled(fake, 0xc400 | 3 << 5, 33), 62);	/* and right */
	assert_int_equal(swizzled(fake, 0xe000, 3), 24);		/* reversed bits */
	assert_int_equal(swizzled(fake, 0xe01f, 35), 35);
}

static void addtid_and_counters_use_m0(void **state)
{
	struct fake_wave *fake = *state;
	u32 value = 50;

	fake->wave->s[ISA_SRC_M0] = 0x10064;
	run(fake, ISA_OP_ds_write_addtid_b32, (struct isa_inst){ .offset = 8 }, BIT_ULL(2) | 1);
	memcpy(&value, fake->group->lds + 100 + 8 + 8, 4);
	assert_int_equal(value, 1002);
	run(fake, ISA_OP_ds_read_addtid_b32, (struct isa_inst){ .offset = 8 }, BIT_ULL(2));
	assert_int_equal(fake->wave->v[VDST].u[2], 1002);
	assert_int_equal(fake->wave->v[VDST].u[0], 5);
	value = 50;
	memcpy(fake->group->lds + 104, &value, 4);
	run(fake, ISA_OP_ds_append, (struct isa_inst){ .offset = 4 }, 0xf0);
	assert_int_equal(fake->wave->v[VDST].u[4], 50);
	run(fake, ISA_OP_ds_consume, (struct isa_inst){ .offset = 4 }, 0x1);
	assert_int_equal(fake->wave->v[VDST].u[0], 54);
	memcpy(&value, fake->group->lds + 104, 4);
	assert_int_equal(value, 53);
}

static void float_atomics_follow_the_mode(void **state)
{
	struct fake_wave *fake = *state;
	const u32 tiny = 0x00400000;
	u32 value;

	for (u32 mode = 0x0; mode <= 0x30; mode += 0x30) {
		struct isa_inst inst = { .op = &isa_ops[ISA_OP_ds_add_f32], .vaddr = VADDR, .vdata = VDATA };

		fake->wave->mode = mode;
		wave_set_sreg64(fake->wave, ISA_SRC_EXEC, 1);
		fake->wave->v[VADDR].u[0] = 0;
		fake->wave->v[VDATA].u[0] = tiny;
		memcpy(fake->group->lds, &tiny, 4);
		isa_execs[inst.op->id](fake->wave, &fake->env, &inst);
		memcpy(&value, fake->group->lds, 4);
		assert_int_equal(value, mode ? 0x00800000 : 0);
	}
}

static void global_data_share_is_illegal(void **state)
{
	struct fake_wave *fake = *state;
	struct isa_inst inst = { .op = &isa_ops[ISA_OP_ds_add_u32], .gds = true };

	assert_int_equal(isa_execs[inst.op->id](fake->wave, &fake->env, &inst), WAVE_ILLEGAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_match_the_reference),
		cmocka_unit_test(bpermute_pulls_and_permute_pushes),
		cmocka_unit_test(swizzle_follows_its_patterns),
		cmocka_unit_test(addtid_and_counters_use_m0),
		cmocka_unit_test(float_atomics_follow_the_mode),
		cmocka_unit_test(global_data_share_is_illegal),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
