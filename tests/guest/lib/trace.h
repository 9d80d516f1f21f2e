/* SPDX-License-Identifier: MIT */
#ifndef GUEST_TRACE_H
#define GUEST_TRACE_H

#include "harness.h"

/* A tracefs instance of this process that records the driver's events. */
struct trace {
	char dir[128];
};

/** struct trace_event - one line: "name" and "key=value key=value ..." */
struct trace_event {
	const char *name;
	const char *fields;
	double seconds;
};

/** trace_start() - events "vkfd" (all of the driver) from now on; fails the test if impossible */
void trace_start(struct trace *t);
void trace_stop(struct trace *t);	/* stops recording and removes the instance */
/** trace_each() - calls @fn for each event so far; stops when it returns false */
void trace_each(struct trace *t, bool (*fn)(const struct trace_event *event, void *arg), void *arg);
/**
 * trace_count() - events @name whose fields contain all of @words
 * @words: separated by single spaces, each compared with a whole field, e.g. "to=0 trigger=2".
 * @start, @end: counts only events whose va= lies in the interval, if @end is not 0.
 */
size_t trace_count(struct trace *t, const char *name, const char *words, const void *start, size_t bytes);
/** trace_field() - number behind "@key=" in decimal or 0x..., -1 if not there */
long long trace_field(const char *fields, const char *key);

#endif
