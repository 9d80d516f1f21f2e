// SPDX-License-Identifier: MIT
/*
 * The process that is the GPU dies while others use it, and a new GPU is plugged
 * in at its place; or the GPU is taken from its driver and given back. Who used it
 * hears of it and has lost what died in VRAM, nothing else; the next one works.
 */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "life.h"
#include "mm.h"
#include "pattern.h"
#include "residency.h"
#include "work.h"

#define CYCLES	20

static volatile sig_atomic_t bus_errors;

static void count_bus_error(int sig)
{
	bus_errors++;
}

static void dead_gpu_takes_vram_and_a_new_one_works(int xnack)
{
	struct work w;
	u32 event;

	work_start(&w, xnack);
	event = hardware_event(&w.s);
	gpus_kill();
	/* Nobody asked the GPU anything: the driver looks by itself. */
	assert_int_equal(hardware_event_get(&w.s, event).memory_lost, 1);
	assert_int_equal(driver_stat(0, "state", "lost"), 1);
	pattern_check(w.ram, WORK_BYTES, 1);
	assert_int_equal(signal_of(touch, w.vram), SIGBUS);
	assert_int_equal(signal_of(touch, w.vram + WORK_BYTES - 1), SIGBUS);
	assert_int_not_equal(gpu_prefetch(&w.s, w.ram, WORK_BYTES, true), 0);
	signal(SIGBUS, count_bus_error);
	gpus_replug();
	assert_true(bus_errors); /* before what was in VRAM became zeroes */
	/* Whoever was there has no GPU any more, and keeps his memory. */
	assert_errno(gpu_prefetch(&w.s, w.ram, WORK_BYTES, true), ENODEV);
	pattern_check(w.ram, WORK_BYTES, 1);
	assert_newcomer_works();
	mm_unmap(w.vram, WORK_BYTES);
	assert_vram_is_free();
}

/* Without a limit of time, and nothing but the GPU's death to end it. */
static int waits_for_ever(struct child *c, void *arg)
{
	struct kfd_event_data data = { 0 };
	struct kfd_ioctl_wait_events_args wait = {
		.events_ptr = (u64)(uintptr_t)&data, .num_events = 1, .timeout = ~0u,
	};
	struct session s;

	child_expect(session_try_start(&s, true));
	data.event_id = hardware_event(&s);
	child_tell(c, 'w');
	child_expect(!kfd_ioctl(s.kfd, AMDKFD_IOC_WAIT_EVENTS, &wait));
	child_expect(data.hw_exception_data.memory_lost == 1);
	return 0;
}

static void who_only_waits_hears_that_the_gpu_died(int arg)
{
	struct child c;

	child_start(&c, waits_for_ever, NULL);
	assert_true(child_hear(&c, 'w'));
	gpus_kill();
	assert_child_ok(&c);
	gpus_replug();
	assert_newcomer_works();
}

static int works_until_killed(struct child *c, void *arg)
{
	struct work w;

	work_start(&w, true);
	child_tell(c, 'w');
	while (!child_heard(c)) {
		gpu_prefetch(&w.s, w.ram, WORK_BYTES, true);
		gpu_prefetch(&w.s, w.ram, WORK_BYTES, false);
	}
	return 1;
}

/* Before the driver has noticed anything, in the middle of a copy. */
static void process_of_a_dead_gpu_can_be_killed(int arg)
{
	struct child c;
	int status = 0;

	child_start(&c, works_until_killed, NULL);
	assert_true(child_hear(&c, 'w'));
	gpus_kill();
	assert_ok(kill(c.pid, SIGKILL));
	assert_true(wait_until(waitpid(c.pid, &status, WNOHANG) == c.pid, 20000));
	assert_true(WIFSIGNALED(status));
	gpus_replug();
	assert_vram_is_free();
	assert_newcomer_works();
}

/* As by an administrator who swaps a card that works. */
static void living_gpu_is_swapped(int xnack)
{
	struct work w;

	work_start(&w, xnack);
	signal(SIGBUS, count_bus_error);
	gpus_replug();
	assert_true(bus_errors);
	assert_errno(gpu_prefetch(&w.s, w.ram, WORK_BYTES, true), ENODEV);
	pattern_check(w.ram, WORK_BYTES, 1);
	assert_newcomer_works();
}

static int inherits(struct child *c, void *arg)
{
	signal(SIGBUS, count_bus_error);
	child_tell(c, 'r');
	child_expect(child_hear(c, 'g'));
	return bus_errors ? 0 : 1;
}

/* A forked child has the same pages, and no GPU: it is told all the same, others are not. */
static void forked_child_is_told_of_lost_pages(int xnack)
{
	struct child heir, bystander;
	struct work w;

	child_start(&bystander, inherits, NULL);
	work_start(&w, xnack);
	child_start(&heir, inherits, NULL);
	assert_true(child_hear(&bystander, 'r'));
	assert_true(child_hear(&heir, 'r'));
	signal(SIGBUS, count_bus_error);
	gpus_kill();
	gpus_replug();
	assert_true(bus_errors);
	child_tell(&heir, 'g');
	assert_child_ok(&heir);
	child_tell(&bystander, 'g');
	assert_int_equal(WEXITSTATUS(child_join(&bystander)), 1);
	assert_newcomer_works();
}

static void dies(void)
{
	gpus_kill();
	gpus_replug();
}

static void is_unbound(void)
{
	struct kfd_node nodes[MAX_GPUS];

	kfd_nodes(nodes);
	driver_unbind(nodes[0].pci);
	driver_bind(nodes[0].pci);
}

/* Who works gives up or dies of it, without a wrong byte; others go on. */
static void goes_under_load(void (*go)(void), int arg)
{
	volatile u64 *rounds = shared_words();
	struct load_pair pair;

	/* The debug kernel takes its time for each. */
	for (int i = 0; i < arg / 2; i += (int)harness_slow()) {
		load_start(&pair, arg % 2, true, rounds);
		go();
		for (size_t j = 0; j < ARRAY_LEN(pair.child); j++)
			assert_child_ok(&pair.child[j]);
	}
	assert_vram_is_free();
	assert_newcomer_works();
}

static void gpu_dies_under_load(int arg)
{
	goes_under_load(dies, arg);
}

static void gpu_is_unbound_under_load(int arg)
{
	goes_under_load(is_unbound, arg);
}

#define LOAD(cycles, xnack) ((cycles) * 2 + (xnack))

#define TEST_LOAD(fn)                                                         \
	{ #fn "_xnack_on", fn, LOAD(CYCLES, 1), NULL },                       \
	{ #fn "_xnack_off", fn, LOAD(CYCLES / 4, 0), "kernel=stock" },        \
	{ #fn "_200_times_xnack_on", fn, LOAD(200, 1), "long timeout=1800" }, \
	{ #fn "_200_times_xnack_off", fn, LOAD(200, 0), "long timeout=1800" }

static const struct guest_test tests[] = {
	TEST_XNACK(dead_gpu_takes_vram_and_a_new_one_works),
	TEST(who_only_waits_hears_that_the_gpu_died),
	TEST(process_of_a_dead_gpu_can_be_killed),
	TEST_XNACK(forked_child_is_told_of_lost_pages),
	TEST_XNACK(living_gpu_is_swapped),
	TEST_LOAD(gpu_dies_under_load),
	TEST_LOAD(gpu_is_unbound_under_load),
};
HARNESS_MAIN(tests)
