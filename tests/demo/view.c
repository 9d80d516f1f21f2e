// SPDX-License-Identifier: MIT
/* The live picture: one character per 2 MiB, and what the driver did so far. */
#include "view.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PERIOD_NS 100000000l
#define QUIET_TICKS 5	/* not on a terminal: at most two pictures a second */
#define PICTURE_BYTES 65536u
#define WIDTH 64

struct view {
	pthread_t thread;
	pthread_mutex_t lock;	/* guards everything below and the trace */
	atomic_bool stop;
	struct residency *residency;
	struct trace *trace;
	const struct view_region *regions;
	size_t nr;
	bool tty;
	int lines;		/* of the picture on the screen that may be redrawn */
	unsigned int ticks;
	char *chunks;		/* room for the characters of one region */
	char picture[PICTURE_BYTES], shown[PICTURE_BYTES];
};

static u64 sum(const u64 *values)
{
	u64 total = 0;

	for (int i = 0; i < TRIGGERS; i++)
		total += values[i];
	return total;
}

static size_t append(char *at, size_t room, const char *name, const char *chunks)
{
	size_t used = 0;

	for (size_t done = 0; chunks[done] && used + WIDTH + 32 < room; done += strnlen(chunks + done, WIDTH))
		used += (size_t)snprintf(at + used, room - used, "  %-8s %.*s\n", done ? "" : name, WIDTH, chunks + done);
	return used;
}

static void draw(struct view *v)
{
	const struct trace_counts *c = trace_counts(v->trace);
	struct residency_sum pages = { 0 };
	struct timespec now;
	size_t used = 0;

	trace_poll(v->trace);
	for (size_t i = 0; i < v->nr; i++) {
		residency_draw(v->residency, v->regions[i].addr, v->regions[i].bytes, v->chunks, &pages);
		used += append(v->picture + used, sizeof(v->picture) - used, v->regions[i].name, v->chunks);
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	trace_residency(v->trace, (u64)now.tv_sec * 1000000000ull + (u64)now.tv_nsec, pages.ram, pages.vram);
	snprintf(v->picture + used, sizeof(v->picture) - used,
		 "  RAM %zu MiB, VRAM %zu MiB, untouched %zu MiB | GPU faults %llu read, %llu write | "
		 "pages in %llu, out %llu\n",
		 pages.ram / 256, pages.vram / 256, pages.untouched / 256,
		 (unsigned long long)c->read_faults, (unsigned long long)c->write_faults,
		 (unsigned long long)sum(c->pages_in), (unsigned long long)sum(c->pages_out));
}

/* With the lock held. @now: do not wait for a quiet moment. */
static void show(struct view *v, bool now)
{
	draw(v);
	if (!strcmp(v->picture, v->shown))
		return;
	if (!v->tty && !now && v->ticks++ % QUIET_TICKS)
		return;
	if (v->tty && v->lines)
		printf("\033[%dA\033[J", v->lines);
	fputs(v->picture, stdout);
	fflush(stdout);
	v->lines = 0;
	for (const char *at = v->picture; (at = strchr(at, '\n')); at++)
		v->lines++;
	strcpy(v->shown, v->picture);
}

static void *run(void *arg)
{
	const struct timespec period = { .tv_nsec = PERIOD_NS };
	struct view *v = arg;

	while (!atomic_load(&v->stop)) {
		pthread_mutex_lock(&v->lock);
		show(v, false);
		pthread_mutex_unlock(&v->lock);
		nanosleep(&period, NULL);
	}
	return NULL;
}

struct view *view_start(struct residency *residency, struct trace *trace,
			const struct view_region *regions, size_t nr)
{
	struct view *v = calloc(1, sizeof(*v));
	size_t longest = 0;

	for (size_t i = 0; i < nr; i++)
		if (regions[i].bytes > longest)
			longest = regions[i].bytes;
	if (v)
		v->chunks = malloc(longest / CHUNK_BYTES + 3);
	if (!v || !v->chunks) {
		fputs("vkfd-demo: no memory for the view\n", stderr);
		free(v);
		return NULL;
	}
	v->residency = residency;
	v->trace = trace;
	v->regions = regions;
	v->nr = nr;
	v->tty = isatty(STDOUT_FILENO);
	pthread_mutex_init(&v->lock, NULL);
	if (pthread_create(&v->thread, NULL, run, v)) {
		fputs("vkfd-demo: no thread for the view\n", stderr);
		free(v->chunks);
		free(v);
		return NULL;
	}
	return v;
}

void view_phase(struct view *v, const char *name)
{
	pthread_mutex_lock(&v->lock);
	printf("\n%s\n", name);
	fflush(stdout);
	v->lines = 0;
	v->shown[0] = '\0';
	v->ticks = 0;
	pthread_mutex_unlock(&v->lock);
}

void view_settle(struct view *v)
{
	pthread_mutex_lock(&v->lock);
	show(v, true);
	pthread_mutex_unlock(&v->lock);
}

void view_stop(struct view *v)
{
	atomic_store(&v->stop, true);
	pthread_join(v->thread, NULL);
	free(v->chunks);
	free(v);
}
