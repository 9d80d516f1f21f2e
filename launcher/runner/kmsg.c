// SPDX-License-Identifier: MIT
/*
 * /dev/kmsg: one record a read, "level,seq,usec,flags;message", continuation
 * lines begin with a blank.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runner.h"
#include "../splat.h"

/* At the end of the log: what was said before the first test is not theirs. */
int kmsg_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

/* Puts the test's name into the kernel log, for people who read it later. */
void kmsg_mark(const char *id)
{
	char line[512];
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	int len = snprintf(line, sizeof(line), SPLAT_MARK "%s\n", id);

	if (fd < 0)
		return;
	if (write(fd, line, (size_t)len) < 0)
		perror("/dev/kmsg");
	close(fd);
}

/*
 * Copies all new records to @log_fd. True if one of them is a complaint; the
 * first goes to @reason, and *fatal tells whether it was an oops.
 */
bool kmsg_collect(int fd, int log_fd, char *reason, bool *fatal)
{
	bool complained = false;
	char rec[8192];

	for (;;) {
		ssize_t n = read(fd, rec, sizeof(rec) - 1);
		const struct splat_pattern *p;
		char *msg;

		if (n < 0 && (errno == EPIPE || errno == EINTR))
			continue; /* records were overwritten: go on */
		if (n <= 0)
			return complained;
		rec[n] = '\0';
		msg = strchr(rec, ';');
		if (!msg)
			continue;
		msg++;
		dprintf(log_fd, "kernel: %s", msg);
		p = splat_find(msg);
		if (!p)
			continue;
		if (!complained)
			snprintf(reason, REASON_MAX, "kernel: %.*s",
				 (int)strcspn(msg, "\n"), msg);
		complained = true;
		*fatal |= p->fatal;
	}
}
