// SPDX-License-Identifier: MIT
/* Reads files of the machine, or of a prepared tree that looks like one. */
#include "doctor.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_MAX (1u << 20)

const char *tree_path(const struct doctor *d, const char *format, ...)
{
	static char paths[4][1024];
	static unsigned int turn;
	char *path = paths[turn++ % 4];
	size_t len = strlen(d->root);
	va_list args;

	if (len >= sizeof(paths[0]))
		len = 0;	/* main() refused such a root */
	memcpy(path, d->root, len);
	va_start(args, format);
	vsnprintf(path + len, sizeof(paths[0]) - len, format, args);
	va_end(args);
	return path;
}

bool tree_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

char *tree_read(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = f ? malloc(READ_MAX) : NULL;
	size_t len = 0;

	if (text) {
		len = fread(text, 1, READ_MAX - 1, f);
		if (ferror(f)) {
			free(text);
			text = NULL;
		}
	}
	if (f)
		fclose(f);
	if (text) {
		if (len && text[len - 1] == '\n')
			len--;
		text[len] = '\0';
	}
	return text;
}

bool tree_number(const char *path, long long *value)
{
	char *text = tree_read(path), *end = NULL;

	if (text)
		*value = strtoll(text, &end, 0);
	free(text);
	return end && end != text;
}

bool tree_property(const char *path, const char *name, unsigned long long *value)
{
	char *text = tree_read(path);
	size_t len = strlen(name);
	bool found = false;

	for (char *line = text; line && !found; line = strchr(line, '\n')) {
		line += *line == '\n';
		found = !strncmp(line, name, len) && line[len] == ' ';
		if (found)
			*value = strtoull(line + len, NULL, 10);
	}
	free(text);
	return found;
}

bool tree_each(const char *dir, bool (*fn)(const char *name, void *arg), void *arg)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	bool stop = false;

	while (d && !stop && (entry = readdir(d)))
		if (entry->d_name[0] != '.')
			stop = fn(entry->d_name, arg);
	if (d)
		closedir(d);
	return stop;
}
