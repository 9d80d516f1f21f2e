// SPDX-License-Identifier: MIT
/*
 * DOC: copy_bench - SDMA copies against plain memcpy
 *
 * usage: copy_bench [--json]
 *
 * Measures, on this machine and in one run, memcpy between two ordinary
 * mappings and the same bytes through ring packets, page tables and scattered
 * 4 KiB system pages, in both directions (VRAM in 2 MiB pages, as the driver maps
 * it). A round is BURST copies back to back, from the doorbell to the interrupt
 * behind the last. Prints the ratio; exits 1 if one is below 70 % for 2 MiB or
 * more.
 *
 * The best of many rounds counts, for both sides: the machine has other work.
 * Rounds of both sides alternate, and all sizes are visited several times, so
 * that nobody gets the quiet moments alone.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "fake_driver.h"

#define CTX	1u
#define QUEUE_VA 0x100000000ULL
#define RAM_VA	0x7f0000000000ULL
#define VRAM_VA	0x7e0000000000ULL
#define MIN_BYTES (64u << 10)
#define ROWS	10
#define MAX_BYTES (MIN_BYTES << (ROWS - 1))
#define PASSES	4
#define ROUNDS	12
#define BURST	8
#define GOAL	0.70
#define GOAL_BYTES (2u << 20)
#define LO(x) ((u32)(x))
#define HI(x) ((u32)((u64)(x) >> 32))

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Pages of RAM in an order that no two neighbours share. */
static void map_scattered(struct fake_driver *drv, u64 root)
{
	u32 pages = MAX_BYTES / 4096;

	for (u32 i = 0; i < pages; i++) {
		u32 page = i * 4099u % pages;

		fake_pte(drv, root, RAM_VA + i * 4096ULL, 0,
			 (FAKE_RAM_BUS + FAKE_RAM_FREE + page * 4096ULL) | VKFD_PTE_SYSTEM |
				 FAKE_RW);
	}
}

static void submit_burst(struct fake_queue *queue, u64 dst, u64 src, u32 bytes)
{
	u32 copy[] = { VKFD_SDMA_COPY, bytes - 1, 0, LO(src), HI(src), LO(dst), HI(dst) };
	u32 trap[] = { VKFD_SDMA_TRAP, 1 };

	for (int i = 0; i < BURST; i++)
		fake_emit(queue, copy, 7);
	fake_emit(queue, trap, 2);
	fake_submit(queue);
}

/* Sleeps meanwhile, as a driver does. Negative: no interrupt came. */
static double sdma_seconds(struct fake_queue *queue, u64 dst, u64 src, u32 bytes)
{
	struct fake_driver *drv = queue->drv;
	u32 seen = atomic_load(&drv->interrupts);
	struct vkfd_ih_entry entry;
	double start = now(), end;

	submit_burst(queue, dst, src, bytes);
	fake_interrupt_wait(drv, seen);
	end = now();
	if (!fake_ih_next(drv, &entry, FAKE_TIMEOUT_MS) ||
	    VKFD_IH_SOURCE(entry.header) != VKFD_IH_SRC_SDMA_TRAP)
		return -1;
	return (end - start) / BURST;
}

struct row {
	u32 bytes;
	double memcpy_s, to_vram_s, to_ram_s;
};

static void keep_best(double *best, double seconds)
{
	if (!*best || seconds < *best)
		*best = seconds;
}

static double memcpy_seconds(u8 *dst, const u8 *src, u32 bytes)
{
	double start = now();

	for (int n = 0; n < BURST; n++) {
		memcpy(dst, src, bytes);
		/* Or the compiler sees that once would do. */
		__asm__ volatile("" ::: "memory");
	}
	return (now() - start) / BURST;
}

/* Several rounds in a row: memory is as near to the CPU as it gets. */
static void measure(struct fake_queue *queue, u8 *plain_dst, const u8 *plain_src, struct row *row)
{
	for (int i = 0; i < ROUNDS; i++) {
		keep_best(&row->memcpy_s, memcpy_seconds(plain_dst, plain_src, row->bytes));
		keep_best(&row->to_vram_s, sdma_seconds(queue, VRAM_VA, RAM_VA, row->bytes));
		keep_best(&row->to_ram_s, sdma_seconds(queue, RAM_VA, VRAM_VA, row->bytes));
	}
}

static void print_row(const struct row *row, bool json)
{
	double gib = row->bytes / (1024.0 * 1024 * 1024);
	double plain = gib / row->memcpy_s, up = gib / row->to_vram_s, down = gib / row->to_ram_s;
	const char *format = json ? "{\"bytes\":%u,\"memcpy_gib_s\":%.2f,\"to_vram_gib_s\":%.2f,"
				    "\"to_ram_gib_s\":%.2f,\"to_vram_ratio\":%.3f,"
				    "\"to_ram_ratio\":%.3f}\n" :
				    "%10u %10.2f %10.2f %10.2f %9.2f %9.2f\n";

	printf(format, row->bytes, plain, up, down, up / plain, down / plain);
}

/* 1 if a large copy misses the goal or an interrupt was lost. */
static int report(const struct row *rows, bool json)
{
	int status = 0;

	if (!json)
		printf("     bytes     memcpy    to VRAM     to RAM   (GiB/s)    ratios\n");
	for (int i = 0; i < ROWS; i++) {
		const struct row *row = &rows[i];

		print_row(row, json);
		if (row->to_vram_s < 0 || row->to_ram_s < 0 ||
		    (row->bytes >= GOAL_BYTES && (row->memcpy_s / row->to_vram_s < GOAL ||
						  row->memcpy_s / row->to_ram_s < GOAL)))
			status = 1;
	}
	return status;
}

int main(int argc, char **argv)
{
	bool json = argc > 1 && !strcmp(argv[1], "--json");
	static struct fake_ram ram;
	static struct fake_driver drv;
	struct fake_config config = { .nodes = 1 };
	struct fake_queue queue = { .drv = &drv, .number = 1, .ctx = CTX, .mem = 1u << 20,
				    .ring_bytes = 65536, .va = QUEUE_VA };
	u8 *src = malloc(MAX_BYTES), *dst = malloc(MAX_BYTES);
	struct row rows[ROWS] = { 0 };
	int status;
	u64 root;

	if (!src || !dst)
		return 2;
	memset(src, 1, MAX_BYTES);
	memset(dst, 2, MAX_BYTES);
	fake_ram_init(&ram);
	fake_driver_init(&drv, &ram, &config);
	root = fake_table(&drv);
	fake_map_ram(&drv, root, QUEUE_VA, queue.mem, FAKE_QUEUE_BYTES(queue.ring_bytes));
	map_scattered(&drv, root);
	for (u64 at = 0; at < MAX_BYTES; at += 2u << 20)
		fake_pte(&drv, root, VRAM_VA + at, 1,
			 VKFD_HIVE_ADDR(0, at) | FAKE_RW | VKFD_PDE_PTE);
	if (fake_ctx_set(&drv, CTX, 1, 0, root) || fake_queue_map(&queue, 0))
		return 2;
	memset(fake_ram_at(&drv, FAKE_RAM_FREE), 3, MAX_BYTES);
	memset(drv.bar0, 4, MAX_BYTES);
	for (int i = 0; i < ROWS; i++)
		rows[i].bytes = MIN_BYTES << i;
	for (int i = 0; i < PASSES * ROWS; i++)
		measure(&queue, dst, src, &rows[i % ROWS]);
	status = report(rows, json);
	fake_driver_fini(&drv);
	fake_ram_fini(&ram);
	free(src);
	free(dst);
	return status;
}
