// SPDX-License-Identifier: MIT
/*
 * Memory that its process may write, but not through the page table as it is:
 * shared since a fork, or marked by NUMA balancing to see who uses it. It goes
 * to VRAM all the same, and nobody else sees what the GPU writes there.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gpu.h"
#include "mm.h"
#include "pattern.h"
#include "residency.h"
#include "sdma.h"

/* Without XNACK nothing faults. */
#define TEST_FAULT(fn)                                                       \
	{ #fn "_4k_xnack_on", fn, XNACK, NULL }, { #fn "_2m_xnack_on", fn, XNACK | HUGE, NULL }

#define BYTES	(2 * HUGE_BYTES)
#define SCAN_MS	60000

/* Memory in RAM that the GPU may use, holding pattern @seed. */
struct area {
	struct session s;
	struct sdma q;
	char *p;
	u64 seed;
};

static void area_start(struct area *a, int mode, u64 seed)
{
	session_start(&a->s, mode & XNACK);
	sdma_create(&a->q, &a->s, 0);
	a->seed = seed;
	a->p = mm_map_kind(BYTES, mode & HUGE);
	pattern_fill(a->p, BYTES, seed);
	assert_in_ram(a->p, BYTES);
}

static void area_prefetch(struct area *a)
{
	gpu_access(&a->s, a->p, BYTES);
	assert_ok(gpu_prefetch(&a->s, a->p, BYTES, true));
	assert_in_vram(a->p, BYTES);
}

/* Everything is there, and the GPU can write it where it is. */
static void area_check(struct area *a)
{
	char *copy = sysmem_alloc(&a->s, BYTES);

	sdma_copy(&a->q, copy, a->p, BYTES);
	sdma_fill(&a->q, a->p, 0x77777777, BYTES);
	sdma_run(&a->q);
	assert_in_vram(a->p, BYTES);
	pattern_check(copy, BYTES, a->seed);
	bytes_check(a->p, BYTES, 0x77);
}

static int child_sees_old_bytes(struct child *c, void *arg)
{
	struct area *a = arg;

	child_tell(c, 'f');
	child_expect(child_hear(c, 'w'));
	child_expect(pattern_mismatch(a->p, BYTES, a->seed) == PATTERN_OK);
	return 0;
}

static void prefetch_after_fork_reaches_vram(int mode)
{
	struct child c;
	struct area a;

	area_start(&a, mode, 70);
	child_start(&c, child_sees_old_bytes, &a);
	assert_true(child_hear(&c, 'f'));
	area_prefetch(&a);
	area_check(&a);
	child_tell(&c, 'w');
	assert_child_ok(&c);
	sdma_destroy(&a.q);
}

static void fault_after_fork_moves_memory(int mode)
{
	struct child c;
	struct area a;

	area_start(&a, mode, 71);
	gpu_access(&a.s, a.p, BYTES);
	child_start(&c, child_sees_old_bytes, &a);
	assert_true(child_hear(&c, 'f'));
	area_check(&a);
	child_tell(&c, 'w');
	assert_child_ok(&c);
	sdma_destroy(&a.q);
}

#define KNOBS "/sys/kernel/debug/sched/numa_balancing/"

/* What makes the kernel look at all memory of a process many times a second. */
static const struct knob {
	const char *path, *fast;
} knobs[] = {
	{ KNOBS "scan_delay_ms", "1" },	    { KNOBS "scan_period_min_ms", "5" },
	{ KNOBS "scan_period_max_ms", "10" }, { KNOBS "scan_size_mb", "256" },
	{ "/proc/sys/kernel/numa_balancing", "1" },
};

static void knob_write(const char *path, const char *value)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(value, f) < 0 || fclose(f))
		fail_test("%s: %s", path, strerror(errno));
}

static void knob_read(const char *path, char *value, int size)
{
	FILE *f = fopen(path, "r");

	if (!f || !fgets(value, size, f))
		fail_test("%s: %s", path, strerror(errno));
	fclose(f);
}

static u64 vmstat(const char *name)
{
	char key[64];
	unsigned long long value;
	FILE *f = fopen("/proc/vmstat", "r");

	while (f && fscanf(f, "%63s %llu", key, &value) == 2)
		if (!strcmp(key, name)) {
			fclose(f);
			return value;
		}
	fail_test("no %s in /proc/vmstat", name);
}

static void *sits_there(void *arg)
{
	pthread_barrier_wait(arg);
	return NULL;
}

/*
 * Has the kernel mark the memory of this process. Pages near the only thread of
 * a process are left alone, hence a second one. Marks are counted, so the rest
 * of the process is too small to be taken for the area.
 */
static void numa_mark(bool huge)
{
	const char *counter = huge ? "numa_huge_pte_updates" : "numa_pte_updates";
	u64 wanted = vmstat(counter) + (huge ? BYTES / HUGE_BYTES : BYTES / PAGE);
	char before[ARRAY_LEN(knobs)][32];
	pthread_barrier_t stay;
	pthread_t thread;

	pthread_barrier_init(&stay, NULL, 2);
	assert_int_equal(pthread_create(&thread, NULL, sits_there, &stay), 0);
	for (size_t i = 0; i < ARRAY_LEN(knobs); i++) {
		knob_read(knobs[i].path, before[i], sizeof(before[i]));
		knob_write(knobs[i].path, knobs[i].fast);
	}
	/* Only a thread that runs is made to look. */
	assert_true(wait_until(vmstat(counter) >= wanted, SCAN_MS));
	for (size_t i = ARRAY_LEN(knobs); i-- > 0;)
		knob_write(knobs[i].path, before[i]);
	pthread_barrier_wait(&stay);
	pthread_join(thread, NULL);
}

static void prefetch_of_pages_marked_by_numa_balancing_reaches_vram(int mode)
{
	struct area a;

	area_start(&a, mode, 72);
	numa_mark(mode & HUGE);
	area_prefetch(&a);
	area_check(&a);
	sdma_destroy(&a.q);
}

static void fault_on_pages_marked_by_numa_balancing_moves_them(int mode)
{
	struct area a;

	area_start(&a, mode, 73);
	gpu_access(&a.s, a.p, BYTES);
	numa_mark(mode & HUGE);
	area_check(&a);
	sdma_destroy(&a.q);
}

static const struct guest_test tests[] = {
	TEST_MODES(prefetch_after_fork_reaches_vram),
	TEST_FAULT(fault_after_fork_moves_memory),
	TEST_MODES(prefetch_of_pages_marked_by_numa_balancing_reaches_vram),
	TEST_FAULT(fault_on_pages_marked_by_numa_balancing_moves_them),
};
HARNESS_MAIN(tests)
