// SPDX-License-Identifier: MIT
/*
 * usage: vkfd-demo [--trace PATH] [FILE]
 *
 * Ordinary malloc'ed memory, used by the CPU and by the GPU in turn. The GPU
 * gets nothing but addresses: no buffer is made, no page is registered. Its
 * faults bring the pages to VRAM, the CPU's faults bring them back, and every
 * byte is compared with the file. Exit status 1 if one differs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#include "kernel.h"
#include "queue.h"
#include "residency.h"
#include "trace.h"
#include "view.h"

#define DEFAULT_INPUT_BYTES (32ul << 20)
#define BLOCK_BYTES (64ul << 10)	/* unit of the transformation */
#define GPU_SECONDS 300u
#define QUEUES 2
#define MAX_PHASES 8

struct demo {
	const char *input, *trace_path;
	int fd;
	size_t bytes;
	char *source, *result;
	struct gpu gpu;
	struct queue queue[QUEUES];
	struct residency residency;
	struct trace *trace;
	struct view *view;
	struct trace_phase phase[MAX_PHASES];
	struct trace_counts at_start[MAX_PHASES], at_end[MAX_PHASES];
	size_t phases;
	size_t mismatches, checked;
};

static u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000000000ull + (u64)ts.tv_nsec;
}

/* ---- input ---- */

/* Text-like lines around pseudo-random numbers: every page is different. */
static int generate_input(void)
{
	char path[] = "/tmp/vkfd-demo.XXXXXX", line[64];
	int fd = mkstemp(path);
	u64 state = 88172645463325252ull;
	size_t written = 0;
	FILE *f;

	if (fd < 0 || unlink(path) || !(f = fdopen(dup(fd), "w")))
		return -1;
	while (written < DEFAULT_INPUT_BYTES) {
		int len;

		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		len = snprintf(line, sizeof(line), "%010zu vkfd demo %016llx\n", written, (unsigned long long)state);
		if (fwrite(line, 1, (size_t)len, f) != (size_t)len)
			break;
		written += (size_t)len;
	}
	if (fclose(f) || written < DEFAULT_INPUT_BYTES)
		return -1;
	return fd;
}

static int open_input(struct demo *d)
{
	struct sysinfo info;
	struct stat st;

	d->fd = d->input ? open(d->input, O_RDONLY | O_CLOEXEC) : generate_input();
	if (d->fd < 0 || fstat(d->fd, &st)) {
		fprintf(stderr, "vkfd-demo: %s: %s\n", d->input ? d->input : "input", strerror(errno));
		return -1;
	}
	d->bytes = (size_t)st.st_size;
	sysinfo(&info);
	if (!S_ISREG(st.st_mode) || !d->bytes || d->bytes > info.freeram * info.mem_unit / 3) {
		fprintf(stderr, "vkfd-demo: %s must be a file of 1 byte to a third of the free memory\n",
			d->input ? d->input : "the input");
		return -1;
	}
	return 0;
}

static int read_at(struct demo *d, char *buffer, size_t bytes, size_t offset)
{
	while (bytes) {
		ssize_t got = pread(d->fd, buffer, bytes, (off_t)offset);

		if (got <= 0) {
			fprintf(stderr, "vkfd-demo: the input cannot be read at %zu\n", offset);
			return -1;
		}
		buffer += got;
		offset += (size_t)got;
		bytes -= (size_t)got;
	}
	return 0;
}

/* ---- phases ---- */

static void phase_begin(struct demo *d, const char *name)
{
	view_phase(d->view, name);
	d->at_start[d->phases] = *trace_counts(d->trace);
	d->phase[d->phases] = (struct trace_phase){ .name = name, .start_ns = now_ns() };
}

static void phase_end(struct demo *d)
{
	struct trace_phase *p = &d->phase[d->phases];

	p->end_ns = now_ns();
	view_settle(d->view);
	d->at_end[d->phases] = *trace_counts(d->trace);
	printf("  %.2f s\n", (double)(p->end_ns - p->start_ns) / 1e9);
	fflush(stdout);
	d->phases++;
}

static int cpu_reads_file(struct demo *d)
{
	int err;

	phase_begin(d, "1. The CPU reads the file into malloc'ed memory");
	err = read_at(d, d->source, d->bytes, 0);
	phase_end(d);
	return err;
}

/* Where block @i of the source goes: the order of whole blocks is reversed. */
static size_t block_target(const struct demo *d, size_t block)
{
	size_t whole = d->bytes / BLOCK_BYTES;

	return block < whole ? whole - 1 - block : block;
}

static int gpu_finish(struct demo *d)
{
	for (int i = 0; i < QUEUES; i++)
		queue_submit(&d->queue[i]);
	for (int i = 0; i < QUEUES; i++)
		if (!queue_wait(&d->queue[i], GPU_SECONDS)) {
			fprintf(stderr, "vkfd-demo: SDMA queue %d did not finish in %u s\n", i, GPU_SECONDS);
			return -1;
		}
	return 0;
}

static int gpu_transforms(struct demo *d)
{
	int err;

	phase_begin(d, "2. The GPU copies it, order of 64 KiB blocks reversed, on two SDMA queues");
	for (size_t at = 0, block = 0; at < d->bytes; at += BLOCK_BYTES, block++) {
		size_t len = d->bytes - at < BLOCK_BYTES ? d->bytes - at : BLOCK_BYTES;

		queue_copy(&d->queue[block % QUEUES], d->result + block_target(d, block) * BLOCK_BYTES,
			   d->source + at, len);
	}
	err = gpu_finish(d);
	phase_end(d);
	return err;
}

static void cpu_touches_part(struct demo *d)
{
	volatile unsigned int touched = 0;

	phase_begin(d, "3. The CPU reads one byte in each 2 MiB of the first half of the result");
	for (size_t at = 0; at < d->bytes / 2; at += CHUNK_BYTES)
		touched += (unsigned char)d->result[at];
	phase_end(d);
}

static int kernel_scrambles(struct demo *d)
{
	int err;

	phase_begin(d, "4. A HIP kernel scrambles each word of the result in place");
	err = kernel_scramble((u32 *)d->result, d->bytes / sizeof(u32));
	phase_end(d);
	return err;
}

static void compare(struct demo *d, const char *what, const char *found, const char *wanted, size_t bytes, size_t at)
{
	d->checked += bytes;
	if (!memcmp(found, wanted, bytes))
		return;
	for (size_t i = 0; i < bytes; i++) {
		if (found[i] == wanted[i])
			continue;
		if (d->mismatches++ < 5)
			printf("  MISMATCH in the %s at byte %zu: 0x%02x, expected 0x%02x\n", what, at + i,
			       (unsigned char)found[i], (unsigned char)wanted[i]);
	}
}

/* What the kernel makes of the block at @at of the result; bytes behind the last word stay. */
static void scramble_expected(char *block, size_t at, size_t bytes)
{
	for (size_t i = 0; i + sizeof(u32) <= bytes; i += sizeof(u32)) {
		u32 word;

		memcpy(&word, block + i, sizeof(word));
		word = scramble_word(word, (at + i) / sizeof(u32));
		memcpy(block + i, &word, sizeof(word));
	}
}

static int cpu_checks(struct demo *d)
{
	static char block[BLOCK_BYTES];

	phase_begin(d, "5. The CPU compares every byte of source and result with the file");
	for (size_t at = 0, i = 0; at < d->bytes; at += BLOCK_BYTES, i++) {
		size_t len = d->bytes - at < BLOCK_BYTES ? d->bytes - at : BLOCK_BYTES;
		size_t target = block_target(d, i) * BLOCK_BYTES;

		if (read_at(d, block, len, at))
			return -1;
		compare(d, "source", d->source + at, block, len, at);
		scramble_expected(block, target, len);
		compare(d, "result", d->result + target, block, len, target);
	}
	phase_end(d);
	return 0;
}

/* ---- report ---- */

static void summary(const struct demo *d)
{
	static const char *const triggers[TRIGGERS] = { "prefetch", "GPU fault", "CPU fault", "eviction" };
	const struct trace_counts *c = trace_counts(d->trace);

	printf("\n%-72s %8s %8s %8s %8s\n", "phase", "seconds", "faults", "pages in", "out");
	for (size_t i = 0; i < d->phases; i++) {
		const struct trace_counts *a = &d->at_start[i], *b = &d->at_end[i];
		u64 in = 0, out = 0;

		for (int t = 0; t < TRIGGERS; t++) {
			in += b->pages_in[t] - a->pages_in[t];
			out += b->pages_out[t] - a->pages_out[t];
		}
		printf("%-72s %8.2f %8llu %8llu %8llu\n", d->phase[i].name,
		       (double)(d->phase[i].end_ns - d->phase[i].start_ns) / 1e9,
		       (unsigned long long)(b->read_faults + b->write_faults - a->read_faults - a->write_faults),
		       (unsigned long long)in, (unsigned long long)out);
	}
	printf("\n%-12s %18s %18s\n", "moved by", "RAM to VRAM", "VRAM to RAM");
	for (int t = 0; t < TRIGGERS; t++)
		if (c->moves_in[t] || c->moves_out[t])
			printf("%-12s %7llu pages / %-3llu %7llu pages / %llu\n", triggers[t],
			       (unsigned long long)c->pages_in[t], (unsigned long long)c->moves_in[t],
			       (unsigned long long)c->pages_out[t], (unsigned long long)c->moves_out[t]);
	printf("\nGPU faults: %llu read, %llu write, %llu not served; %llu mappings, %llu invalidations, %llu TLB flushes\n",
	       (unsigned long long)c->read_faults, (unsigned long long)c->write_faults,
	       (unsigned long long)c->failed_faults, (unsigned long long)c->maps,
	       (unsigned long long)c->invalidates, (unsigned long long)c->flushes);
	if (c->lost)
		printf("(the trace lost events: the numbers above are too small)\n");
	printf("bytes compared: %zu, different: %zu\n", d->checked, d->mismatches);
}

static void write_trace(struct demo *d)
{
	int err = trace_write(d->trace, d->trace_path, d->phase, d->phases);

	if (err)
		fprintf(stderr, "vkfd-demo: %s: %s\n", d->trace_path, strerror(-err));
	else
		printf("trace: %s (open it at ui.perfetto.dev)\n", d->trace_path);
}

/* ---- main ---- */

static int run(struct demo *d)
{
	const struct view_region regions[] = {
		{ "source", d->source, d->bytes },
		{ "result", d->result, d->bytes },
	};
	int err = -1;

	d->view = view_start(&d->residency, d->trace, regions, 2);
	if (!d->view)
		return -1;
	if (!cpu_reads_file(d) && !gpu_transforms(d)) {
		cpu_touches_part(d);
		if (!kernel_scrambles(d))
			err = cpu_checks(d);
	}
	view_stop(d->view);
	return err;
}

static int prepare(struct demo *d)
{
	/* HIP reads it when it starts; the queues below set the same mode themselves. */
	setenv("HSA_XNACK", "1", 1);
	if (open_input(d) || kernel_open() || gpu_open(&d->gpu) || residency_open(&d->residency, d->gpu.gpu_id))
		return -1;
	d->trace = trace_open();
	if (!d->trace)
		return -1;
	for (int i = 0; i < QUEUES; i++)
		if (queue_create(&d->queue[i], &d->gpu))
			return -1;
	d->source = malloc(d->bytes);
	d->result = malloc(d->bytes);
	if (!d->source || !d->result) {
		fputs("vkfd-demo: no memory\n", stderr);
		return -1;
	}
	return 0;
}

static int options(struct demo *d, int argc, char **argv)
{
	d->trace_path = access("/run/vkfd-host", W_OK) ? "vkfd-demo-trace.json" : "/run/vkfd-host/trace.json";
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--trace") && i + 1 < argc)
			d->trace_path = argv[++i];
		else if (argv[i][0] != '-' && !d->input)
			d->input = argv[i];
		else
			return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static struct demo d;
	int err;

	if (options(&d, argc, argv)) {
		fputs("usage: vkfd-demo [--trace PATH] [FILE]\n", stderr);
		return 2;
	}
	if (prepare(&d))
		return 1;
	printf("%s, %zu bytes; GPU %s with %llu MiB of VRAM, XNACK on\n"
	       "one character per 2 MiB: r in RAM, v in VRAM, m in both, . never touched\n",
	       d.input ? d.input : "generated text", d.bytes, d.gpu.pci,
	       (unsigned long long)(d.gpu.vram_bytes >> 20));
	err = run(&d);
	summary(&d);
	write_trace(&d);
	for (int i = 0; i < QUEUES; i++)
		queue_destroy(&d.queue[i]);
	trace_close(d.trace);
	puts(err || d.mismatches ? "FAILED" : "every byte is right");
	return err || d.mismatches ? 1 : 0;
}
