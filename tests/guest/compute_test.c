// SPDX-License-Identifier: MIT
/*
 * PM4 queues that run kernels: priorities, preemption, ends with waves in flight,
 * several GPUs. No runtime in between: packets, code and waits are the test's own.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mm.h"
#include "pm4.h"
#include "pm4_code.h"
#include "residency.h"

#define ITERATIONS 2000u
#define ATOMIC_ADD 15u

/* Assembled by llvm-mc for gfx90a; see struct pm4_launch for what a kernel finds. */

/* data[0] += ITERATIONS for each work-item, counted one by one in a register */
static const u32 kernel_iterate[] = {
	0x7e000280,		/* v_mov_b32 v0, 0 */
	0x7e020280,		/* v_mov_b32 v1, 0 */
	0xb00407d0,		/* s_movk_i32 s4, 0x7d0 */
	0x68020281,		/* v_add_u32 v1, 1, v1 */
	0x80848104,		/* s_sub_u32 s4, s4, 1 */
	0xbf078004,		/* s_cmp_lg_u32 s4, 0 */
	0xbf85fffc,		/* s_cbranch_scc1 -4 */
	0xdd088000, 0x00000100,	/* global_atomic_add v0, v1, s[0:1] */
	0xbf810000,		/* s_endpgm */
};

static const u32 kernel_endless[] = {
	0xbf82ffff,		/* s_branch . */
};

/* data[group * 1024] = group + 1: each group writes a page of its own */
static const u32 kernel_touch[] = {
	0x8e038c02,		/* s_lshl_b32 s3, s2, 12 */
	0x7e000203,		/* v_mov_b32 v0, s3 */
	0x80048102,		/* s_add_u32 s4, s2, 1 */
	0x7e020204,		/* v_mov_b32 v1, s4 */
	0xdc708000, 0x00000100,	/* global_store_dword v0, v1, s[0:1] */
	0xbf810000,		/* s_endpgm */
};

/* --- priorities ---------------------------------------------------------------- */

/*
 * The queue that goes first takes the other's count before and behind its launch,
 * by packets: so nothing here depends on when this thread runs.
 */
static void waves_of_higher_priority_go_first(int arg)
{
	const u32 per_group = 64 * ITERATIONS, groups = 400;
	struct pm4 low, high;
	struct session s;
	const u32 *code;
	volatile u32 *data;

	session_start(&s, false);
	pm4_create(&low, &s, 0);
	pm4_create(&high, &s, 0);
	pm4_update(&low, 100, HSA_QUEUE_PRIORITY_LOW);
	pm4_update(&high, 100, HSA_QUEUE_PRIORITY_HIGH);
	code = PM4_CODE(&s, kernel_iterate);
	data = pm4_memory(&s, PAGE);
	pm4_launch(&low, &(struct pm4_launch){ .code = code, .data = data, .groups = 1 << 20, .items = 64 });
	pm4_kick(&low);
	pm4_copy1(&high, data + 2, data);
	pm4_launch(&high, &(struct pm4_launch){ .code = code, .data = data + 1, .groups = groups, .items = 64 });
	pm4_flush(&high);
	pm4_copy1(&high, data + 3, data);
	pm4_run(&high);
	assert_int_equal(data[1], groups * per_group);
	assert_in_range((data[3] - data[2]) / per_group, 1, groups / 2);
	pm4_destroy(&low);
	pm4_destroy(&high);
}

static void endless_waves_of_high_priority_starve_nobody(int arg)
{
	static const HSA_QUEUE_PRIORITY priority[] = {
		HSA_QUEUE_PRIORITY_HIGH, HSA_QUEUE_PRIORITY_NORMAL, HSA_QUEUE_PRIORITY_MINIMUM,
	};
	struct pm4 endless, q[ARRAY_LEN(priority)];
	struct session s;
	volatile u32 *data;
	const u32 *code;

	session_start(&s, false);
	code = PM4_CODE(&s, kernel_iterate);
	data = pm4_memory(&s, PAGE);
	pm4_create(&endless, &s, 0);
	pm4_update(&endless, 100, HSA_QUEUE_PRIORITY_MAXIMUM);
	pm4_launch(&endless, &(struct pm4_launch){ .code = PM4_CODE(&s, kernel_endless), .data = data,
						   .groups = 65536, .items = 64 });
	pm4_kick(&endless);
	for (size_t i = 0; i < ARRAY_LEN(q); i++) {
		pm4_create(&q[i], &s, 0);
		pm4_update(&q[i], 100, priority[i]);
		pm4_launch(&q[i], &(struct pm4_launch){ .code = code, .data = data + i, .groups = 20, .items = 64 });
		pm4_submit(&q[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(q); i++) {
		pm4_wait(&q[i], 1);
		assert_int_equal(data[i], 20 * 64 * ITERATIONS);
		pm4_destroy(&q[i]);
	}
	pm4_destroy(&endless);
}

/* Packets without end: adds 1 to *@word, then the same buffer again. */
static void start_endless_packets(struct pm4 *q, volatile u32 *word)
{
	u32 *buffer = pm4_memory(q->session, PAGE);
	const u32 dwords[] = {
		VKFD_PM4_HEADER(VKFD_PM4_ATOMIC_MEM, 9), ATOMIC_ADD, PM4_ADDR(word), 1, 0, 0, 0, 0,
		VKFD_PM4_HEADER(VKFD_PM4_INDIRECT_BUFFER, 4), PM4_ADDR(buffer),
		13 | (u32)VKFD_PM4_IB_CHAIN,
	};

	assert_int_equal(ARRAY_LEN(dwords), 13);
	memcpy(buffer, dwords, sizeof(dwords));
	pm4_run_buffer(q, buffer, ARRAY_LEN(dwords));
	pm4_kick(q);
}

/* What both chains add while the first adds @amount. */
static void watch_words(volatile u32 *word, u32 amount, u32 *added)
{
	const u32 begin[] = { word[0], word[1] };

	if (!wait_until(word[0] - begin[0] >= amount, PM4_MS))
		fail_test("%u packets instead of %u", word[0] - begin[0], amount);
	for (int i = 0; i < 2; i++)
		added[i] = word[i] - begin[i];
}

static void packets_follow_the_priority_and_its_changes(int arg)
{
	struct session s;
	struct pm4 q[2];
	volatile u32 *data;
	u32 added[2];

	session_start(&s, false);
	data = pm4_memory(&s, PAGE);
	for (int i = 0; i < 2; i++) {
		pm4_create(&q[i], &s, 0);
		pm4_update(&q[i], 100, i ? HSA_QUEUE_PRIORITY_LOW : HSA_QUEUE_PRIORITY_HIGH);
	}
	for (int i = 0; i < 2; i++)
		start_endless_packets(&q[i], &data[i]);
	watch_words(data, 1, added);
	watch_words(data, 200000, added);
	assert_in_range(added[1], 1, added[0] / 3);
	pm4_update(&q[0], 100, HSA_QUEUE_PRIORITY_LOW);
	pm4_update(&q[1], 100, HSA_QUEUE_PRIORITY_HIGH);
	watch_words(data, 50000, added);
	assert_in_range(added[0], 1, added[1] / 3);
	for (int i = 0; i < 2; i++)
		pm4_destroy(&q[i]);
}

/* --- ends and stops with waves in flight ------------------------------------------ */

/* The process goes on as before: another queue computes. */
static void expect_computes(struct session *s, unsigned int gpu)
{
	volatile u32 *data = pm4_memory(s, PAGE);
	struct pm4 q;

	pm4_create(&q, s, gpu);
	pm4_launch(&q, &(struct pm4_launch){ .code = PM4_CODE(s, kernel_iterate), .data = data,
					     .groups = 3, .items = 64 });
	pm4_run(&q);
	assert_int_equal(*data, 3 * 64 * ITERATIONS);
	pm4_destroy(&q);
}

static void queues_with_endless_waves_are_destroyed(int arg)
{
	struct session s;
	const u32 *code;

	session_start(&s, false);
	code = PM4_CODE(&s, kernel_endless);
	for (int round = 0; round < 8; round++) {
		u64 waves = device_stat(0, VKFD_STAT_WAVES);
		struct pm4 q;

		pm4_create(&q, &s, 0);
		pm4_launch(&q, &(struct pm4_launch){ .code = code, .groups = 65536, .items = 256 });
		pm4_kick(&q);
		assert_true(wait_until(device_stat(0, VKFD_STAT_WAVES) > waves, PM4_MS));
		pm4_destroy(&q);
	}
	expect_computes(&s, 0);
}

/*
 * XNACK on: destroyed at any moment of a storm of faults, which are served while and
 * after the queue goes. A page holds what its group wrote, or nothing.
 */
static void queues_with_waves_at_faults_are_destroyed(int arg)
{
	const u32 pages = 2048;
	struct session s;
	const u32 *code;

	session_start(&s, true);
	code = PM4_CODE(&s, kernel_touch);
	for (u32 round = 0; round < 8; round++) {
		u32 *mem = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		u64 faults = device_stat(0, VKFD_STAT_WAVE_FAULTS);
		struct pm4 q;

		assert_true(mem != MAP_FAILED);
		madvise(mem, pages * PAGE, MADV_NOHUGEPAGE);
		pm4_create(&q, &s, 0);
		pm4_launch(&q, &(struct pm4_launch){ .code = code, .data = mem, .groups = pages, .items = 1 });
		pm4_kick(&q);
		assert_true(wait_until(device_stat(0, VKFD_STAT_WAVE_FAULTS) > faults + round, PM4_MS));
		pm4_destroy(&q);
		for (u32 i = 0; i < pages; i++)
			if (mem[i * 1024] && mem[i * 1024] != i + 1)
				fail_test("page %u holds %u", i, mem[i * 1024]);
		munmap(mem, pages * PAGE);
	}
	expect_computes(&s, 0);
}

/*
 * A wave tells of all pages that its instruction lacks, so that they are served
 * together and it waits once. More waves than there are slots for reports: the same bytes.
 */
static void lanes_that_miss_pages_wait_once(int groups)
{
	const size_t pages = (size_t)groups * 64;
	u64 waits, faults;
	struct session s;
	struct pm4 q;
	u32 *mem;

	session_start(&s, true);
	mem = mm_map_small(pages * PAGE);
	memset(mem, 0, pages * PAGE);
	assert_ok(svm_set(s.kfd, mem, pages * PAGE, { KFD_IOCTL_SVM_ATTR_GRANULARITY, 0 },
			  { KFD_IOCTL_SVM_ATTR_PREFERRED_LOC, 0 },
			  { KFD_IOCTL_SVM_ATTR_ACCESS_IN_PLACE, s.gpu[0].gpu_id }));
	pm4_create(&q, &s, 0);
	pm4_launch(&q, &(struct pm4_launch){ .code = PM4_CODE(&s, kernel_touch_lanes), .data = mem,
					     .groups = (u32)groups, .items = 64 });
	waits = device_stat(0, VKFD_STAT_WAVE_FAULTS);
	faults = device_stat(0, VKFD_STAT_FAULTS_RETRY);
	pm4_run(&q);
	if (groups == 1) {
		assert_int_equal(device_stat(0, VKFD_STAT_WAVE_FAULTS) - waits, 1);
		assert_int_equal(device_stat(0, VKFD_STAT_FAULTS_RETRY) - faults, pages);
	}
	assert_in_ram(mem, pages * PAGE);
	for (size_t i = 0; i < pages; i++)
		if (mem[i * 1024] != i + 1)
			fail_test("page %zu holds %u", i, mem[i * 1024]);
	pm4_destroy(&q);
	mm_unmap(mem, pages * PAGE);
}

/* XNACK off: a wave at an address that nobody can serve has stopped its queue. */
static int destroy_after_violation(struct child *c, void *arg)
{
	void *hole = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	u64 errors = device_stat(0, VKFD_STAT_FAULTS_NORETRY);
	struct session s;
	struct pm4 q;

	child_expect(session_try_start(&s, false));
	pm4_create(&q, &s, 0);
	pm4_launch(&q, &(struct pm4_launch){ .code = PM4_CODE(&s, kernel_touch), .data = hole,
					     .groups = 64, .items = 64 });
	pm4_kick(&q);
	child_expect(wait_until(device_stat(0, VKFD_STAT_FAULTS_NORETRY) > errors, PM4_MS));
	pm4_destroy(&q);
	return 0;
}

static void queue_with_a_wave_halted_by_a_fault_is_destroyed(int arg)
{
	struct session s;
	struct child c;

	child_start(&c, destroy_after_violation, NULL);
	assert_child_ok(&c);
	session_start(&s, false);
	expect_computes(&s, 0);
}

/*
 * XNACK off: each time the CPU side takes pages of registered memory away, all queues
 * of the process stop with their waves, and start when the memory is mapped again.
 */
static void evicted_and_restored_waves_stay_exact(int cycles)
{
	const u32 groups = 64, items = 256;
	struct session s;
	volatile u32 *data;
	char *mem;
	struct pm4 q;

	alarm(1800);
	mem = mmap(NULL, HUGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(mem != MAP_FAILED);
	session_start(&s, false);
	memset(mem, 1, HUGE_BYTES);
	gpu_access(&s, mem, HUGE_BYTES);
	data = pm4_memory(&s, PAGE);
	pm4_create(&q, &s, 0);
	pm4_launch(&q, &(struct pm4_launch){ .code = PM4_CODE(&s, kernel_persist), .data = data,
					     .groups = groups, .items = items });
	pm4_submit(&q);
	for (int i = 0; i < cycles; i++) {
		u64 before = device_stat(0, VKFD_STAT_INSTRUCTIONS);

		assert_ok(madvise(mem + (size_t)i % 512 * PAGE, PAGE, MADV_DONTNEED));
		/* Running again: only this process has waves. */
		if (!wait_until(device_stat(0, VKFD_STAT_INSTRUCTIONS) > before + 100000, PM4_MS))
			fail_test("the waves did not go on after stop %d", i);
	}
	assert_false(pm4_done(&q, 1));
	data[0] = 1;
	pm4_wait(&q, 1);
	assert_int_equal(data[1], groups * items);
	assert_int_equal(data[2], 0);
	pm4_destroy(&q);
}

/* --- several GPUs ------------------------------------------------------------------ */

/* VRAM of @gpu, for it and the CPU alone. */
static volatile u32 *vram_of(struct session *s, unsigned int gpu)
{
	HsaMemFlags flags = { .ui32 = { .NonPaged = 1, .HostAccess = 1, .CoarseGrain = 1 } };
	HSAuint32 node = s->gpu[gpu].node;
	HsaMemMapFlags map = { .Value = 0 };
	void *mem = NULL;

	assert_hsa(hsaKmtAllocMemory(node, PAGE, flags, &mem));
	assert_hsa(hsaKmtMapMemoryToGPUNodes(mem, PAGE, NULL, map, 1, &node));
	memset(mem, 0, PAGE);
	return mem;
}

/*
 * Both run at once, each on data in its own VRAM. While the first GPU's queue is
 * suspended with its waves, the second goes on; then the first ends exactly.
 */
static void two_gpus_compute_on_their_own_vram(int xnack)
{
	const u32 groups = 64, items = 256;
	volatile u32 *data[2];
	struct session s;
	struct pm4 q[2];
	u64 stopped, running;

	session_start(&s, xnack);
	for (unsigned int i = 0; i < 2; i++) {
		data[i] = vram_of(&s, i);
		pm4_create(&q[i], &s, i);
		pm4_launch(&q[i], &(struct pm4_launch){ .code = PM4_CODE(&s, kernel_persist), .data = data[i],
							.groups = groups, .items = items });
		pm4_submit(&q[i]);
	}
	for (unsigned int i = 0; i < 2; i++) {
		u64 before = device_stat(i, VKFD_STAT_INSTRUCTIONS);

		assert_true(wait_until(device_stat(i, VKFD_STAT_INSTRUCTIONS) > before, PM4_MS));
	}
	pm4_update(&q[0], 0, HSA_QUEUE_PRIORITY_NORMAL);
	stopped = device_stat(0, VKFD_STAT_INSTRUCTIONS);
	running = device_stat(1, VKFD_STAT_INSTRUCTIONS);
	data[0][0] = data[1][0] = 1;
	pm4_wait(&q[1], 1);
	assert_true(device_stat(1, VKFD_STAT_INSTRUCTIONS) > running);
	assert_int_equal(device_stat(0, VKFD_STAT_INSTRUCTIONS), stopped);
	assert_int_equal(data[0][1], 0);
	pm4_update(&q[0], 100, HSA_QUEUE_PRIORITY_NORMAL);
	pm4_wait(&q[0], 1);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(data[i][1], groups * items);
		assert_int_equal(data[i][2], 0);
		pm4_destroy(&q[i]);
	}
}

/* A queue that an error stopped is no obstacle for the other GPU. */
static void violation_on_one_gpu_leaves_the_other_alone(int arg)
{
	void *hole = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	u64 errors = device_stat(0, VKFD_STAT_FAULTS_NORETRY);
	struct session s;
	struct pm4 q;

	session_start(&s, false);
	pm4_create(&q, &s, 0);
	pm4_launch(&q, &(struct pm4_launch){ .code = PM4_CODE(&s, kernel_touch), .data = hole,
					     .groups = 64, .items = 64 });
	pm4_kick(&q);
	assert_true(wait_until(device_stat(0, VKFD_STAT_FAULTS_NORETRY) > errors, PM4_MS));
	expect_computes(&s, 1);
	pm4_destroy(&q);
}

static const struct guest_test tests[] = {
	TEST(waves_of_higher_priority_go_first),
	TEST(endless_waves_of_high_priority_starve_nobody),
	TEST(packets_follow_the_priority_and_its_changes),
	TEST(queues_with_endless_waves_are_destroyed),
	TEST(queues_with_waves_at_faults_are_destroyed),
	TEST_ARG("lanes_that_miss_64_pages_wait_once_xnack_on", lanes_that_miss_pages_wait_once, 1),
	TEST_ARG("lanes_that_miss_4096_pages_get_them_all_xnack_on", lanes_that_miss_pages_wait_once, 64),
	TEST(queue_with_a_wave_halted_by_a_fault_is_destroyed),
	TEST_ARG("evicted_and_restored_waves_stay_exact", evicted_and_restored_waves_stay_exact, 50),
	{ "evicted_and_restored_5000_times", evicted_and_restored_waves_stay_exact, 5000, "long timeout=1900" },
	{ "two_gpus_compute_on_their_own_vram_xnack_on", two_gpus_compute_on_their_own_vram, 1, "gpus=2" },
	{ "two_gpus_compute_on_their_own_vram_xnack_off", two_gpus_compute_on_their_own_vram, 0, "gpus=2" },
	TEST_TAGS(violation_on_one_gpu_leaves_the_other_alone, "gpus=2"),
};
HARNESS_MAIN(tests)
