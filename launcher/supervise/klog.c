// SPDX-License-Identifier: MIT
/*
 * The guest's kernel log: every byte goes to a file, and the first complaint
 * is kept in memory, so that it can be shown even when the disk is full.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "supervise.h"
#include "../splat.h"

void klog_open(struct klog *k, const char *path)
{
	k->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
}

static void excerpt_add(struct klog *k, const char *line)
{
	if (k->excerpt_nr == sizeof(k->excerpt) / sizeof(k->excerpt[0])) {
		k->excerpt_open = false;
		return;
	}
	snprintf(k->excerpt[k->excerpt_nr++], SUP_LINE, "%s", line);
}

static void klog_line(void *ctx, const char *line)
{
	const struct splat_pattern *p = splat_find(line);
	struct klog *k = ctx;

	if (p) {
		if (!k->complained)
			k->excerpt_open = true;
		k->complained = true;
		k->fatal |= p->fatal;
		if (strstr(line, "Kernel panic - not syncing"))
			k->panicked = true;
	}
	if (k->excerpt_open)
		excerpt_add(k, line);
}

void klog_feed(struct klog *k, const char *data, size_t len)
{
	/* A full disk must not stop the guest: the excerpt still works. */
	if (k->fd >= 0 && write(k->fd, data, len) < 0)
		k->fd = -1;
	lines_feed(&k->lines, data, len, klog_line, k);
}

void klog_print_excerpt(const struct klog *k)
{
	unsigned int i;

	for (i = 0; i < k->excerpt_nr; i++)
		fprintf(stderr, "  | %s\n", k->excerpt[i]);
}
