// SPDX-License-Identifier: MIT
/*
 * VRAM that the CPU uses in place (--mode coherent): pages go there by prefetch
 * and GPU faults, and a CPU that touches one reads and writes VRAM. "In place" is
 * seen from outside the driver: same frame of BAR 0 before and after, no CPU
 * fault counted by the kernel, no migration told by the driver.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gpu.h"
#include "life.h"
#include "mm.h"
#include "pattern.h"
#include "power.h"
#include "residency.h"
#include "sdma.h"
#include "trace.h"

#define COHERENT "mode=coherent gpus=2 vram=64M long=debug"
#define VRAM	(64 * MIB)
#define TEST_COH(fn)	TEST_TAGS(fn, COHERENT)
#define TEST_COH_XNACK(fn) \
	{ #fn "_xnack_on", fn, XNACK, COHERENT }, { #fn "_xnack_off", fn, 0, COHERENT }
#define TEST_COH_FAULT(fn) \
	{ #fn "_4k_xnack_on", fn, XNACK, COHERENT }, { #fn "_2m_xnack_on", fn, XNACK | HUGE, COHERENT }
#define TEST_COH_MODES(fn)                                                   \
	TEST_COH_FAULT(fn),                                                  \
	{ #fn "_4k_xnack_off", fn, 0, COHERENT }, { #fn "_2m_xnack_off", fn, HUGE, COHERENT }

#define BYTES	(2 * HUGE_BYTES)

/* Memory with pattern @seed, a queue, and a record of what happens. */
struct area {
	struct session s;
	struct sdma q;
	struct trace t;
	char *p, *copy;
	long faults;
	u64 page_out;
};

static long cpu_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}

static void area_start(struct area *a, int mode, u64 seed)
{
	session_start(&a->s, mode & XNACK);
	sdma_create(&a->q, &a->s, 0);
	a->copy = sysmem_alloc(&a->s, BYTES);
	a->p = mm_map_kind(BYTES, mode & HUGE);
	pattern_fill(a->p, BYTES, seed);
	gpu_access(&a->s, a->p, BYTES);
	assert_in_ram(a->p, BYTES);
}

static void area_prefetch(struct area *a)
{
	assert_ok(gpu_prefetch(&a->s, a->p, BYTES, true));
	assert_in_vram(a->p, BYTES);
}

/* From here to in_place_end() nothing may fault or move. */
static void in_place_begin(struct area *a)
{
	trace_start(&a->t);
	a->page_out = driver_stat(0, "vram", "page_out");
	a->faults = cpu_faults();
}

static void in_place_end(struct area *a, long faults_now)
{
	/* A few are the harness' own: its stack, its files. A page each would be a thousand. */
	assert_in_range(faults_now - a->faults, 0, 16);
	assert_in_vram(a->p, BYTES);
	assert_int_equal(driver_stat(0, "vram", "page_out"), a->page_out);
	assert_int_equal(trace_count(&a->t, "vkfd_migrate_begin", "", NULL, 0), 0);
	trace_stop(&a->t);
}

/* Both sides read what the other wrote, twice in each direction. */
static void both_sides_use_it(struct area *a, u64 seed)
{
	u64 vram_read;
	long faults;

	in_place_begin(a);
	pattern_check(a->p, BYTES, seed);
	pattern_fill(a->p, BYTES, seed + 1);
	faults = cpu_faults();
	in_place_end(a, faults);
	vram_read = device_stat(0, VKFD_STAT_VRAM_READ_BYTES);
	sdma_copy(&a->q, a->copy, a->p, BYTES);
	sdma_run(&a->q);
	pattern_check(a->copy, BYTES, seed + 1);
	/* The GPU found there what the CPU wrote, by its own way to VRAM. */
	assert_true(device_stat(0, VKFD_STAT_VRAM_READ_BYTES) - vram_read >= BYTES);

	pattern_fill(a->copy, BYTES, seed + 2);
	sdma_copy(&a->q, a->p, a->copy, BYTES);
	sdma_run(&a->q);
	in_place_begin(a);
	pattern_check(a->p, BYTES, seed + 2);
	faults = cpu_faults();
	in_place_end(a, faults);
}

static void cpu_uses_prefetched_memory_in_place(int mode)
{
	struct area a;

	area_start(&a, mode, 600);
	area_prefetch(&a);
	both_sides_use_it(&a, 600);
	assert_ok(gpu_prefetch(&a.s, a.p, BYTES, false));
	assert_in_ram(a.p, BYTES);
	pattern_check(a.p, BYTES, 602);
	sdma_destroy(&a.q);
}

static void cpu_uses_faulted_memory_in_place(int mode)
{
	struct area a;

	area_start(&a, mode, 610);
	sdma_copy(&a.q, a.copy, a.p, BYTES);
	sdma_run(&a.q);
	pattern_check(a.copy, BYTES, 610);
	assert_in_vram(a.p, BYTES);
	both_sides_use_it(&a, 610);
	sdma_destroy(&a.q);
}

/* The GPU's atomics and the CPU's are atomic against each other, in VRAM. */
static void atomics_of_both_sides_add_up(int mode)
{
	const unsigned int rounds = 2000;
	struct area a;
	u64 *word;

	area_start(&a, mode, 620);
	area_prefetch(&a);
	word = (u64 *)(a.p + HUGE_BYTES + 8);
	*word = 0;
	for (unsigned int i = 0; i < rounds; i++)
		sdma_add64(&a.q, word, 3);
	sdma_submit(&a.q);
	for (unsigned int i = 0; i < rounds; i++)
		__atomic_fetch_add(word, 1, __ATOMIC_SEQ_CST);
	sdma_run(&a.q);
	assert_int_equal(*word, 4 * rounds);
	assert_in_vram(a.p, BYTES);
	sdma_destroy(&a.q);
}

static int child_shares_then_writes(struct child *c, void *arg)
{
	struct area *a = arg;
	struct residency r;

	child_expect(pattern_mismatch(a->p, BYTES, 630) == PATTERN_OK);
	residency_count(a->p, BYTES, &r);
	/* Without XNACK the GPU may not miss it, so sharing ended at once, in RAM. */
	child_expect(!a->s.xnack || r.vram[0] == BYTES / PAGE);
	child_tell(c, 'r');
	child_expect(child_hear(c, 'w'));	/* the parent's GPU has written */
	child_expect(pattern_mismatch(a->p, BYTES, 630) == PATTERN_OK);
	pattern_fill(a->p, BYTES, 632);
	child_tell(c, 'd');
	child_expect(child_hear(c, 'e'));
	child_expect(pattern_mismatch(a->p, BYTES, 632) == PATTERN_OK);
	return 0;
}

static void fork_shares_vram_until_somebody_writes(int mode)
{
	struct child c;
	struct area a;

	area_start(&a, mode, 630);
	area_prefetch(&a);
	pattern_fill(a.copy, BYTES, 631);
	child_start(&c, child_shares_then_writes, &a);
	assert_true(child_hear(&c, 'r'));
	sdma_copy(&a.q, a.p, a.copy, BYTES);
	sdma_run(&a.q);
	child_tell(&c, 'w');
	assert_true(child_hear(&c, 'd'));
	pattern_check(a.p, BYTES, 631);
	child_tell(&c, 'e');
	assert_child_ok(&c);
	pattern_check(a.p, BYTES, 631);
	sdma_destroy(&a.q);
}

static void write_a_byte(void *arg)
{
	*(volatile char *)arg = 1;
}

static void mprotect_is_obeyed_in_place(int mode)
{
	struct area a;

	area_start(&a, mode, 640);
	area_prefetch(&a);
	mm_protect(a.p, BYTES, PROT_READ);
	pattern_check(a.p, BYTES, 640);
	assert_int_equal(signal_of(write_a_byte, a.p + PAGE), SIGSEGV);
	assert_in_vram(a.p, BYTES);
	mm_protect(a.p, BYTES, PROT_READ | PROT_WRITE);
	/* As in RAM, the first write to each page asks. */
	pattern_fill(a.p, BYTES, 641);
	assert_in_vram(a.p, BYTES);
	both_sides_use_it(&a, 641);
	sdma_destroy(&a.q);
}

static void munmap_gives_vram_back(int mode)
{
	u64 before, used;
	struct area a;

	area_start(&a, mode, 650);
	before = driver_stat(0, "vram", "svm_bos");
	area_prefetch(&a);
	used = driver_stat(0, "vram", "svm");
	assert_true(used >= BYTES);
	mm_unmap(a.p, HUGE_BYTES);
	assert_true(wait_until(driver_stat(0, "vram", "svm") == used - HUGE_BYTES, 5000));
	sdma_copy(&a.q, a.copy, a.p + HUGE_BYTES, HUGE_BYTES);
	sdma_run(&a.q);
	assert_int_equal(memcmp(a.copy, a.p + HUGE_BYTES, HUGE_BYTES), 0);
	assert_true(*(u64 *)a.copy == pattern_word(650, HUGE_BYTES));
	mm_unmap(a.p + HUGE_BYTES, HUGE_BYTES);
	assert_true(wait_until(driver_stat(0, "vram", "svm_bos") == before, 5000));
	sdma_destroy(&a.q);
}

/* Twice as much as fits: what was first goes to RAM, and each byte is right. */
static void eviction_takes_pages_home(int mode)
{
	const size_t bytes = VRAM, step = 8 * MIB;
	struct session s;
	char *p;

	session_start(&s, mode & XNACK);
	p = mm_map_kind(2 * bytes, mode & HUGE);
	gpu_access(&s, p, 2 * bytes);
	for (size_t at = 0; at < 2 * bytes; at += step) {
		pattern_fill(p + at, step, 660 + at);
		assert_ok(gpu_prefetch(&s, p + at, step, true));
		assert_in_vram(p + at, step);
	}
	assert_in_ram(p, step);
	assert_true(driver_stat(0, "vram", "evictions") > 0);
	assert_int_equal(driver_stat(0, "vram", "eviction_system_allocs"), 0);
	for (size_t at = 0; at < 2 * bytes; at += step)
		pattern_check(p + at, step, 660 + at);
	assert_in_vram(p + 2 * bytes - step, step);
}

/* For long pages are pinned in RAM only; other page-outs leave VRAM alone. */
static void long_term_pin_takes_pages_home(int mode)
{
	struct area a;
	int pin;

	area_start(&a, mode, 670);
	area_prefetch(&a);
	pin = mm_pin(a.p + HUGE_BYTES, 16 * PAGE);
	assert_in_ram(a.p + HUGE_BYTES, 16 * PAGE);
	assert_in_vram(a.p, HUGE_BYTES);
	assert_ok(gpu_prefetch(&a.s, a.p, BYTES, true));
	assert_in_ram(a.p + HUGE_BYTES, 16 * PAGE);
	sdma_copy(&a.q, a.copy, a.p, BYTES);
	sdma_run(&a.q);
	pattern_check(a.copy, BYTES, 670);
	mm_unpin(pin);
	assert_true(wait_until(!gpu_prefetch(&a.s, a.p, BYTES, true) &&
			       residency_vram(a.p, BYTES) == BYTES / PAGE, 5000));
	both_sides_use_it(&a, 670);
	sdma_destroy(&a.q);
}

static void page_out_leaves_vram_alone(int mode)
{
	struct area a;

	area_start(&a, mode, 680);
	area_prefetch(&a);
	madvise(a.p, BYTES, MADV_PAGEOUT);
	madvise(a.p, BYTES, MADV_COLD);
	assert_in_vram(a.p, BYTES);
	both_sides_use_it(&a, 680);
	sdma_destroy(&a.q);
}

static void system_calls_use_vram_in_place(int mode)
{
	struct area a;
	int fd[2];

	area_start(&a, mode, 690);
	area_prefetch(&a);
	assert_int_equal(pipe(fd), 0);
	for (size_t at = 0; at < HUGE_BYTES; at += 16 * PAGE) {
		assert_int_equal(write(fd[1], a.p + at, 16 * PAGE), 16 * PAGE);
		assert_int_equal(read(fd[0], a.p + HUGE_BYTES + at, 16 * PAGE), 16 * PAGE);
	}
	close(fd[0]);
	close(fd[1]);
	pattern_check(a.p, HUGE_BYTES, 690);
	pattern_check(a.p + HUGE_BYTES, HUGE_BYTES, 690);
	assert_in_vram(a.p, BYTES);
	sdma_destroy(&a.q);
}

/* By its bus address, since no link is told of: nothing moves for it. */
static void second_gpu_uses_it_where_it_is(int mode)
{
	char *ram = mm_map_small(BYTES);
	struct sdma other;
	struct area a;
	u64 peer;

	area_start(&a, mode, 700);
	area_prefetch(&a);
	pattern_fill(ram, BYTES, 701);
	assert_ok(svm_set(a.s.kfd, a.p, BYTES,
			  { KFD_IOCTL_SVM_ATTR_ACCESS_IN_PLACE, a.s.gpu[1].gpu_id }));
	assert_ok(svm_set(a.s.kfd, ram, BYTES,
			  { KFD_IOCTL_SVM_ATTR_ACCESS_IN_PLACE, a.s.gpu[1].gpu_id }));
	sdma_create(&other, &a.s, 1);
	peer = device_stat(1, VKFD_STAT_PEER_READ_BYTES) + device_stat(1, VKFD_STAT_PEER_WRITE_BYTES);
	sdma_copy(&other, ram, a.p, BYTES / 2);
	sdma_copy(&other, a.p, ram + BYTES / 2, BYTES / 2);
	sdma_run(&other);
	assert_in_vram_of(0, a.p, BYTES);
	assert_true(device_stat(1, VKFD_STAT_PEER_READ_BYTES) +
		    device_stat(1, VKFD_STAT_PEER_WRITE_BYTES) - peer >= BYTES);
	pattern_check(ram, BYTES / 2, 700);
	assert_int_equal(memcmp(a.p, ram + BYTES / 2, BYTES / 2), 0);
	assert_true(*(u64 *)a.p == pattern_word(701, BYTES / 2));
	sdma_destroy(&other);
	sdma_destroy(&a.q);
}

static void kept_reset_leaves_memory_in_place(int mode)
{
	struct area a;

	area_start(&a, mode, 710);
	area_prefetch(&a);
	assert_ok(gpu_reset("kept"));
	in_place_begin(&a);
	pattern_check(a.p, BYTES, 710);
	in_place_end(&a, a.faults);
	assert_hsa(hsaKmtDestroyQueue(a.q.res.QueueId));
	sdma_create(&a.q, &a.s, 0);
	both_sides_use_it(&a, 710);
	sdma_destroy(&a.q);
}

/* The CPU reaches VRAM without the engine, so it saves what the reset would take. */
static void lost_reset_takes_memory_home_first(int mode)
{
	static const char *const ways[] = { "lost", "flr" };
	struct area a;

	area_start(&a, mode & XNACK, 720);
	area_prefetch(&a);
	assert_ok(gpu_reset(ways[!!(mode & HUGE)]));
	assert_in_ram(a.p, BYTES);
	pattern_check(a.p, BYTES, 720);
	pattern_fill(a.p, BYTES, 721);
	pattern_check(a.p, BYTES, 721);
	assert_errno(gpu_prefetch(&a.s, a.p, BYTES, true), ENODEV);
	assert_int_equal(driver_stat(0, "vram", "svm_bos"), 0);
}

static void unbind_takes_memory_home(int mode)
{
	struct area a;

	area_start(&a, mode, 730);
	area_prefetch(&a);
	driver_unbind(a.s.gpu[0].pci);
	residency_forget();
	pattern_check(a.p, BYTES, 730);
	pattern_fill(a.p, BYTES, 731);
	pattern_check(a.p, BYTES, 731);
	driver_bind(a.s.gpu[0].pci);
	residency_forget();
	assert_in_ram(a.p, BYTES);
}

/* VRAM has no power: pages go home, a buffer comes back to where the CPU has it mapped. */
static void memory_is_home_after_a_sleep(int mode)
{
	struct area a;
	char *buffer;

	area_start(&a, mode, 740);
	buffer = vram_alloc(&a.s, BYTES);
	pattern_fill(buffer, BYTES, 743);
	for (u64 i = 0; i < 2; i++) {
		area_prefetch(&a);
		pattern_fill(a.p, BYTES, 744 + i);
		assert_ok(power_test("devices"));
		assert_in_ram(a.p, BYTES);
		pattern_check(a.p, BYTES, 744 + i);
		pattern_check(buffer, BYTES, 743);
		sdma_copy(&a.q, a.copy, buffer, BYTES);
		sdma_run(&a.q);
		pattern_check(a.copy, BYTES, 743);
	}
	area_prefetch(&a);
	both_sides_use_it(&a, 745);
	sdma_destroy(&a.q);
}

static void topology_says_coherent(int arg)
{
	u64 value, bank, first, pages;
	struct kfd_node nodes[MAX_GPUS];
	HsaNodeProperties props;
	struct session s;

	session_start(&s, true);
	kfd_nodes(nodes);
	assert_ok(topology_property(nodes[0].node, "properties", "capability", &value));
	assert_int_equal(value >> 27 & 3, 3);	/* SVM API, coherent host access */
	assert_ok(topology_property(nodes[0].node, "mem_banks/0/properties", "size_in_bytes", &bank));
	assert_true(vram_region(0, &first, &pages));
	assert_in_range(bank, pages * PAGE / 2, pages * PAGE);
	for (u32 node = 0; node < 2; node++) {
		u32 from = node ? nodes[0].node : 0;

		assert_ok(topology_property(from, "io_links/0/properties", "type", &value));
		assert_int_equal(value, HSA_IOLINK_TYPE_XGMI);
		assert_ok(topology_property(from, "io_links/0/properties", "flags", &value));
		assert_int_equal(value, 1);	/* enabled, coherent, with atomics */
	}
	assert_hsa(hsaKmtGetNodeProperties(nodes[0].node, &props));
	assert_false(props.Integrated);
	assert_true(props.Capability.ui32.CoherentHostAccess);
	session_stop(&s);
}

static const struct guest_test tests[] = {
	TEST_COH_MODES(cpu_uses_prefetched_memory_in_place),
	TEST_COH_FAULT(cpu_uses_faulted_memory_in_place),
	TEST_COH_XNACK(atomics_of_both_sides_add_up),
	TEST_COH_MODES(fork_shares_vram_until_somebody_writes),
	TEST_COH_XNACK(mprotect_is_obeyed_in_place),
	TEST_COH_XNACK(munmap_gives_vram_back),
	TEST_COH_MODES(eviction_takes_pages_home),
	TEST_COH_XNACK(long_term_pin_takes_pages_home),
	TEST_COH_XNACK(page_out_leaves_vram_alone),
	TEST_COH_XNACK(system_calls_use_vram_in_place),
	TEST_COH_FAULT(second_gpu_uses_it_where_it_is),
	TEST_COH_XNACK(kept_reset_leaves_memory_in_place),
	{ "lost_reset_takes_memory_home_first_xnack_on", lost_reset_takes_memory_home_first, XNACK, COHERENT },
	{ "lost_reset_takes_memory_home_first_xnack_off", lost_reset_takes_memory_home_first, 0, COHERENT },
	{ "function_reset_takes_memory_home_first_xnack_on", lost_reset_takes_memory_home_first, XNACK | HUGE,
	  COHERENT },
	TEST_COH_XNACK(unbind_takes_memory_home),
	TEST_COH_XNACK(memory_is_home_after_a_sleep),
	TEST_COH(topology_says_coherent),
};
HARNESS_MAIN(tests)
