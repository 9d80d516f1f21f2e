// SPDX-License-Identifier: MIT
/*
 * What the policy adds to KFD's rules, behind module parameters: memory that
 * bounces between CPU and GPU is pinned for a while, RAM that a GPU uses a lot
 * moves to VRAM. On and off.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gpu.h"
#include "life.h"
#include "mm.h"
#include "pattern.h"
#include "residency.h"
#include "sdma.h"
#include "trace.h"
#include "vkfd_hw/ih.h"

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

#define BLOCK (64 * 1024ul)
/* A copy of one block asks for it in so many requests of 64 bytes. */
#define BLOCK_REQUESTS 1024

/*
 * Memory of four windows that the GPU uses in place, in RAM, and a VRAM buffer to
 * copy to, which is not counted. Windows are a block of 4 KiB pages or a 2 MiB page.
 */
struct remote {
	struct session s;
	struct sdma q;
	struct trace t;
	size_t window, bytes;
	char *p, *copy;
};

enum remote_kind { REMOTE_XNACK = 1, REMOTE_HUGE = 2 };

static void remote_start(struct remote *r, int kind, u32 preferred)
{
	bool huge = kind & REMOTE_HUGE;

	session_start(&r->s, kind & REMOTE_XNACK);
	sdma_create(&r->q, &r->s, 0);
	r->window = huge ? HUGE_BYTES : BLOCK;
	r->bytes = 4 * r->window;
	r->copy = vram_alloc(&r->s, r->bytes);
	r->p = mm_map_kind(r->bytes, huge);
	pattern_fill(r->p, r->bytes, 8);
	assert_ok(svm_set(r->s.kfd, r->p, r->bytes,
			  { KFD_IOCTL_SVM_ATTR_GRANULARITY, huge ? 9 : 4 },
			  { KFD_IOCTL_SVM_ATTR_PREFERRED_LOC, preferred },
			  { KFD_IOCTL_SVM_ATTR_ACCESS_IN_PLACE, r->s.gpu[0].gpu_id }));
	trace_start(&r->t);
}

/* Every byte, as the GPU sees it and as the CPU does. */
static void remote_stop(struct remote *r)
{
	sdma_copy(&r->q, r->copy, r->p, r->bytes);
	sdma_run(&r->q);
	pattern_check(r->copy, r->bytes, 8);
	pattern_check(r->p, r->bytes, 8);
	trace_stop(&r->t);
	sdma_destroy(&r->q);
}

/* The first block of a window. */
static void gpu_reads_block(struct remote *r, unsigned int window, unsigned int times)
{
	while (times--)
		sdma_copy(&r->q, r->copy, r->p + window * r->window, BLOCK);
	sdma_run(&r->q);
}

static bool is_in_vram(const struct remote *r, unsigned int window)
{
	return residency_vram(r->p + window * r->window, r->window) == r->window / PAGE;
}

/* A TLB flush starts counters anew, so one round may not be enough. */
#define assert_gets_hot(r, window, times)                                    \
	assert_true(wait_until((gpu_reads_block(r, window, times), is_in_vram(r, window)), 20000))

static size_t hot_events(struct remote *r, const char *words)
{
	return trace_count(&r->t, "vkfd_hot", words, r->p, r->bytes);
}

static void ram_is_used_in_place_by_default(int kind)
{
	struct remote r;

	remote_start(&r, kind, SVM_UNDEFINED);
	gpu_reads_block(&r, 3, 50);
	assert_int_equal(policy_stat("hot_reports"), 0);
	assert_in_ram(r.p, r.bytes);
	remote_stop(&r);
}

static void hot_ram_moves_and_cold_ram_stays(int kind)
{
	char moved[48];
	struct remote r;

	param_set("access_counters", 2 * BLOCK_REQUESTS);
	remote_start(&r, kind, SVM_UNDEFINED);
	snprintf(moved, sizeof(moved), "how=moved pages=%zu", r.window / PAGE);
	gpu_reads_block(&r, 1, 1);
	assert_gets_hot(&r, 2, 2);
	assert_in_ram(r.p, 2 * r.window);
	assert_in_ram(r.p + 3 * r.window, r.window);
	/* Told when it is over, which the pages were a little before. */
	assert_true(wait_until(hot_events(&r, moved) == 1, 10000));
	assert_int_equal(policy_stat("hot_moves"), 1);
	/* From there it is read as before, and what was cold gets its due. */
	gpu_reads_block(&r, 2, 5);
	pattern_check(r.p, 2 * r.window, 8);
	assert_true(is_in_vram(&r, 2));
	assert_gets_hot(&r, 1, 2);
	remote_stop(&r);
}

/* One request less than the limit, as often as one likes, is no report. */
static void requests_below_the_limit_move_nothing(int kind)
{
	struct remote r;

	param_set("access_counters", 4 * BLOCK_REQUESTS + 1);
	remote_start(&r, kind, SVM_UNDEFINED);
	for (unsigned int i = 0; i < 3; i++)
		gpu_reads_block(&r, i, 4);
	/* What was reported is in the ring before the fence that was waited for. */
	assert_false(wait_until(policy_stat("hot_reports"), 200));
	assert_in_ram(r.p, r.bytes);
	/* That was no limit which nothing reaches. */
	assert_true(wait_until((gpu_reads_block(&r, 1, 1), is_in_vram(&r, 1)), 20000));
	remote_stop(&r);
}

static void memory_preferred_in_ram_stays_however_hot(int kind)
{
	struct remote r;

	param_set("access_counters", BLOCK_REQUESTS);
	remote_start(&r, kind, KFD_IOCTL_SVM_LOCATION_SYSMEM);
	/* Reported, declined, and once more when the counters start anew. */
	assert_true(wait_until((gpu_reads_block(&r, 2, 4), hot_events(&r, "how=declined") >= 2), 20000));
	assert_in_ram(r.p, r.bytes);
	assert_int_equal(policy_stat("hot_moves"), 0);
	remote_stop(&r);
}

/* One block of counters, two mappings in it, each with a wish of its own. */
static void parts_of_a_block_go_by_their_own_attributes(int kind)
{
	struct remote r;

	param_set("access_counters", BLOCK_REQUESTS);
	remote_start(&r, kind, SVM_UNDEFINED);
	assert_ok(svm_set(r.s.kfd, r.p + r.window, 5 * PAGE,
			  { KFD_IOCTL_SVM_ATTR_PREFERRED_LOC, KFD_IOCTL_SVM_LOCATION_SYSMEM }));
	assert_true(wait_until((gpu_reads_block(&r, 1, 2),
				residency_vram(r.p + r.window, BLOCK) == BLOCK / PAGE - 5), 20000));
	assert_in_ram(r.p, r.window + 5 * PAGE);
	remote_stop(&r);
}

/* As if an access counter had reported @addr. */
static void forge_report(u32 pasid, const void *addr)
{
	u64 va = (u64)(uintptr_t)addr;
	char text[96];

	snprintf(text, sizeof(text), "0x%x 0 0 0x%x 0x%x 0x%x 1 0",
		 (u32)VKFD_IH_HEADER(VKFD_IH_CLIENT_UTCL2, VKFD_IH_SRC_ACCESS_COUNT, 0), pasid,
		 (u32)(va >> 12), (u32)(va >> 44) & 0xf);
	driver_poke(0, "ih_forge", text);
}

/* A device that lies can have moved what the GPU has mapped; nothing else happens. */
static void reports_of_any_address_lose_no_data(int kind)
{
	const void *wild[] = { NULL, (void *)~0ul, (void *)forge_report, &kind, params };
	char path[64];
	struct remote r;
	u32 pasid = 0;
	FILE *f;

	param_set("access_counters", 1u << 20);
	remote_start(&r, kind, SVM_UNDEFINED);
	snprintf(path, sizeof(path), "/sys/class/kfd/kfd/proc/%d/pasid", getpid());
	f = fopen(path, "re");
	assert_true(f && fscanf(f, "%u", &pasid) == 1);
	fclose(f);
	for (size_t i = 0; i < ARRAY_LEN(wild); i++)
		forge_report(pasid, wild[i]);
	forge_report(0xfffe, r.p);
	forge_report(pasid, r.copy);
	gpu_reads_block(&r, 3, 1);
	forge_report(pasid, r.p + 3 * r.window);
	assert_true(wait_until(is_in_vram(&r, 3), 10000));
	assert_in_ram(r.p, 3 * r.window);
	assert_int_equal(policy_stat("hot_reports"), ARRAY_LEN(wild) + 2);
	assert_true(wait_until(policy_stat("hot_moves") == 1, 10000));
	assert_int_equal(nr_params, 1);
	remote_stop(&r);
}

static void counters_follow_the_parameter(int kind)
{
	struct remote r;
	u64 reports;

	param_set("access_counters", BLOCK_REQUESTS);
	remote_start(&r, kind, SVM_UNDEFINED);
	assert_gets_hot(&r, 2, 1);
	param_set("access_counters", 0);
	reports = policy_stat("hot_reports");
	gpu_reads_block(&r, 3, 20);
	assert_int_equal(policy_stat("hot_reports"), reports);
	assert_in_ram(r.p + 3 * r.window, r.window);
	remote_stop(&r);
}

/* What to count is the driver's knowledge, which a reset takes from the device. */
static void counters_follow_the_parameter_after_a_reset(int kind)
{
	struct remote r;

	param_set("access_counters", BLOCK_REQUESTS);
	assert_ok(gpu_reset("kept"));
	remote_start(&r, kind, SVM_UNDEFINED);
	assert_gets_hot(&r, 2, 1);
	assert_in_ram(r.p, 2 * r.window);
	remote_stop(&r);
}

#define TEST_REMOTE(fn)                                                      \
	{ #fn "_4k_xnack_off", fn, 0, NULL },                                \
	{ #fn "_4k_xnack_on", fn, REMOTE_XNACK, NULL },                      \
	{ #fn "_2m_xnack_off", fn, REMOTE_HUGE, NULL },                      \
	{ #fn "_2m_xnack_on", fn, REMOTE_HUGE | REMOTE_XNACK, NULL }
#define TEST_PAGES(fn) { #fn "_4k", fn, 0, NULL }, { #fn "_2m", fn, 1, NULL }

static const struct guest_test tests[] = {
	TEST(policy_file_prints_the_table),
	TEST_PAGES(bouncing_memory_moves_each_time_by_default),
	TEST_PAGES(bouncing_memory_is_pinned),
	TEST_PAGES(pinned_memory_is_released),
	TEST(rare_bounces_do_not_pin),
	TEST(preferred_memory_is_not_pinned),
	TEST_REMOTE(ram_is_used_in_place_by_default),
	TEST_REMOTE(hot_ram_moves_and_cold_ram_stays),
	TEST_REMOTE(requests_below_the_limit_move_nothing),
	TEST_REMOTE(memory_preferred_in_ram_stays_however_hot),
	TEST_XNACK(parts_of_a_block_go_by_their_own_attributes),
	TEST_XNACK(counters_follow_the_parameter),
	TEST_XNACK(counters_follow_the_parameter_after_a_reset),
	TEST_XNACK(reports_of_any_address_lose_no_data),
};
HARNESS_MAIN(tests)
