// SPDX-License-Identifier: MIT
/*
 * What the policy adds to KFD's rules, behind module parameters: memory that
 * bounces between CPU and GPU is pinned for a while. On and off.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gpu.h"
#include "mm.h"
#include "pattern.h"
#include "residency.h"
#include "sdma.h"
#include "trace.h"

#define BYTES HUGE_BYTES

/* Parameters that this test changed, and what they were. */
static struct param {
	char path[96];
	char before[24];
} params[4];
static size_t nr_params;

static void param_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		fprintf(stderr, "cannot write %s\n", path);
	if (fd >= 0)
		close(fd);
}

static void params_restore(void)
{
	while (nr_params--)
		param_write(params[nr_params].path, params[nr_params].before);
}

/* Sets a parameter of the driver until this process exits. */
static void param_set(const char *name, unsigned int value)
{
	struct param *param = &params[nr_params];
	char text[24];
	FILE *f;

	assert_true(nr_params < ARRAY_LEN(params));
	snprintf(param->path, sizeof(param->path), "/sys/module/vkfd/parameters/%s", name);
	f = fopen(param->path, "r");
	assert_non_null(f);
	assert_non_null(fgets(param->before, sizeof(param->before), f));
	fclose(f);
	if (!nr_params++)
		atexit(params_restore);
	snprintf(text, sizeof(text), "%u", value);
	param_write(param->path, text);
}

/* A number of this process' debugfs file svm_policy. */
static u64 policy_stat(const char *name)
{
	char path[96], line[128], word[64];
	unsigned long long value = 0, found = ~0ull;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/debug/kfd/proc/%d/svm_policy", getpid());
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %llu", word, &value) == 2 && !strcmp(word, name))
			found = value;
	fclose(f);
	if (found == ~0ull)
		fail_test("no line %s in %s", name, path);
	return found;
}

static void policy_file_prints_the_table(int unused)
{
	char line[256];
	bool access = false, prefetch = false;
	FILE *f = fopen("/sys/kernel/debug/vkfd/policy", "r");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		access |= !strncmp(line, "| access | undefined | VRAM | stay | stay |", 43);
		prefetch |= !strncmp(line, "| this GPU | off | VRAM | VRAM | VRAM | RAM | RAM |", 51);
	}
	fclose(f);
	assert_true(access && prefetch);
}

/* CPU and GPU in turn write a word of memory that nobody said anything of. */
struct pingpong {
	struct session s;
	struct sdma q;
	struct trace t;
	char *p;
	u32 round;
};

static void pingpong_start(struct pingpong *pp, bool huge)
{
	session_start(&pp->s, true);
	sdma_create(&pp->q, &pp->s, 0);
	pp->p = mm_map_kind(BYTES, huge);
	pattern_fill(pp->p, BYTES, 7);
	pp->round = 0;
	trace_start(&pp->t);
}

/* Every byte but the two words; then the end. */
static void pingpong_stop(struct pingpong *pp)
{
	for (size_t at = 0; at < BYTES; at += 8)
		if (at != 5 * PAGE && at != 300 * PAGE)
			assert_true(*(u64 *)(pp->p + at) == pattern_word(7, at));
	trace_stop(&pp->t);
	sdma_destroy(&pp->q);
}

/* The GPU reads what the CPU wrote and writes a word of its own. */
static void gpu_turn(struct pingpong *pp)
{
	volatile u32 *seen = pp->q.fence + 16;

	sdma_write1(&pp->q, pp->p + 5 * PAGE, ++pp->round);
	sdma_copy(&pp->q, (void *)(uintptr_t)seen, pp->p + 300 * PAGE, 4);
	sdma_run(&pp->q);
	if (pp->round > 1)
		assert_int_equal(*seen, pp->round - 1);
}

static void cpu_turn(struct pingpong *pp)
{
	assert_int_equal(*(volatile u32 *)(pp->p + 5 * PAGE), pp->round);
	*(volatile u32 *)(pp->p + 300 * PAGE) = pp->round;
}

/* @rounds times to VRAM and back. */
static void bounce(struct pingpong *pp, unsigned int rounds)
{
	while (rounds--) {
		gpu_turn(pp);
		assert_in_vram(pp->p, BYTES);
		cpu_turn(pp);
		assert_in_ram(pp->p + 5 * PAGE, PAGE);
		assert_in_ram(pp->p + 300 * PAGE, PAGE);
	}
}

static size_t moves_to_vram(struct pingpong *pp)
{
	char words[32];

	snprintf(words, sizeof(words), "to=%u", pp->s.gpu[0].gpu_id);
	return trace_count(&pp->t, "vkfd_migrate_end", words, pp->p, BYTES);
}

static void bouncing_memory_moves_each_time_by_default(int huge)
{
	struct pingpong pp;

	pingpong_start(&pp, huge);
	bounce(&pp, 6);
	assert_true(moves_to_vram(&pp) >= 6);
	assert_int_equal(trace_count(&pp.t, "vkfd_thrash", "", NULL, 0), 0);
	assert_int_equal(policy_stat("thrash_bounces"), 0);
	pingpong_stop(&pp);
}

static void bouncing_memory_is_pinned(int huge)
{
	struct pingpong pp;
	size_t moves;

	param_set("thrash_bounces", 3);
	param_set("thrash_window_ms", 600000);
	param_set("thrash_pin_ms", 600000);
	pingpong_start(&pp, huge);
	bounce(&pp, 4);
	assert_int_equal(policy_stat("thrash_bounces"), 4);
	assert_int_equal(policy_stat("thrash_pins"), 0);
	moves = moves_to_vram(&pp);
	for (unsigned int i = 0; i < 5; i++) {
		gpu_turn(&pp);
		assert_in_ram(pp.p + 5 * PAGE, PAGE);
		cpu_turn(&pp);
	}
	assert_int_equal(moves_to_vram(&pp), moves);
	assert_int_equal(trace_count(&pp.t, "vkfd_thrash", "what=pinned bounces=4", pp.p, BYTES), 1);
	assert_int_equal(policy_stat("thrash_pins"), 1);
	pingpong_stop(&pp);
}

static void pinned_memory_is_released(int huge)
{
	struct pingpong pp;

	param_set("thrash_bounces", 1);
	param_set("thrash_window_ms", 600000);
	param_set("thrash_pin_ms", 300);
	pingpong_start(&pp, huge);
	bounce(&pp, 2);
	gpu_turn(&pp);
	assert_int_equal(policy_stat("thrash_pins"), 1);
	cpu_turn(&pp);
	assert_true(wait_until(trace_count(&pp.t, "vkfd_thrash", "what=released", pp.p, BYTES) == 1,
			       10000));
	/* Nothing but the end of the pin takes the GPU's mapping away. */
	gpu_turn(&pp);
	assert_in_vram(pp.p, BYTES);
	cpu_turn(&pp);
	pingpong_stop(&pp);
}

static void rare_bounces_do_not_pin(int unused)
{
	struct pingpong pp;

	param_set("thrash_bounces", 1);
	param_set("thrash_window_ms", 0);
	pingpong_start(&pp, true);
	for (unsigned int i = 0; i < 4; i++) {
		u64 tick = now_ns() + 20 * 1000000;

		bounce(&pp, 1);
		assert_true(wait_until(now_ns() > tick, 10000));
	}
	assert_int_equal(policy_stat("thrash_pins"), 0);
	pingpong_stop(&pp);
}

static void preferred_memory_is_not_pinned(int unused)
{
	struct pingpong pp;

	param_set("thrash_bounces", 1);
	param_set("thrash_window_ms", 600000);
	pingpong_start(&pp, true);
	assert_ok(svm_set(pp.s.kfd, pp.p, BYTES,
			  { KFD_IOCTL_SVM_ATTR_PREFERRED_LOC, pp.s.gpu[0].gpu_id },
			  { KFD_IOCTL_SVM_ATTR_ACCESS, pp.s.gpu[0].gpu_id }));
	bounce(&pp, 5);
	pingpong_stop(&pp);
}

#define TEST_PAGES(fn) { #fn "_4k", fn, 0, NULL }, { #fn "_2m", fn, 1, NULL }

static const struct guest_test tests[] = {
	TEST(policy_file_prints_the_table),
	TEST_PAGES(bouncing_memory_moves_each_time_by_default),
	TEST_PAGES(bouncing_memory_is_pinned),
	TEST_PAGES(pinned_memory_is_released),
	TEST(rare_bounces_do_not_pin),
	TEST(preferred_memory_is_not_pinned),
};
HARNESS_MAIN(tests)
