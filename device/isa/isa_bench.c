// SPDX-License-Identifier: MIT
/*
 * DOC: isa_bench - lane-operations a second of the shader cores, beside the CPU
 *
 * usage: isa_bench [--json]
 *
 * One thread. Each line: an instruction executed over and over by valu_run(), 64
 * lanes a time, results feeding the next; beside it the same loop over 64 numbers
 * compiled for this CPU. The last lines are loops of code, fetched, decoded and run by
 * wave_run(): ALU, global memory through page tables and TLB, LDS. Exits 1 if v_fma_f32 or v_fmac_f32 stays below a billion
 * lane-operations a second.
 */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "isa/fake_wave.h"
#include "isa/valu.h"

#define GOAL	1e9
#define SECONDS	0.2
#define CHUNK	20000u

/* The reference loops, for the best unit that the CPU has. */
#if defined(__x86_64__)
#define CPU_LOOP __attribute__((noinline, optimize("O3"), \
	target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CPU_LOOP __attribute__((noinline, optimize("O3")))
#endif

/* Of this thread: other work on the machine must not count. */
static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

struct numbers {
	float f[3][WAVE_LANES];
	double d[3][WAVE_LANES];
	u32 u[3][WAVE_LANES];
} __attribute__((aligned(64)));

#define CPU(name, field, expr)							\
	static CPU_LOOP void cpu_##name(struct numbers *n, unsigned int times)	\
	{									\
		for (unsigned int t = 0; t < times; t++) {			\
			for (unsigned int i = 0; i < WAVE_LANES; i++)		\
				n->field[2][i] = expr;				\
			__asm__ volatile("" : : : "memory");			\
		}								\
	}
CPU(fma, f, fmaf(n->f[0][i], n->f[1][i], n->f[2][i]))
CPU(add, f, n->f[0][i] + n->f[2][i])
CPU(fma64, d, fma(n->d[0][i], n->d[1][i], n->d[2][i]))
CPU(add_u32, u, n->u[0][i] + n->u[2][i])
CPU(mul_u32, u, n->u[0][i] * n->u[2][i])
CPU(shl, u, n->u[2][i] << (n->u[0][i] & 31))
CPU(exp2, f, exp2f(n->f[2][i]))
CPU(copy, u, n->u[0][i])

struct loop {
	const char *name;
	enum isa_enc enc;
	u16 opcode;
	u16 src[3];
	u64 exec;
	void (*cpu)(struct numbers *n, unsigned int times);
	bool goal;
};

#define V(n)	(ISA_SRC_VGPR + (n))
#define FULL	~0ULL
#define HALF	0x5555555555555555ULL

static const struct loop loops[] = {
	{ "v_fma_f32", ISA_VOP3, 0x1cb, { V(0), V(2), V(4) }, FULL, cpu_fma, true },
	{ "v_fmac_f32", ISA_VOP2, 0x3b, { V(0), V(2) }, FULL, cpu_fma, true },
	{ "v_fmac_f32, half of EXEC", ISA_VOP2, 0x3b, { V(0), V(2) }, HALF, cpu_fma, false },
	{ "v_fmac_f32, scalar source", ISA_VOP2, 0x3b, { 0, V(2) }, FULL, cpu_fma, false },
	{ "v_add_f32", ISA_VOP2, 0x01, { V(0), V(4) }, FULL, cpu_add, false },
	{ "v_fma_f64", ISA_VOP3, 0x1cc, { V(0), V(2), V(4) }, FULL, cpu_fma64, false },
	{ "v_add_u32", ISA_VOP2, 0x34, { V(0), V(4) }, FULL, cpu_add_u32, false },
	{ "v_mul_lo_u32", ISA_VOP3, 0x285, { V(0), V(4) }, FULL, cpu_mul_u32, false },
	{ "v_lshlrev_b32", ISA_VOP2, 0x12, { V(0), V(4) }, FULL, cpu_shl, false },
	{ "v_exp_f32", ISA_VOP1, 0x20, { V(4) }, FULL, cpu_exp2, false },
	{ "v_fma_f16", ISA_VOP3, 0x206, { V(0), V(2), V(4) }, FULL, NULL, false },
	{ "v_pk_fma_f32", ISA_VOP3P, 0x30, { V(0), V(2), V(4) }, FULL, cpu_fma, false },
	{ "v_cmp_lt_u32", ISA_VOPC, 0xc9, { V(0), V(4) }, FULL, NULL, false },
	{ "v_cndmask_b32", ISA_VOP2, 0x00, { V(0), V(2) }, FULL, NULL, false },
	{ "v_addc_co_u32", ISA_VOP2, 0x1c, { V(0), V(2) }, FULL, NULL, false },
};

/* Lane-operations a second of the instruction. */
static double measure_wave(const struct loop *loop, struct wave *wave)
{
	struct isa_inst inst = {
		.op = isa_op_find(loop->enc, loop->opcode),
		.enc = (u8)loop->enc,
		.src = { loop->src[0], loop->src[1], loop->src[2] },
		.dst = 4,
		.sdst = ISA_SRC_VCC,
		.smask = ISA_SRC_VCC,
		.op_sel_hi = 7,
	};
	double start, end;
	u64 done = 0;

	if (!inst.op)
		return 0;
	wave_set_sreg64(wave, ISA_SRC_EXEC, loop->exec);
	start = now();
	do {
		for (unsigned int i = 0; i < CHUNK; i++) {
			if (!valu_run(wave, &inst))
				return 0;
		}
		done += CHUNK;
		end = now();
	} while (end - start < SECONDS);
	return (double)done * __builtin_popcountll(loop->exec) / (end - start);
}

/* A loop of code: 63 times the instruction (of one or two dwords), then back. */
struct code_loop {
	const char *name;
	u32 word[2];
	unsigned int dwords;
	void (*cpu)(struct numbers *n, unsigned int times);
};

#define BODY	63u

static const struct code_loop code_loops[] = {
	{ "code: v_fmac_f32", { 0x76080500 }, 1, cpu_fma },
	{ "code: v_add_u32", { 0x68080900 }, 1, cpu_add_u32 },
	{ "code: global_load_dword", { 0xdc508000, 0x047f0002 }, 2, cpu_copy },
	{ "code: global_store_dword", { 0xdc708000, 0x007f0402 }, 2, cpu_copy },
	{ "code: ds_read_b32", { 0xd86c0000, 0x04000006 }, 2, cpu_copy },
	{ "code: ds_write_b32", { 0xd81a0000, 0x00000406 }, 2, cpu_copy },
};

static void load_code(struct fake_wave *fake, const struct code_loop *loop)
{
	u32 code[BODY * 2 + 1], n = 0;
	u64 va = FAKE_DATA_VA;

	for (unsigned int i = 0; i < BODY; i++) {
		code[n++] = loop->word[0];
		if (loop->dwords == 2)
			code[n++] = loop->word[1];
	}
	code[n] = 0xbf820000 | (u16)-(n + 1);	/* s_branch to the first */
	fake_wave_load(fake, code, n + 1, 1);
	for (unsigned int i = 0; i < WAVE_LANES; i++) {
		union wave_vreg *v = fake->wave->v;

		v[0].f[i] = 0.5f;
		v[2].u[i] = (u32)va + i * 4;
		v[3].u[i] = (u32)(va >> 32);
		v[4].f[i] = 1.0f;
		v[6].u[i] = i * 4;
	}
}

/* Lane-operations a second, the branch not counted; 0 if the wave stopped. */
static double measure_code(struct fake_wave *fake, const struct code_loop *loop)
{
	double start, end;
	u64 done = 0;

	load_code(fake, loop);
	start = now();
	do {
		if (wave_run(fake->wave, &fake->env, CHUNK) != WAVE_READY)
			return 0;
		done += CHUNK;
		end = now();
	} while (end - start < SECONDS);
	return (double)done * BODY / (BODY + 1) * WAVE_LANES / (end - start);
}

static double measure_cpu(void (*cpu)(struct numbers *n, unsigned int times), struct numbers *numbers)
{
	double start = now(), end;
	u64 done = 0;

	if (!cpu)
		return 0;
	do {
		cpu(numbers, CHUNK);
		done += CHUNK;
		end = now();
	} while (end - start < SECONDS);
	return (double)done * WAVE_LANES / (end - start);
}

/* Numbers that stay ordinary however long the chain is. */
static void fill(union wave_vreg *v, struct numbers *n)
{
	memset(n, 0, sizeof(*n));
	for (unsigned int i = 0; i < WAVE_LANES; i++) {
		v[0].f[i] = n->f[0][i] = 0.5f;
		v[2].f[i] = n->f[1][i] = 0.25f + (float)i / 256;
		v[4].f[i] = n->f[2][i] = 1.0f + (float)i / 64;
		v[1].u[i] = v[3].u[i] = v[5].u[i] = 0x3fe00000;
		n->d[0][i] = n->d[1][i] = n->d[2][i] = 0.5;
		n->u[0][i] = i * 2654435761u | 1;
		n->u[2][i] = i;
	}
}

static void report(const char *name, double wave, double cpu, bool json)
{
	if (json)
		printf("{ \"loop\": \"%s\", \"unit\": \"%s\", \"lane_ops_per_s\": %.4g, "
		       "\"cpu_ops_per_s\": %.4g }\n", name, valu_unit_name(), wave, cpu);
	else if (cpu > 0)
		printf("%-28s %8.2f %8.2f  %5.1f %%\n", name, wave * 1e-9, cpu * 1e-9,
		       100 * wave / cpu);
	else
		printf("%-28s %8.2f        -\n", name, wave * 1e-9);
}

static int run_code_loops(struct numbers *numbers, bool json)
{
	static struct fake_wave fake;
	int stopped = 0;

	fake_wave_init(&fake, false);
	for (size_t i = 0; i < sizeof(code_loops) / sizeof(code_loops[0]); i++) {
		double rate = measure_code(&fake, &code_loops[i]);

		if (rate <= 0)
			fprintf(stderr, "isa_bench: %s: the wave stopped\n", code_loops[i].name);
		stopped |= rate <= 0;
		report(code_loops[i].name, rate, measure_cpu(code_loops[i].cpu, numbers), json);
	}
	fake_wave_fini(&fake);
	return stopped;
}

int main(int argc, char **argv)
{
	static union wave_vreg v[8];
	static struct numbers numbers;
	static struct wave wave = { .v = v, .nr_vgprs = 8, .mode = 0xf0 };
	bool json = argc > 1 && !strcmp(argv[1], "--json");
	int missed = 0;

	valu_init();
	if (!json)
		printf("%s: billions of lane-operations a second, one thread\n%-28s %8s %8s\n",
		       valu_unit_name(), "loop", "wave", "CPU");
	for (size_t i = 0; i < sizeof(loops) / sizeof(loops[0]); i++) {
		double rate, cpu;

		fill(v, &numbers);
		wave.s[0] = 0x3f000000;
		rate = measure_wave(&loops[i], &wave);
		cpu = measure_cpu(loops[i].cpu, &numbers);
		report(loops[i].name, rate, cpu, json);
		missed |= rate <= 0 || (loops[i].goal && rate < GOAL);
	}
	missed |= run_code_loops(&numbers, json);
	if (missed)
		fprintf(stderr, "isa_bench: a loop stopped or is below the goal of 1e9\n");
	return missed;
}
