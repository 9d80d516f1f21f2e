// SPDX-License-Identifier: MIT
/* The driver's tracepoints, read through an own tracefs instance. */
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRACEFS "/sys/kernel/tracing"

static void trace_write(struct trace *t, const char *file, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", t->dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fail_test("%s: %s", path, strerror(errno));
	close(fd);
}

void trace_start(struct trace *t)
{
	snprintf(t->dir, sizeof(t->dir), TRACEFS "/instances/vkfd-test-%d", getpid());
	if (mkdir(t->dir, 0700) && errno != EEXIST)
		fail_test("%s: %s", t->dir, strerror(errno));
	trace_write(t, "buffer_size_kb", "4096");
	trace_write(t, "events/vkfd/enable", "1");
	trace_write(t, "tracing_on", "1");
}

void trace_stop(struct trace *t)
{
	trace_write(t, "events/vkfd/enable", "0");
	rmdir(t->dir);
}

/* "  task-123   [000] d..1.  12.345678: name: fields" */
static bool line_parse(char *line, struct trace_event *event)
{
	char *at = strchr(line, ']'), *colon, *name;

	if (line[0] == '#' || !at)
		return false;
	colon = strstr(at, ": ");
	if (!colon)
		return false;
	*colon = '\0';
	event->seconds = strtod(strrchr(at, ' ') ? strrchr(at, ' ') : at, NULL);
	name = colon + 2;
	colon = strstr(name, ": ");
	if (!colon)
		return false;
	*colon = '\0';
	event->name = name;
	event->fields = colon + 2;
	line = strchr(colon + 2, '\n');
	if (line)
		*line = '\0';
	return true;
}

void trace_each(struct trace *t, bool (*fn)(const struct trace_event *event, void *arg), void *arg)
{
	struct trace_event event;
	char path[256], *line = NULL;
	size_t room = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/trace", t->dir);
	f = fopen(path, "re");
	if (!f)
		fail_test("%s: %s", path, strerror(errno));
	while (getline(&line, &room, f) > 0)
		if (line_parse(line, &event) && !fn(&event, arg))
			break;
	free(line);
	fclose(f);
}

static const char *field_find(const char *fields, const char *word, size_t len)
{
	for (const char *at = fields; at && *at; at = strchr(at, ' '), at = at ? at + 1 : NULL)
		if (!strncmp(at, word, len))
			return at;
	return NULL;
}

long long trace_field(const char *fields, const char *key)
{
	char word[64];
	int len = snprintf(word, sizeof(word), "%s=", key);
	const char *at = field_find(fields, word, (size_t)len);

	return at ? (long long)strtoull(at + len, NULL, 0) : -1;
}

struct count {
	const char *name, *words;
	u64 start, bytes;
	size_t nr;
};

static bool has_words(const char *fields, const char *words)
{
	while (*words) {
		size_t len = strcspn(words, " ");
		const char *at = fields;
		bool found = false;

		while (!found && (at = field_find(at, words, len))) {
			found = at[len] == '\0' || at[len] == ' ';
			at += len;
			at = strchr(at, ' ') ? strchr(at, ' ') + 1 : "";
		}
		if (!found)
			return false;
		words += len + (words[len] == ' ');
	}
	return true;
}

static bool count_one(const struct trace_event *event, void *arg)
{
	struct count *c = arg;
	u64 va, len;

	if (strcmp(event->name, c->name) || !has_words(event->fields, c->words))
		return true;
	if (c->bytes) {
		va = (u64)trace_field(event->fields, "va");
		len = trace_field(event->fields, "len") > 0 ? (u64)trace_field(event->fields, "len") : 1;
		if (va + len <= c->start || va >= c->start + c->bytes)
			return true;
	}
	c->nr++;
	return true;
}

size_t trace_count(struct trace *t, const char *name, const char *words, const void *start, size_t bytes)
{
	struct count c = { name, words, (u64)(uintptr_t)start, bytes, 0 };

	trace_each(t, count_one, &c);
	return c.nr;
}
