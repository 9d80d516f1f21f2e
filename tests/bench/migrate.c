// SPDX-License-Identifier: MIT
/*
 * How fast pages move RAM -> VRAM -> RAM by prefetch, beside the kernel's own
 * ways of moving pages and a plain copy, in one guest run.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#include "mm.h"
#include "residency.h"

#define SIZES	5
#define PASSES	3

/* Best times in seconds for one move of @bytes. */
struct move_row {
	size_t bytes;
	bool huge;
	unsigned int rounds;
	double to_vram, to_ram;		/* the driver */
	double hmm_to, hmm_from;	/* test_hmm */
	double numa;			/* move_pages, mean of both directions */
	double copy;			/* memcpy between touched memory */
};

static void *area_make(const struct move_row *r)
{
	void *addr = mm_map_kind(r->bytes, r->huge);

	memset(addr, 0x5a, r->bytes);
	return addr;
}

static void check_bytes(const struct move_row *r, const char *addr)
{
	for (size_t i = 0; i < r->bytes; i += PAGE)
		if (addr[i] != 0x5a)
			fail_test("byte %zu changed by a move", i);
}

static void measure_driver(void *arg)
{
	struct move_row *r = arg;
	struct session s;
	double t0, t1, t2;
	char *addr;

	session_start(&s, true);
	addr = area_make(r);
	for (unsigned int i = 0; i < r->rounds; i++) {
		t0 = bench_seconds();
		assert_ok(gpu_prefetch(&s, addr, r->bytes, true));
		t1 = bench_seconds();
		if (!i)
			assert_in_vram(addr, r->bytes);
		t2 = bench_seconds();
		assert_ok(gpu_prefetch(&s, addr, r->bytes, false));
		bench_best(&r->to_ram, bench_seconds() - t2);
		bench_best(&r->to_vram, t1 - t0);
	}
	assert_in_ram(addr, r->bytes);
	check_bytes(r, addr);
	mm_unmap(addr, r->bytes);
	session_stop(&s);
}

static void measure_hmm(void *arg)
{
	struct move_row *r = arg;
	char *addr, *scratch;
	double t0, t1;
	int fd;

	if (!hmm_open(&fd))
		return;
	addr = area_make(r);
	scratch = mm_map_kind(r->bytes, r->huge);
	memset(scratch, 0, r->bytes);
	for (unsigned int i = 0; i < r->rounds; i++) {
		t0 = bench_seconds();
		if (!hmm_move(fd, addr, scratch, r->bytes, true))
			fail_test("test_hmm moves nothing to its device");
		t1 = bench_seconds();
		if (!hmm_move(fd, addr, scratch, r->bytes, false))
			fail_test("test_hmm moves nothing back");
		bench_best(&r->hmm_from, bench_seconds() - t1);
		bench_best(&r->hmm_to, t1 - t0);
	}
	check_bytes(r, addr);
}

static void measure_numa(void *arg)
{
	struct move_row *r = arg;
	size_t step = r->huge ? HUGE_BYTES : PAGE;
	double t0;
	char *addr;

	if (!numa_bind(0))
		return;
	addr = area_make(r);
	for (unsigned int i = 0; i < r->rounds; i++) {
		t0 = bench_seconds();
		if (!numa_move(addr, r->bytes, step, 1) || !numa_move(addr, r->bytes, step, 0))
			return;
		bench_best(&r->numa, (bench_seconds() - t0) / 2);
	}
	check_bytes(r, addr);
}

static void measure_copy(void *arg)
{
	struct move_row *r = arg;
	char *src = area_make(r), *dst = area_make(r);
	double t0;

	for (unsigned int i = 0; i < r->rounds; i++) {
		t0 = bench_seconds();
		memcpy(dst, src, r->bytes);
		bench_best(&r->copy, bench_seconds() - t0);
	}
	check_bytes(r, dst);
}

/* A measurement that ends badly is a target missed, not a row left out. */
static void row_measure(struct bench *b, struct move_row *r)
{
	b->missed += !bench_child("driver", measure_driver, r);
	b->missed += !bench_child("test_hmm", measure_hmm, r);
	b->missed += !bench_child("move_pages", measure_numa, r);
	b->missed += !bench_child("memcpy", measure_copy, r);
}

static double rate(const struct move_row *r, double seconds)
{
	return seconds > 0 ? (double)r->bytes / seconds * 1e-9 : 0;
}

static void row_print(const struct bench *b, const struct move_row *r)
{
	const char *format = b->json ?
		"{\"bench\":\"migrate\",\"pages\":\"%s\",\"MiB\":%zu,\"to_vram\":%.3f,\"to_ram\":%.3f,"
		"\"test_hmm_to\":%.3f,\"test_hmm_from\":%.3f,\"move_pages\":%.3f,\"memcpy\":%.3f}\n" :
		"  %-6s %4zu MiB %9.3f %9.3f   %9.3f %9.3f %11.3f %9.3f\n";

	printf(format, r->huge ? "2 MiB" : "4 KiB", r->bytes / MIB, rate(r, r->to_vram),
	       rate(r, r->to_ram), rate(r, r->hmm_to), rate(r, r->hmm_from), rate(r, r->numa),
	       rate(r, r->copy));
	fflush(stdout);
}

/* The smallest ratio over all sizes, of there-and-back times. */
static double worst_ratio(const struct move_row *ours, const struct move_row *hmm)
{
	double worst = 0, ratio;

	for (unsigned int i = 0; i < SIZES; i++) {
		if (!ours[i].bytes || hmm[i].hmm_to <= 0 || ours[i].to_vram <= 0)
			continue;
		ratio = (hmm[i].hmm_to + hmm[i].hmm_from) / (ours[i].to_vram + ours[i].to_ram);
		if (worst <= 0 || ratio < worst)
			worst = ratio;
	}
	return worst;
}

void bench_migrate(struct bench *b)
{
	struct move_row *rows = bench_shared(2 * SIZES * sizeof(*rows));
	unsigned int sizes = b->quick ? 2 : SIZES, passes = b->quick ? 1 : PASSES;
	static const size_t mib[SIZES] = { 2, 8, 32, 128, 512 };

	for (unsigned int pass = 0; pass < passes; pass++)
		for (unsigned int i = 0; i < 2 * SIZES; i++) {
			struct move_row *r = &rows[i];

			if (i % SIZES >= sizes)
				continue;
			r->bytes = mib[i % SIZES] * MIB;
			r->huge = i >= SIZES;
			r->rounds = r->bytes > 64 * MIB ? 2 : 8;
			row_measure(b, r);
		}
	if (!b->json)
		printf("Migration, GB/s\n  pages      size RAM->VRAM VRAM->RAM   "
		       "test_hmm: to      from  move_pages    memcpy\n");
	for (unsigned int i = 0; i < 2 * SIZES; i++)
		if (rows[i].bytes)
			row_print(b, &rows[i]);
	bench_target(b, "4 KiB pages: times test_hmm's 4 KiB rate, worst size",
		     worst_ratio(rows, rows), 1.3);
	bench_target(b, "2 MiB pages: times test_hmm's 4 KiB rate, worst size",
		     worst_ratio(rows + SIZES, rows), 5);
	bench_target(b, "2 MiB pages: times test_hmm's 2 MiB rate, worst size",
		     worst_ratio(rows + SIZES, rows + SIZES), 2);
}
