/* SPDX-License-Identifier: MIT */
#ifndef DEMO_VIEW_H
#define DEMO_VIEW_H

#include <stddef.h>

#include "residency.h"
#include "trace.h"

/** struct view_region - memory to show */
struct view_region {
	const char *name;
	const void *addr;
	size_t bytes;
};

struct view;

/**
 * view_start() - show regions and counters until view_stop(), 10 times a second
 *
 * On a terminal the picture is redrawn in place; otherwise a picture is
 * printed when it changed. Takes @trace over: nobody else may poll it.
 * Return: the view, or NULL with a message on stderr.
 */
struct view *view_start(struct residency *residency, struct trace *trace,
			const struct view_region *regions, size_t nr);
/* Heading of what follows. The picture of before stays on the screen. */
void view_phase(struct view *v, const char *name);
/* Looks once more, now; afterwards trace_counts() are up to date. */
void view_settle(struct view *v);
void view_stop(struct view *v);

#endif
