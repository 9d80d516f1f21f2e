// SPDX-License-Identifier: MIT
/*
 * The QMP commands we need: a non-maskable interrupt, which makes a hung guest
 * panic with the stack of the code that hangs (unknown_nmi_panic); and a wake-up,
 * for nobody else is there to press a key when the guest sleeps (S3).
 */
#include <string.h>
#include <unistd.h>

#include "supervise.h"

static void qmp_send(int fd, const char *json)
{
	/* Best effort: if QEMU is gone there is nothing to interrupt. */
	if (write(fd, json, strlen(json)) < 0)
		return;
}

void qmp_inject_nmi(int fd)
{
	if (fd < 0)
		return;
	qmp_send(fd, "{\"execute\":\"qmp_capabilities\"}\n");
	qmp_send(fd, "{\"execute\":\"inject-nmi\"}\n");
}

/* One line of JSON from QEMU. */
void qmp_line(void *ctx, const char *line)
{
	struct sup *s = ctx;
	int fd = s->pair[PAIR_QMP].host;

	if (strstr(line, "\"QMP\""))
		qmp_send(fd, "{\"execute\":\"qmp_capabilities\"}\n");
	else if (strstr(line, "\"SUSPEND\""))
		qmp_send(fd, "{\"execute\":\"system_wakeup\"}\n");
}
