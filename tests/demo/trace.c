// SPDX-License-Identifier: MIT
/*
 * The driver's tracepoints through an own tracefs instance: counted as they
 * come, kept, and written as Chrome trace events at the end.
 */
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INSTANCE "/sys/kernel/tracing/instances/vkfd-demo"
#define MAX_EVENTS 200000u

/** struct event - one line of the trace: "name" and "key=value ..." in one allocation */
struct event {
	u64 ns;
	char *name, *fields;
};

struct sample {
	u64 ns;
	size_t ram, vram;
};

struct trace {
	int pipe;
	char partial[8192];	/* a line whose end has not come yet */
	size_t partial_len;
	struct trace_counts counts;
	struct event *events;
	size_t nr_events;
	struct sample *samples;
	size_t nr_samples;
};

static int put_file(const char *file, const char *text)
{
	char path[256];
	int fd, err = 0;

	snprintf(path, sizeof(path), INSTANCE "/%s", file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

struct trace *trace_open(void)
{
	struct trace *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	rmdir(INSTANCE);
	if ((mkdir(INSTANCE, 0700) && errno != EEXIST) || put_file("trace_clock", "mono") ||
	    put_file("buffer_size_kb", "8192") || put_file("events/vkfd/enable", "1")) {
		fputs("vkfd-demo: the driver's tracepoints cannot be switched on\n", stderr);
		free(t);
		return NULL;
	}
	t->pipe = open(INSTANCE "/trace_pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (t->pipe < 0) {
		fputs("vkfd-demo: cannot read " INSTANCE "/trace_pipe\n", stderr);
		free(t);
		return NULL;
	}
	return t;
}

static u64 field(const char *fields, const char *key)
{
	size_t len = strlen(key);

	for (const char *at = fields; at; at = strchr(at, ' '), at = at ? at + 1 : NULL)
		if (!strncmp(at, key, len) && at[len] == '=')
			return strtoull(at + len + 1, NULL, 0);
	return 0;
}

static void count_move(struct trace_counts *c, const char *fields)
{
	u64 trigger = field(fields, "trigger") % TRIGGERS, pages = field(fields, "pages");

	if (!pages)
		return;
	if (field(fields, "to")) {
		c->moves_in[trigger]++;
		c->pages_in[trigger] += pages;
	} else {
		c->moves_out[trigger]++;
		c->pages_out[trigger] += pages;
	}
}

static void count(struct trace_counts *c, const struct event *e)
{
	if (!strcmp(e->name, "vkfd_fault_begin")) {
		if (strstr(e->fields, " write "))
			c->write_faults++;
		else
			c->read_faults++;
	} else if (!strcmp(e->name, "vkfd_fault_done")) {
		c->failed_faults += field(e->fields, "err") != 0;
	} else if (!strcmp(e->name, "vkfd_migrate_end")) {
		count_move(c, e->fields);
	} else if (!strcmp(e->name, "vkfd_map")) {
		c->maps++;
	} else if (!strcmp(e->name, "vkfd_invalidate")) {
		c->invalidates++;
	} else if (!strcmp(e->name, "vkfd_tlb_flush")) {
		c->flushes++;
	}
}

/* "  task-12  [000] d..1.  12.345678: vkfd_map: gpu=..." */
static void take_line(struct trace *t, const char *line)
{
	const char *cpu = strchr(line, ']'), *name, *fields, *stamp;
	struct event *e;

	name = cpu ? strstr(cpu, ": ") : NULL;
	fields = name ? strstr(name + 2, ": ") : NULL;
	if (!fields) {
		t->counts.lost += !!strstr(line, "LOST");
		return;
	}
	for (stamp = name; stamp > cpu && stamp[-1] != ' '; stamp--)
		;
	if (t->nr_events == MAX_EVENTS) {
		t->counts.lost++;
		return;
	}
	if (!(t->nr_events & (t->nr_events - 1))) {
		size_t room = t->nr_events ? 2 * t->nr_events : 1;
		struct event *more = realloc(t->events, room * sizeof(*more));

		if (!more) {
			t->counts.lost++;
			return;
		}
		t->events = more;
	}
	e = &t->events[t->nr_events];
	e->ns = (u64)(strtod(stamp, NULL) * 1e9);
	e->name = strdup(name + 2);
	if (!e->name)
		return;
	e->fields = e->name + (fields - name);
	e->fields[-2] = '\0';
	t->nr_events++;
	count(&t->counts, e);
}

void trace_poll(struct trace *t)
{
	char *end;
	ssize_t got;

	while ((got = read(t->pipe, t->partial + t->partial_len, sizeof(t->partial) - 1 - t->partial_len)) > 0) {
		char *line = t->partial;

		t->partial_len += (size_t)got;
		t->partial[t->partial_len] = '\0';
		while ((end = strchr(line, '\n'))) {
			*end = '\0';
			take_line(t, line);
			line = end + 1;
		}
		t->partial_len -= (size_t)(line - t->partial);
		memmove(t->partial, line, t->partial_len);
		if (t->partial_len == sizeof(t->partial) - 1)
			t->partial_len = 0;	/* no line of ours is that long */
	}
}

const struct trace_counts *trace_counts(const struct trace *t)
{
	return &t->counts;
}

void trace_residency(struct trace *t, u64 ns, size_t ram_pages, size_t vram_pages)
{
	struct sample *more = realloc(t->samples, (t->nr_samples + 1) * sizeof(*more));

	if (!more)
		return;
	t->samples = more;
	t->samples[t->nr_samples++] = (struct sample){ ns, ram_pages, vram_pages };
}

/* The begin event of the same interval, searching backwards from its end. */
static const struct event *begin_of(const struct trace *t, size_t end, const char *name)
{
	u64 va = field(t->events[end].fields, "va");

	for (size_t i = end; i-- > 0 && end - i < 2000;)
		if (!strcmp(t->events[i].name, name) && field(t->events[i].fields, "va") == va)
			return &t->events[i];
	return NULL;
}

static void write_event(FILE *f, const struct trace *t, size_t i)
{
	const struct event *e = &t->events[i], *begin = NULL;
	int track = 2;

	if (!strcmp(e->name, "vkfd_migrate_begin") || !strcmp(e->name, "vkfd_fault_begin"))
		return;
	if (!strcmp(e->name, "vkfd_migrate_end"))
		begin = begin_of(t, i, "vkfd_migrate_begin");
	else if (!strcmp(e->name, "vkfd_fault_done"))
		begin = begin_of(t, i, "vkfd_fault_begin"), track = 3;
	if (begin)
		fprintf(f, ",\n{\"ph\":\"X\",\"pid\":1,\"tid\":%d,\"ts\":%.3f,\"dur\":%.3f,", track,
			(double)begin->ns / 1e3, (double)(e->ns - begin->ns) / 1e3);
	else
		fprintf(f, ",\n{\"ph\":\"i\",\"s\":\"t\",\"pid\":1,\"tid\":4,\"ts\":%.3f,", (double)e->ns / 1e3);
	fprintf(f, "\"name\":\"%s\",\"args\":{\"fields\":\"%s\"}}", e->name, e->fields);
}

int trace_write(struct trace *t, const char *path, const struct trace_phase *phases, size_t nr)
{
	static const char *const tracks[] = { "", "phases", "migrations", "GPU faults", "other events" };
	FILE *f = fopen(path, "we");

	if (!f)
		return -errno;
	fputs("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n"
	      "{\"ph\":\"M\",\"pid\":1,\"name\":\"process_name\",\"args\":{\"name\":\"vkfd-demo\"}}", f);
	for (int i = 1; i <= 4; i++)
		fprintf(f, ",\n{\"ph\":\"M\",\"pid\":1,\"tid\":%d,\"name\":\"thread_name\",\"args\":{\"name\":\"%s\"}}", i, tracks[i]);
	for (size_t i = 0; i < nr; i++)
		fprintf(f, ",\n{\"ph\":\"X\",\"pid\":1,\"tid\":1,\"ts\":%.3f,\"dur\":%.3f,\"name\":\"%s\"}",
			(double)phases[i].start_ns / 1e3,
			(double)(phases[i].end_ns - phases[i].start_ns) / 1e3, phases[i].name);
	for (size_t i = 0; i < t->nr_events; i++)
		write_event(f, t, i);
	for (size_t i = 0; i < t->nr_samples; i++)
		fprintf(f, ",\n{\"ph\":\"C\",\"pid\":1,\"ts\":%.3f,\"name\":\"pages\",\"args\":{\"RAM\":%zu,\"VRAM\":%zu}}",
			(double)t->samples[i].ns / 1e3, t->samples[i].ram, t->samples[i].vram);
	fputs("\n]}\n", f);
	return fclose(f) ? -errno : 0;
}

void trace_close(struct trace *t)
{
	put_file("events/vkfd/enable", "0");
	close(t->pipe);
	rmdir(INSTANCE);
	for (size_t i = 0; i < t->nr_events; i++)
		free(t->events[i].name);
	free(t->events);
	free(t->samples);
	free(t);
}
