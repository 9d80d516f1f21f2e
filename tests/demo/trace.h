/* SPDX-License-Identifier: MIT */
#ifndef DEMO_TRACE_H
#define DEMO_TRACE_H

#include <stddef.h>

#include "vkfd_hw/types.h"

/* KFD's numbers: prefetch, GPU fault, CPU fault, eviction. */
#define TRIGGERS 4

/** struct trace_counts - what the driver's tracepoints said so far */
struct trace_counts {
	u64 read_faults, write_faults, failed_faults;
	u64 moves_in[TRIGGERS], pages_in[TRIGGERS];	/* RAM to VRAM */
	u64 moves_out[TRIGGERS], pages_out[TRIGGERS];	/* VRAM to RAM */
	u64 maps, invalidates, flushes;
	u64 lost;	/* events the buffer had no room for */
};

/** struct trace_phase - a named stretch of time, CLOCK_MONOTONIC in ns */
struct trace_phase {
	const char *name;
	u64 start_ns, end_ns;
};

struct trace;

/* The driver's events from now on; NULL with a message on stderr. */
struct trace *trace_open(void);
/* Takes in what happened since; not from two threads at once. */
void trace_poll(struct trace *t);
const struct trace_counts *trace_counts(const struct trace *t);
/* Residency as counter tracks of the written file. */
void trace_residency(struct trace *t, u64 ns, size_t ram_pages, size_t vram_pages);
/* A file that Perfetto (ui.perfetto.dev) opens; 0 or -errno. */
int trace_write(struct trace *t, const char *path, const struct trace_phase *phases, size_t nr);
void trace_close(struct trace *t);

#endif
