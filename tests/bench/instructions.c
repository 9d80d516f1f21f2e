// SPDX-License-Identifier: MIT
/*
 * Guest instructions a page that moves: all that the guest's processors execute
 * from before the call until it has returned, the kernel's part included. QEMU
 * counts them if launcher/count is loaded; ./vkfd bench svm has a guest for that.
 */
#include "bench.h"

#include <string.h>
#include <sys/mman.h>

#include "mm.h"
#include "residency.h"

/* Both are known to launcher/count/count.c. */
#define COUNT_ADDRESS	0x5a4b00000000ul
#define COUNT_MARKER	".byte 0x0f, 0x1f, 0x80, 'V', 'K', 'F', 'D'" /* a long nop */

#define ROUNDS	3

/* Instructions for all of one area, the best of some rounds. */
struct count_row {
	const char *what;
	size_t bytes;
	bool huge;
	double to_vram, to_ram;		/* the driver */
	double hmm_to, hmm_from;	/* test_hmm */
};

static volatile u64 *counter;

/* 0 if nobody counts. The kernel may have taken the page's mapping away, as NUMA balancing does. */
static u64 executed(void)
{
	for (unsigned int tries = 0; tries < 10; tries++) {
		*counter = 0;
		__asm__ volatile(COUNT_MARKER ::: "memory");
		if (*counter)
			return *counter;
	}
	return 0;
}

static bool counting(void)
{
	counter = mmap((void *)COUNT_ADDRESS, PAGE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_POPULATE, -1, 0);
	if (counter == MAP_FAILED)
		fail_test("no memory at 0x%lx", COUNT_ADDRESS);
	return executed() != 0;
}

static void count_driver(void *arg)
{
	struct count_row *r = arg;
	struct session s;
	char *addr;
	u64 i0, i1;

	session_start(&s, true);
	addr = mm_map_kind(r->bytes, r->huge);
	memset(addr, 0x5a, r->bytes);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		i0 = executed();
		assert_ok(gpu_prefetch(&s, addr, r->bytes, true));
		i1 = executed();
		bench_best(&r->to_vram, (double)(i1 - i0));
		assert_in_vram(addr, r->bytes);
		i0 = executed();
		assert_ok(gpu_prefetch(&s, addr, r->bytes, false));
		i1 = executed();
		bench_best(&r->to_ram, (double)(i1 - i0));
		assert_in_ram(addr, r->bytes);
	}
	session_stop(&s);
}

static void count_hmm(void *arg)
{
	struct count_row *r = arg;
	char *addr, *scratch;
	u64 i0, i1, i2;
	int fd;

	if (!hmm_open(&fd))
		return;
	addr = mm_map_kind(r->bytes, r->huge);
	scratch = mm_map_kind(r->bytes, r->huge);
	memset(addr, 0x5a, r->bytes);
	memset(scratch, 0, r->bytes);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		i0 = executed();
		assert_true(hmm_move(fd, addr, scratch, r->bytes, true));
		i1 = executed();
		assert_true(hmm_move(fd, addr, scratch, r->bytes, false));
		i2 = executed();
		bench_best(&r->hmm_to, (double)(i1 - i0));
		bench_best(&r->hmm_from, (double)(i2 - i1));
	}
}

void bench_instructions(struct bench *b)
{
	static const struct count_row kinds[] = {
		{ .what = "4 KiB", .bytes = 32 * MIB },
		{ .what = "2 MiB", .bytes = 128 * MIB, .huge = true },
	};
	const char *format = b->json ?
		"{\"bench\":\"instructions\",\"pages\":\"%s\",\"MiB\":%zu,\"to_vram\":%.0f,"
		"\"to_ram\":%.0f,\"test_hmm_to\":%.0f,\"test_hmm_from\":%.0f}\n" :
		"  %-6s %4zu MiB %9.0f %9.0f   %9.0f %9.0f\n";
	struct count_row *rows = bench_shared(sizeof(kinds));

	if (!counting())
		return; /* in the guest whose time is measured */
	memcpy(rows, kinds, sizeof(kinds));
	if (!b->json)
		printf("Guest instructions a page of 4 KiB that moves\n"
		       "  pages      size RAM->VRAM VRAM->RAM   test_hmm: to      from\n");
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct count_row *r = &rows[i];
		double pages = (double)(r->bytes / PAGE);

		b->missed += !bench_child("driver", count_driver, r);
		b->missed += !bench_child("test_hmm", count_hmm, r);
		printf(format, r->what, r->bytes / MIB, r->to_vram / pages, r->to_ram / pages,
		       r->hmm_to / pages, r->hmm_from / pages);
		fflush(stdout);
	}
}
