// SPDX-License-Identifier: MIT
/*
 * Why pages moved and what GPU faults came to: only the driver's tracepoints
 * tell. We record three of them in a tracefs instance of our own, which leaves
 * everybody else's tracing alone, and count.
 */
#include "top.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const fault_names[NR_FAULT_CAUSES] = {
	"read", "write", "migrated", "mapped", "duplicate", "stale", "later", "dropped", "violation",
};
const char *const trigger_names[NR_TRIGGERS] = { "prefetch", "gpu_fault", "cpu_fault", "eviction" };

static char instance[128];
static int trace_pipe = -1;
static struct events counts;
static char partial[8192];
static size_t partial_len;

static bool put(const char *file, const char *text)
{
	char path[256];
	bool ok;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", instance, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	if (fd >= 0)
		close(fd);
	return ok;
}

bool events_open(void)
{
	char path[256];

	snprintf(instance, sizeof(instance), "/sys/kernel/tracing/instances/vkfd-top-%d", getpid());
	if (mkdir(instance, 0700) && errno != EEXIST)
		return false;
	snprintf(path, sizeof(path), "%s/trace_pipe", instance);
	trace_pipe = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (trace_pipe < 0 || !put("buffer_size_kb", "2048") ||
	    !put("events/vkfd/vkfd_fault_begin/enable", "1") ||
	    !put("events/vkfd/vkfd_fault_done/enable", "1") ||
	    !put("events/vkfd/vkfd_migrate_end/enable", "1")) {
		events_close();
		return false;
	}
	return true;
}

void events_close(void)
{
	if (trace_pipe >= 0)
		close(trace_pipe);
	trace_pipe = -1;
	rmdir(instance);
}

static long field(const char *fields, const char *key)
{
	const char *at = strstr(fields, key);

	return at ? strtol(at + strlen(key), NULL, 0) : -1;
}

static void count_fault_done(const char *fields)
{
	const char *how = strstr(fields, " how=");

	for (unsigned int i = FAULT_MIGRATED; how && i < NR_FAULT_CAUSES; i++) {
		size_t len = strlen(fault_names[i]);

		if (!strncmp(how + 5, fault_names[i], len) && (how[5 + len] == ' ' || !how[5 + len]))
			counts.faults[i]++;
	}
}

static void count_migration(const char *fields)
{
	long trigger = field(fields, " trigger="), pages = field(fields, " pages=");

	if (trigger < 0 || trigger >= NR_TRIGGERS || pages < 0)
		return;
	counts.moves[trigger]++;
	counts.moved_pages[trigger] += (uint64_t)pages;
}

/* "  task-12  [000] ....  12.345: vkfd_fault_done: gpu=..." or "CPU:1 [LOST 3 EVENTS]" */
static void count_line(const char *line)
{
	const char *at;

	if ((at = strstr(line, " vkfd_fault_begin: ")))
		counts.faults[strstr(at, " write ") ? FAULT_WRITE : FAULT_READ]++;
	else if ((at = strstr(line, " vkfd_fault_done: ")))
		count_fault_done(at);
	else if ((at = strstr(line, " vkfd_migrate_end: ")))
		count_migration(at);
	else if ((at = strstr(line, "[LOST ")))
		counts.lost += strtoull(at + 6, NULL, 10);
}

const struct events *events_poll(void)
{
	char *end, *line;
	ssize_t got;

	if (trace_pipe < 0)
		return NULL;
	while ((got = read(trace_pipe, partial + partial_len, sizeof(partial) - 1 - partial_len)) > 0) {
		partial_len += (size_t)got;
		partial[partial_len] = '\0';
		for (line = partial; (end = strchr(line, '\n')); line = end + 1) {
			*end = '\0';
			count_line(line);
		}
		partial_len -= (size_t)(line - partial);
		memmove(partial, line, partial_len);
		if (partial_len == sizeof(partial) - 1)
			partial_len = 0;	/* no line of ours is that long */
	}
	return &counts;
}
