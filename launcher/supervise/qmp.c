// SPDX-License-Identifier: MIT
/*
 * The one QMP command we need: a non-maskable interrupt, which makes a hung
 * guest panic with the stack of the code that hangs (unknown_nmi_panic).
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
