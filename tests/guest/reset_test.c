// SPDX-License-Identifier: MIT
/*
 * A GPU that is reset while processes use it. VRAM kept its content: they keep
 * their memory and make new queues. VRAM lost it: they lose the GPU, and what
 * was in there is SIGBUS, never other bytes. New processes work in both.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gpu.h"
#include "life.h"
#include "mm.h"
#include "pattern.h"
#include "residency.h"
#include "sdma.h"
#include "smi.h"
#include "work.h"

#define BYTES	WORK_BYTES
#define CYCLES	20
#define FATAL_CYCLES 6

/* The queue is no more: what is written to it never happens, and it can be destroyed. */
static void assert_queue_dead(struct sdma *q, void *target)
{
	sdma_write1(q, target, 0xdead);
	assert_false(sdma_wait(q, sdma_submit(q), 100));
	assert_hsa(hsaKmtDestroyQueue(q->res.QueueId));
}

static void kept_reset_keeps_memory(int xnack)
{
	struct kfd_hsa_hw_exception_data told;
	struct sdma q;
	struct work w;
	u32 event;
	u64 word;

	work_start(&w, xnack);
	event = hardware_event(&w.s);
	assert_ok(gpu_reset("kept"));
	told = hardware_event_get(&w.s, event);
	assert_int_equal(told.gpu_id, w.s.gpu[0].gpu_id);
	assert_int_equal(told.memory_lost, 0);
	assert_int_equal(told.reset_type, KFD_HW_EXCEPTION_WHOLE_GPU_RESET);
	assert_int_equal(driver_stat(0, "state", "lost"), 0);
	assert_in_vram(w.vram, BYTES);
	vram_peek(w.vram + 8, &word, sizeof(word));
	assert_int_equal(word, pattern_word(2, 8));
	assert_queue_dead(&w.q, w.vram);

	/* A new queue reaches all of it, where it is. */
	sdma_create(&q, &w.s, 0);
	sdma_copy(&q, w.ram, w.vram, BYTES);
	sdma_run(&q);
	assert_in_vram(w.vram, BYTES);
	pattern_check(w.ram, BYTES, 2);
	sdma_copy(&q, w.ram, w.buffer, BYTES);
	sdma_run(&q);
	pattern_check(w.ram, BYTES, 3);
	pattern_check(w.buffer, BYTES, 3);
	pattern_check(w.vram, BYTES, 2); /* the CPU's touch brings it home */
	assert_in_ram(w.vram, BYTES);
	assert_ok(gpu_prefetch(&w.s, w.vram, BYTES, true));
	assert_in_vram(w.vram, BYTES);
	assert_newcomer_works();
}

static void poisons_what_was_in_vram(int xnack, const char *how)
{
	struct session s;
	struct work w;
	char *fresh;

	work_start(&w, xnack);
	s = w.s;
	assert_ok(gpu_reset(how));
	assert_int_equal(driver_stat(0, "state", "lost"), 0);
	/* Loud, each time; and what was in RAM is as it was. */
	assert_int_equal(signal_of(touch, w.vram), SIGBUS);
	assert_int_equal(signal_of(touch, w.vram + BYTES - 1), SIGBUS);
	assert_bus_error(w.buffer); /* which a child does not have */
	pattern_check(w.ram, BYTES, 1);
	/* This process has lost the GPU, another has not. */
	assert_errno(gpu_prefetch(&s, w.ram, BYTES, true), ENODEV);
	assert_newcomer_works();
	/* New memory of this process is memory; the old goes as any other. */
	mm_unmap(w.vram, BYTES);
	fresh = mm_map_small(BYTES);
	pattern_fill(fresh, BYTES, 4);
	pattern_check(fresh, BYTES, 4);
	assert_true(wait_until(!driver_stat(0, "vram", "svm_bos"), 10000));
}

static void lost_reset_poisons_what_was_in_vram(int xnack)
{
	poisons_what_was_in_vram(xnack, "lost");
}

/* The PCI core's, by sysfs: nobody can say what became of stores meanwhile. */
static void function_reset_poisons_what_was_in_vram(int xnack)
{
	poisons_what_was_in_vram(xnack, "flr");
}

static void bus_reset_poisons_what_was_in_vram(int xnack)
{
	poisons_what_was_in_vram(xnack, "bus");
}

/* The process that was there when VRAM was lost has gone: nothing is left of it. */
static int dies_with_the_gpu(struct child *c, void *arg)
{
	char *p = mm_map_small(BYTES);
	struct session s;

	child_expect(session_try_start(&s, true));
	memset(p, 1, BYTES);
	child_expect(!gpu_prefetch(&s, p, BYTES, true));
	child_tell(c, 'v');
	child_expect(child_hear(c, 'x'));
	return 0;
}

static void lost_reset_leaves_no_vram_behind(int arg)
{
	struct child c;

	for (int i = 0; i < 3; i++) {
		child_start(&c, dies_with_the_gpu, NULL);
		assert_true(child_hear(&c, 'v'));
		assert_ok(gpu_reset("lost"));
		child_tell(&c, 'x');
		assert_child_ok(&c);
	}
	assert_vram_is_free();
	assert_newcomer_works();
}

/* The driver finds out by itself, and nobody who waits gets an error for data. */
static void hang_is_answered_by_a_reset(int xnack)
{
	struct session s;
	char *p, *other;

	session_start(&s, xnack);
	p = mm_map_small(BYTES);
	other = mm_map_small(BYTES);
	pattern_fill(p, BYTES, 5);
	pattern_fill(other, BYTES, 6);
	gpu_access(&s, p, BYTES);
	gpu_access(&s, other, BYTES);
	assert_ok(gpu_prefetch(&s, other, BYTES, true));
	driver_parameter("fence_timeout_ms", "1000");
	driver_poke(0, "hang_copies", "1");
	gpu_prefetch(&s, p, BYTES, true); /* ends, with or without an error */
	/* From VRAM, whether the GPU is back by now or not. */
	pattern_check(other, BYTES, 6);
	driver_parameter("fence_timeout_ms", "10000");
	assert_true(wait_until(!driver_stat(0, "state", "lost"), 10000));
	pattern_check(p, BYTES, 5);
	assert_ok(gpu_prefetch(&s, p, BYTES, true));
	assert_in_vram(p, BYTES);
	pattern_check(p, BYTES, 5);
	assert_newcomer_works();
}

static void each_reset_is_a_pair_of_smi_events(int arg)
{
	static struct smi smi;
	struct session s;
	int first;

	session_start(&s, true);
	smi_open(&smi, &s, SMI_BIT(GPU_PRE_RESET) | SMI_BIT(GPU_POST_RESET));
	for (int i = 0; i < 3; i++)
		assert_ok(gpu_reset("kept"));
	smi_read(&smi);
	assert_int_equal(smi.nr, 6);
	first = smi.event[0].trigger;
	for (size_t i = 0; i < smi.nr; i++) {
		assert_int_equal(smi.event[i].id, i % 2 ? KFD_SMI_EVENT_GPU_POST_RESET :
							  KFD_SMI_EVENT_GPU_PRE_RESET);
		assert_int_equal(smi.event[i].trigger, first + (int)i / 2);
	}
}

/* The device refuses to be set up once: who waits hears of it, and the next try works. */
static void failed_reset_leaves_it_lost_and_the_next_brings_it_back(int arg)
{
	struct session s;
	u32 event;
	char *p;

	session_start(&s, true);
	event = hardware_event(&s);
	p = mm_map_small(BYTES);
	pattern_fill(p, BYTES, 9);
	assert_ok(gpu_prefetch(&s, p, BYTES, true));
	driver_poke(0, "fail_kiq", "1");
	assert_int_equal(gpu_reset("kept"), -EIO);
	assert_int_equal(driver_stat(0, "state", "lost"), 1);
	assert_int_equal(hardware_event_get(&s, event).memory_lost, 1);
	assert_int_equal(signal_of(touch, p), SIGBUS);
	assert_ok(gpu_reset("kept"));
	assert_int_equal(hardware_event_get(&s, event).memory_lost, 0);
	assert_in_vram(p, BYTES);
	pattern_check(p, BYTES, 9);
	assert_newcomer_works();
}

static int resets_when_told(struct child *c, void *unused)
{
	child_expect(child_hear(c, 'r'));
	return gpu_reset("kept") ? 1 : 0;
}

/*
 * One fault is held up in service while the next, a write to read-only memory, is
 * noted. The reset comes first: what it took cannot stop what is made afterwards.
 * Another process asks for it, because a thread's stack and memory are mappings
 * that change, which would make the report stale.
 */
static void violation_of_before_stops_no_new_queue(int arg)
{
	u64 resets = driver_stat(0, "state", "resets");
	struct sdma held, bad, q;
	struct session s;
	struct child c;
	HsaEvent *event;
	char *p, *fixed;

	child_start(&c, resets_when_told, NULL);
	session_start(&s, true);
	event = memory_event(&s);
	sdma_create(&held, &s, 0);
	sdma_create(&bad, &s, 0);
	p = mm_map_small(BYTES);
	fixed = mm_map_small(BYTES);
	memset(p, 0x11, BYTES);
	memset(fixed, 0x22, BYTES);
	mm_protect(fixed, BYTES, PROT_READ);
	sdma_run(&held);
	sdma_run(&bad);
	sdma_hold_fault(&held, p);
	sdma_report_fault(&bad, fixed);
	child_tell(&c, 'r');
	assert_true(wait_until(driver_stat(0, "state", "resets") == resets + 1 &&
			       !driver_stat(0, "state", "lost"), 4000));
	driver_poke(0, "stall_collect", "0");
	assert_child_ok(&c);
	assert_hsa(hsaKmtWaitOnEvent(event, 5000)); /* told all the same */
	sdma_create(&q, &s, 0);
	sdma_write1(&q, p, 3);
	sdma_run(&q);
	assert_int_equal(*(u32 *)p, 3);
	assert_queue_dead(&held, p);
	assert_queue_dead(&bad, p);
}

#define LOAD(cycles, xnack) ((cycles) * 2 + (xnack))

/* A child may live for a minute, so many resets see several pairs. */
static void load_through_resets(int xnack, int cycles, volatile u64 *rounds)
{
	struct load_pair pair;

	load_start(&pair, xnack, false, rounds);
	for (int i = 0; i < cycles; i++) {
		u64 before = rounds[i % 2];

		assert_ok(gpu_reset("kept"));
		assert_true(wait_until(rounds[i % 2] > before, 20000));
	}
	for (size_t i = 0; i < ARRAY_LEN(pair.child); i++) {
		child_tell(&pair.child[i], 'x');
		assert_child_ok(&pair.child[i]);
	}
}

static void resets_under_load_lose_nothing(int arg)
{
	volatile u64 *rounds = shared_words();

	/* The debug kernel takes its time for each. */
	for (int left = arg / 2 / (int)harness_slow(); left > 0; left -= CYCLES)
		load_through_resets(arg % 2, left < CYCLES ? left : CYCLES, rounds);
	assert_vram_is_free();
	assert_newcomer_works();
}

/* Who works dies of it or gives up, without a wrong byte; others go on. */
static void resets_that_take_vram_under_load_end_its_users(int arg)
{
	static const char *const how[] = { "lost", "flr", "bus" };
	volatile u64 *rounds = shared_words();
	struct load_pair pair;

	for (int i = 0; i < arg / 2; i++) {
		load_start(&pair, arg % 2, true, rounds);
		assert_ok(gpu_reset(how[i % ARRAY_LEN(how)]));
		for (size_t j = 0; j < ARRAY_LEN(pair.child); j++)
			assert_child_ok(&pair.child[j]);
	}
	assert_vram_is_free();
	assert_newcomer_works();
}

#define TEST_LOAD(fn, cycles)                                                \
	{ #fn "_xnack_on", fn, LOAD(cycles, 1), NULL },                      \
	{ #fn "_xnack_off", fn, LOAD(cycles, 0), "kernel=stock" },           \
	{ #fn "_200_times_xnack_on", fn, LOAD(200, 1), "long timeout=900" }, \
	{ #fn "_200_times_xnack_off", fn, LOAD(200, 0), "long timeout=900" }

static const struct guest_test tests[] = {
	TEST_XNACK(kept_reset_keeps_memory),
	TEST_XNACK(lost_reset_poisons_what_was_in_vram),
	TEST_XNACK(function_reset_poisons_what_was_in_vram),
	TEST_XNACK(bus_reset_poisons_what_was_in_vram),
	TEST(lost_reset_leaves_no_vram_behind),
	TEST_XNACK(hang_is_answered_by_a_reset),
	TEST(each_reset_is_a_pair_of_smi_events),
	TEST(failed_reset_leaves_it_lost_and_the_next_brings_it_back),
	TEST(violation_of_before_stops_no_new_queue),
	TEST_LOAD(resets_under_load_lose_nothing, CYCLES),
	TEST_LOAD(resets_that_take_vram_under_load_end_its_users, FATAL_CYCLES),
};
HARNESS_MAIN(tests)
