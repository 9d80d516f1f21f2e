/* SPDX-License-Identifier: MIT */
#ifndef TOP_H
#define TOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_GPUS 8
#define PAGE_BYTES 4096ull

/** struct gpu_sample - debugfs vkfd/<gpu_id>/vram; bytes, and counts since the driver's probe */
struct gpu_sample {
	unsigned int id;
	uint64_t total, used, svm, tables, evictions, page_in, page_out;
};

/**
 * struct area - an interval with the same attributes, or neighbouring ranges
 * @start:  First byte; @end: first byte behind it.
 * @pages:  All, in 4 KiB; @ram and @vram are where they are, the rest is untouched.
 * @mapped: Pages that at least one GPU reaches now.
 * @piece:  Made by attributes, not by faults alone.
 */
struct area {
	uint64_t start, end, pages, ram, vram, mapped;
	bool piece;
};

/** struct process_sample - a process that opened /dev/kfd; @areas is ours to free */
struct process_sample {
	int pid;
	unsigned int pasid, queues;
	char comm[20];
	bool xnack;
	uint64_t buffer_bytes, faults, page_in, page_out, evicted_ms;
	uint64_t ram, vram;	/* pages of all areas */
	struct area *areas;
	size_t nr_areas;
};

enum fault_cause {
	FAULT_READ, FAULT_WRITE,	/* what the GPU wanted */
	FAULT_MIGRATED, FAULT_MAPPED, FAULT_DUPLICATE, FAULT_STALE,	/* what came of it */
	FAULT_LATER, FAULT_DROPPED, FAULT_VIOLATION,
	NR_FAULT_CAUSES
};
extern const char *const fault_names[NR_FAULT_CAUSES];

/* KFD's migration triggers, in KFD's order. */
#define NR_TRIGGERS 4
extern const char *const trigger_names[NR_TRIGGERS];

/** struct events - what the driver's tracepoints told since they were opened */
struct events {
	uint64_t faults[NR_FAULT_CAUSES];
	uint64_t moves[NR_TRIGGERS], moved_pages[NR_TRIGGERS];
	uint64_t lost;
};

/** struct sample - everything at one moment */
struct sample {
	uint64_t ns;
	struct gpu_sample gpus[MAX_GPUS];
	size_t nr_gpus;
	struct process_sample *processes;	/* by pid */
	size_t nr_processes;
	struct events events;
	bool has_events;
};

/* sample.c */
/** sample_take() - look at everything; @events: from events_poll(), or NULL if there are none */
void sample_take(struct sample *s, const struct events *events);
void sample_free(struct sample *s);
/** sample_process() - the process of that pid and pasid in another sample, or NULL */
const struct process_sample *sample_process(const struct sample *s, const struct process_sample *like);
const struct gpu_sample *sample_gpu(const struct sample *s, unsigned int id);
/** sample_rate() - events a second between two values of a counter */
double sample_rate(const struct sample *before, const struct sample *now, uint64_t old, uint64_t new);

/* areas.c */
/** areas_read() - parse kfd/proc/<pid>/svm_ranges into @p; false if there is none */
bool areas_read(struct process_sample *p);

/* events.c */
/** events_open() - start to record; false if tracefs does not let us (not root?) */
bool events_open(void);
/** events_poll() - take what has happened; the sums since events_open() */
const struct events *events_poll(void);
void events_close(void);

/* plain.c */
/** plain_print() - @now as lines of words for scripts, rates since @before */
void plain_print(const struct sample *before, const struct sample *now);

/* screen.c */
/** screen_open() - false if this terminal cannot place a cursor */
bool screen_open(void);
void screen_close(void);
void screen_draw(const struct sample *before, const struct sample *now, double interval_s);
/** screen_key() - waits up to @ms for a key and serves it; false: quit */
bool screen_key(int ms);

#endif
