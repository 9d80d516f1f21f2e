// SPDX-License-Identifier: MIT
/*
 * What one fault costs, one at a time: an SDMA queue writes a word to a page
 * that it has no mapping for, and we wait for the fence behind it. The same
 * write to a mapped page is subtracted by the reader, so it is printed too.
 * Many faults at once are gpu_fault_bench's.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#include "mm.h"
#include "residency.h"
#include "sdma.h"

struct fault_row {
	const char *what;
	bool huge, random, to_vram, untouched;
	unsigned int nr;
	/* results, per fault */
	double seconds, reads, writes, doorbells, interrupts, faults;
};

/* Where the pages of the test go and how many of them one fault serves. */
static void policy_set(struct session *s, char *addr, size_t bytes, const struct fault_row *r)
{
	u32 gpu = s->gpu[0].gpu_id;

	assert_ok(svm_set(s->kfd, addr, bytes,
			  { KFD_IOCTL_SVM_ATTR_GRANULARITY, r->huge ? 9 : 0 },
			  { KFD_IOCTL_SVM_ATTR_PREFERRED_LOC, r->to_vram ? gpu : 0 },
			  { r->to_vram ? KFD_IOCTL_SVM_ATTR_ACCESS :
				KFD_IOCTL_SVM_ATTR_ACCESS_IN_PLACE, gpu }));
}

/* Page i of the visit; the odd multiplier visits each of 2^n pages once. */
static size_t visit(const struct fault_row *r, unsigned int i)
{
	return r->random ? (size_t)i * 2654435761u % r->nr : i;
}

static void measure(void *arg)
{
	struct fault_row *r = arg;
	size_t page = r->huge ? HUGE_BYTES : PAGE, bytes = r->nr * page;
	u64 before[VKFD_STAT_COUNT];
	struct session s;
	struct sdma q;
	double t0;
	char *addr;

	session_start(&s, true);
	sdma_create(&q, &s, 0);
	addr = mm_map_kind(bytes, r->huge);
	if (!r->untouched)
		memset(addr, 1, bytes);
	policy_set(&s, addr, bytes, r);
	for (unsigned int i = 0; i < VKFD_STAT_COUNT; i++)
		before[i] = device_stat(0, i);
	/*
	 * Reading a counter is a register read itself: this counter is read last here
	 * and first below, and the read here is the one that it does not know yet.
	 */
	before[VKFD_STAT_REG_READS] = device_stat(0, VKFD_STAT_REG_READS) + 1;
	t0 = bench_seconds();
	for (unsigned int i = 0; i < r->nr; i++) {
		sdma_write1(&q, addr + visit(r, i) * page, i);
		sdma_run(&q);
	}
	r->seconds = (bench_seconds() - t0) / r->nr;
#define PER_FAULT(stat) \
	((double)(device_stat(0, VKFD_STAT_##stat) - before[VKFD_STAT_##stat]) / r->nr)
	r->reads = PER_FAULT(REG_READS);
	r->writes = PER_FAULT(REG_WRITES);
	r->doorbells = PER_FAULT(DOORBELLS);
	r->interrupts = PER_FAULT(IH_INTERRUPTS);
	r->faults = PER_FAULT(FAULTS_RETRY);
#undef PER_FAULT
	if (r->to_vram)
		assert_in_vram(addr, bytes);
	else
		assert_in_ram(addr, bytes);
	for (unsigned int i = 0; i < r->nr; i++)
		if (*(u32 *)(addr + visit(r, i) * page) != i)
			fail_test("the write of fault %u is missing", i);
	sdma_destroy(&q);
	mm_unmap(addr, bytes);
	session_stop(&s);
}

/* The same packets when nothing faults. */
static void measure_mapped(void *arg)
{
	struct fault_row *r = arg;
	struct session s;
	struct sdma q;
	u32 *word;
	double t0;

	session_start(&s, true);
	sdma_create(&q, &s, 0);
	word = sysmem_alloc(&s, PAGE);
	t0 = bench_seconds();
	for (unsigned int i = 0; i < r->nr; i++) {
		sdma_write1(&q, word, i);
		sdma_run(&q);
	}
	r->seconds = (bench_seconds() - t0) / r->nr;
	sdma_destroy(&q);
	buffer_free(word, PAGE);
	session_stop(&s);
}

static void measure_cpu(void *arg)
{
	struct fault_row *r = arg;
	size_t page = r->huge ? HUGE_BYTES : PAGE;
	char *addr = mm_map_kind(r->nr * page, r->huge);
	double t0 = bench_seconds();

	for (unsigned int i = 0; i < r->nr; i++)
		*(volatile char *)(addr + visit(r, i) * page) = 1;
	r->seconds = (bench_seconds() - t0) / r->nr;
}

static void row_print(const struct bench *b, const struct fault_row *r)
{
	const char *format = b->json ?
		"{\"bench\":\"fault\",\"what\":\"%s\",\"us\":%.2f,\"faults\":%.2f,\"register_reads\":%.2f,"
		"\"register_writes\":%.2f,\"doorbells\":%.2f,\"interrupts\":%.2f}\n" :
		"  %-52s %9.2f %7.2f %7.2f %7.2f %7.2f %7.2f\n";

	printf(format, r->what, r->seconds * 1e6, r->faults, r->reads, r->writes, r->doorbells,
	       r->interrupts);
	fflush(stdout);
}

void bench_fault(struct bench *b)
{
	static const struct fault_row table[] = {
		{ "CPU, anonymous, 4 KiB", .nr = 16384 },
		{ "CPU, anonymous, 2 MiB", .huge = true, .nr = 64 },
		{ "GPU write, already mapped", .nr = 1024 },
		{ "GPU, 4 KiB in RAM, sequential", .nr = 1024 },
		{ "GPU, 4 KiB in RAM, random", .random = true, .nr = 1024 },
		{ "GPU, 4 KiB never touched, mapped in RAM", .untouched = true, .nr = 1024 },
		{ "GPU, 4 KiB moved to VRAM, random", .random = true, .to_vram = true, .nr = 1024 },
		{ "GPU, 2 MiB in RAM", .huge = true, .nr = 64 },
		{ "GPU, 2 MiB moved to VRAM", .huge = true, .to_vram = true, .nr = 64 },
	};
	struct fault_row *r = bench_shared(sizeof(*r));

	if (!b->json)
		printf("One fault at a time, per fault\n  %-52s %9s %7s %7s %7s %7s %7s\n", "",
		       "us", "faults", "reads", "writes", "doorb.", "interr.");
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		*r = table[i];
		if (b->quick)
			r->nr = 16;
		b->missed += !bench_child(r->what, i < 2 ? measure_cpu : i == 2 ? measure_mapped : measure, r);
		row_print(b, r);
		if (i == 3)
			bench_limit(b, "trapped register reads a fault", r->reads, 0);
	}
}
