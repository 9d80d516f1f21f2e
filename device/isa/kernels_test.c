// SPDX-License-Identifier: MIT
/*
 * The execution oracle: tests/kernels compiled by clang for gfx90a and run by
 * the interpreter, and compiled for this CPU; all bytes that they leave behind
 * must be the same. Optimised, a little optimised, and not at all (calls,
 * scratch, spills).
 *
 * clang 17 to 19 are not asked for the last: at -O0 they reload spilled vector
 * registers before they restore EXEC at the end of a branch (mended in LLVM 20,
 * pull request 109439), so lanes of the other branch keep old values.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "isa/fake_kernels.h"
#include "isa/fake_loader.h"
#include "isa/group.h"
#include "isa/icache.h"
#include "isa/valu.h"
#include "mmu/fake_space.h"
#include "util/rng.h"
#include "vkfd_hw/addr.h"

/* Addresses, and where they lie in VRAM. Input and arguments are in RAM. */
#define CODE_VA		0x100000000ull
#define CODE_BYTES	(2u << 20)
#define OUT_VA		0x200000000ull
#define OUT_OFFSET	(4u << 20)
#define OUT_BYTES	(FAKE_OUT_DWORDS * 4u)
#define SCRATCH_VA	0x300000000ull
#define SCRATCH_OFFSET	(8u << 20)
#define SCRATCH_WAVE	(4u << 20)	/* 64 KiB a lane */
#define SCRATCH_BYTES	(4u * SCRATCH_WAVE)
#define IN_VA		0x400000000ull
#define IN_BYTES	(FAKE_IN_DWORDS * 4u)
#define ARGS_VA		0x500000000ull
#define ARGS_OFFSET	(1u << 20)

#define BUDGET		100000000u

static const char *const sources[] = { "integer", "float", "memory", "flow", "group" };
#define NR_SOURCES	(sizeof(sources) / sizeof(sources[0]))
static const char *const levels[] = { "2", "1", "0" };
#define NR_LEVELS	(sizeof(levels) / sizeof(levels[0]))

static struct {
	struct fake_space space;
	struct wave_env env;
	char dir[64];
	unsigned int nr_levels;
	u32 *in, *want;
} oracle;

/* One cmocka test. */
struct test {
	const struct fake_kernel *kernel;
	unsigned int level;
	char name[64];
};

static bool exists(const char *path)
{
	return !access(path, R_OK);
}

static const char *kernels_dir(void)
{
	static const char *const places[] = { "tests/kernels", "../tests/kernels", "/vkfd/tests/kernels" };

	for (size_t n = 0; n < sizeof(places) / sizeof(places[0]); n++) {
		if (exists(places[n]))
			return places[n];
	}
	return NULL;
}

/* A clang that knows the GPU, or NULL. */
static const char *find_clang(void)
{
	const char *names[] = { getenv("VKFD_CLANG"), "clang-17", "clang-19", "clang-14", "clang" };
	char command[256];

	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
		if (!names[n])
			continue;
		snprintf(command, sizeof(command), "%s --print-targets 2>/dev/null | grep -q amdgcn", names[n]);
		if (!system(command))
			return names[n];
	}
	return NULL;
}

/* How many of @levels this compiler gets right. */
static unsigned int sound_levels(const char *clang)
{
	char command[256], text[128] = "";
	const char *version;
	FILE *out;
	long major;

	snprintf(command, sizeof(command), "%s --version", clang);
	out = popen(command, "r");
	if (!out)
		return NR_LEVELS;
	if (!fgets(text, sizeof(text), out))
		text[0] = 0;
	pclose(out);
	version = strstr(text, "version ");
	major = version ? strtol(version + 8, NULL, 10) : 0;
	return major >= 17 && major <= 19 ? NR_LEVELS - 1 : NR_LEVELS;
}

static bool compile(const char *clang, const char *dir)
{
	char command[1024];

	for (size_t s = 0; s < NR_SOURCES; s++) {
		for (unsigned int l = 0; l < oracle.nr_levels; l++) {
			snprintf(command, sizeof(command),
				 "%s -x cl -cl-std=CL2.0 -Xclang -fdeclare-opencl-builtins "
				 "-Xclang -finclude-default-header -target amdgcn-amd-amdhsa "
				 "-mcpu=gfx90a -nogpulib -ffp-contract=off "
				 "-cl-fp32-correctly-rounded-divide-sqrt -O%s -c %s/%s.c -o %s/%s-%s.o",
				 clang, levels[l], dir, sources[s], oracle.dir, sources[s], levels[l]);
			if (system(command)) {
				printf("failed: %s\n", command);
				return false;
			}
		}
	}
	return true;
}

static u64 clock_read(void *opaque)
{
	(void)opaque;
	return 0;
}

static bool message(void *opaque, const struct wave *wave, u32 payload)
{
	(void)opaque, (void)wave, (void)payload;
	return true;
}

static void start(void)
{
	struct fake_space *space = &oracle.space;
	struct rng rng;

	valu_init();
	fake_space_init(space, true);
	for (u64 at = 0; at < CODE_BYTES; at += 4096)
		fake_space_pte(space, CODE_VA + at, VKFD_HIVE_ADDR(0, at) | FAKE_SPACE_RX);
	fake_space_map_vram(space, OUT_VA, OUT_OFFSET, OUT_BYTES);
	fake_space_map_vram(space, SCRATCH_VA, SCRATCH_OFFSET, SCRATCH_BYTES);
	fake_space_map_ram(space, IN_VA, 0, IN_BYTES);
	fake_space_map_ram(space, ARGS_VA, ARGS_OFFSET, 4096);
	oracle.in = (u32 *)space->ram;
	oracle.want = malloc(OUT_BYTES);
	oracle.env = (struct wave_env){
		.access = { .mmu = space->mmu, .ctx = FAKE_SPACE_CTX },
		.scratch_base = VKFD_SCRATCH_BASE, .clock = clock_read, .message = message,
		.icache = isa_icache_create(),
	};
	rng_init(&rng, 2026, 1);
	for (u32 n = 0; n < FAKE_IN_DWORDS; n++)
		oracle.in[n] = (u32)rng_next(&rng);
	/* Numbers that arithmetic is awkward about. */
	for (u32 n = 0; n < FAKE_IN_DWORDS; n += 37) {
		static const u32 odd[] = { 0, 1, ~0u, 0x80000000, 0x7f800000, 0xff800000, 0x7fc00000,
					   0x00000001, 0x807fffff, 0x3f800000, 0x7ff00000, 0x7c00fc00,
					   0x00018001, 0x7bff0400, 0x00100000, 0x7f7fffff };

		oracle.in[n] = odd[n / 37 % 16];
	}
}

static void stop(void)
{
	isa_icache_destroy(oracle.env.icache);
	fake_space_fini(&oracle.space);
	free(oracle.want);
}

/* Loads the source that holds the kernel. */
static void load(const struct test *test, struct fake_object *object, struct fake_descriptor *kernel)
{
	for (size_t s = 0; s < NR_SOURCES; s++) {
		char path[128];
		const char *error;

		snprintf(path, sizeof(path), "%s/%s-%s.o", oracle.dir, sources[s], levels[test->level]);
		*object = (struct fake_object){ .image = oracle.space.vram.base,
						.image_bytes = CODE_BYTES, .va = CODE_VA };
		error = fake_object_load(object, path);
		if (error)
			fail_msg("%s: %s", path, error);
		if (fake_object_kernel(object, test->kernel->name, kernel)) {
			mmu_code_changed(oracle.space.mmu, FAKE_SPACE_CTX);
			return;
		}
		fake_object_free(object);
	}
	fail_msg("no kernel %s", test->kernel->name);
}

/* User SGPRs in their order, as the descriptor asks for them (device contract 3.5). */
static u32 user_sgprs(struct wave *wave, const struct fake_descriptor *kernel)
{
	u32 at = 0;

	if (kernel->properties & BIT(0)) {
		wave_set_sreg64(wave, 0, SCRATCH_VA | BIT_ULL(63));
		wave->s[2] = ~0u;
		wave->s[3] = 1u << 23 | 3u << 21 | 1u << 19 | 4u << 15;
		at = 4;
	}
	for (u32 bit = 1; bit < 6; bit++) {
		if (!(kernel->properties & BIT(bit)))
			continue;
		if (bit == 3)
			wave_set_sreg64(wave, at, ARGS_VA);
		if (bit == 5)
			wave_set_sreg64(wave, at, SCRATCH_VA);
		at += 2;
	}
	assert_true(at <= (kernel->rsrc2 >> 1 & 31));
	return kernel->rsrc2 >> 1 & 31;
}

static void wave_start(struct wave *wave, const struct fake_descriptor *kernel, u32 group, u32 n)
{
	u32 at = user_sgprs(wave, kernel);

	if (kernel->rsrc2 & BIT(7))
		wave->s[at++] = group;
	for (u32 bit = 8; bit < 11; bit++)
		at += kernel->rsrc2 >> bit & 1;
	if (kernel->rsrc2 & 1)
		wave->s[at] = n * SCRATCH_WAVE;
	wave->pc = kernel->entry;
	wave->mode = (kernel->rsrc1 >> 12 & 0xff) | (kernel->rsrc1 >> 21 & 1) << 8 |
		     (kernel->rsrc1 >> 23 & 1) << 9;
	wave_set_sreg64(wave, ISA_SRC_EXEC, ~0ull);
	for (u32 lane = 0; lane < WAVE_LANES; lane++)
		wave->v[0].u[lane] = n * WAVE_LANES + lane;
}

static void explain(const struct test *test, const struct wave_group *group)
{
	for (u32 n = 0; n < group->config.nr_waves; n++) {
		const struct wave *wave = &group->wave[n];
		char text[128];

		isa_disasm(&wave->inst, text, sizeof(text));
		print_message("%s wave %u: stop %d at %#llx, %08x %s, fault %#lx\n", test->name, n,
			      (int)wave->stop, wave->pc - CODE_VA, wave->inst.word[0], text,
			      wave->fault.va);
	}
}

static void run_group(const struct test *test, const struct fake_descriptor *kernel, u32 number)
{
	u32 vgprs = ((kernel->rsrc1 & 0x3f) + 1) * 8, accum = ((kernel->rsrc3 & 0x3f) + 1) * 4;
	struct group_config config = { .nr_waves = test->kernel->size / WAVE_LANES,
				       .lds_bytes = kernel->group_bytes };
	static const _Atomic bool never;
	struct wave_group *group;
	enum group_stop end;

	config.nr_vgprs = (u16)(vgprs < accum ? vgprs : accum);
	config.nr_agprs = (u16)(vgprs - config.nr_vgprs);
	group = group_create(&config);
	assert_non_null(group);
	for (u32 n = 0; n < config.nr_waves; n++)
		wave_start(&group->wave[n], kernel, number, n);
	do {
		end = group_run(group, &oracle.env, BUDGET, &never);
	} while ((end == GROUP_READY || end == GROUP_ASLEEP) && group->executed < BUDGET);
	if (end != GROUP_ENDED)
		explain(test, group);
	group_destroy(group);
	assert_int_equal(end, GROUP_ENDED);
}

static void compare(const struct test *test)
{
	const u32 *got = (const u32 *)(oracle.space.vram.base + OUT_OFFSET);
	u32 wrong = 0;

	for (u32 n = 0; n < FAKE_OUT_DWORDS; n++) {
		if (got[n] == oracle.want[n])
			continue;
		if (wrong++ < 8)
			print_message("%s: dword %u is %08x, CPU %08x\n", test->name, n, got[n],
				      oracle.want[n]);
	}
	assert_int_equal(wrong, 0);
}

static void same_bytes_as_on_the_cpu(void **state)
{
	const struct test *test = *state;
	const u64 args[2] = { IN_VA, OUT_VA };
	struct fake_descriptor kernel;
	struct fake_object object;

	memset(oracle.want, 0, OUT_BYTES);
	fake_kernel_run(test->kernel, oracle.in, oracle.want);
	memset(oracle.space.vram.base + OUT_OFFSET, 0, OUT_BYTES);
	memcpy(oracle.space.ram + ARGS_OFFSET, args, sizeof(args));
	load(test, &object, &kernel);
	for (u32 n = 0; n < test->kernel->groups; n++)
		run_group(test, &kernel, n);
	fake_object_free(&object);
	compare(test);
}

static int run_all(void)
{
	unsigned int nr = fake_nr_kernels * oracle.nr_levels;
	struct CMUnitTest *tests = calloc(nr, sizeof(*tests));
	struct test *test = calloc(nr, sizeof(*test));
	int failed;

	if (!tests || !test)
		return 1;
	for (unsigned int n = 0; n < nr; n++) {
		test[n].kernel = &fake_kernels[n / oracle.nr_levels];
		test[n].level = n % oracle.nr_levels;
		snprintf(test[n].name, sizeof(test[n].name), "%s_O%s", test[n].kernel->name,
			 levels[test[n].level]);
		tests[n] = (struct CMUnitTest){ .name = test[n].name, .initial_state = &test[n],
						.test_func = same_bytes_as_on_the_cpu };
	}
	start();
	failed = _cmocka_run_group_tests("kernels", tests, nr, NULL, NULL);
	stop();
	free(tests);
	free(test);
	return failed;
}

int main(void)
{
	const char *clang = find_clang(), *dir = kernels_dir();
	char clean[128];
	int failed = 1;

	if (!clang || !dir) {
		printf("SKIP: %s\n", clang ? "tests/kernels is not below the working directory" :
					     "no clang that compiles for amdgcn");
		return 4;
	}
	snprintf(oracle.dir, sizeof(oracle.dir), "/tmp/vkfd-kernels-XXXXXX");
	if (!mkdtemp(oracle.dir)) {
		printf("mkdtemp: %s\n", strerror(errno));
		return 1;
	}
	oracle.nr_levels = sound_levels(clang);
	if (compile(clang, dir))
		failed = run_all();
	snprintf(clean, sizeof(clean), "rm -rf %s", oracle.dir);
	return system(clean) || failed;
}
