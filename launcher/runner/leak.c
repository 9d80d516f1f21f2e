// SPDX-License-Identifier: MIT
/*
 * kmemleak at the end of a boot: what our modules allocated and nobody points
 * at any more. Others' leaks are theirs and are only logged.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runner.h"

#define KMEMLEAK "/sys/kernel/debug/kmemleak"

static bool kmemleak_write(const char *command)
{
	int fd = open(KMEMLEAK, O_WRONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, command, strlen(command)) > 0;
	close(fd);
	return ok;
}

/* With kmemleak=off the file exists but refuses commands. */
bool leak_check_wanted(void)
{
	return kmemleak_write("scan=off");
}

/* Forgets what the boot leaked. */
void leak_clear(void)
{
	kmemleak_write("scan");
	kmemleak_write("clear");
}

/*
 * Functions of the kernel that lose what they allocate, also when we are their
 * caller. Logged, not counted.
 */
static const char *const known_losers[] = {
	/* 7.3.4: when its last device goes, TTM frees the pages of its pools, not their lists. */
	"ttm_pool_type_init+",
};

static bool is_known(const char *line)
{
	for (size_t i = 0; i < sizeof(known_losers) / sizeof(known_losers[0]); i++)
		if (strstr(line, known_losers[i]))
			return true;
	return false;
}

/* A report is a block: "unreferenced object", then indented lines, callees first. */
static unsigned int leak_count(FILE *f, int log_fd)
{
	bool judged = false;
	unsigned int n = 0;
	char line[512];

	while (fgets(line, sizeof(line), f)) {
		dprintf(log_fd, "%s", line);
		if (!strncmp(line, "unreferenced object", 19))
			judged = false;
		if (judged)
			continue;
		if (is_known(line)) {
			judged = true;
		} else if (strstr(line, "[vkfd]") || strstr(line, "[amdgpu]")) {
			judged = true;
			n++;
		}
	}
	return n;
}

void leak_check(int log_fd, struct result *r)
{
	unsigned int n;
	FILE *f;

	/*
	 * Objects younger than 5 s are never reported, and one scan may see a
	 * stale pointer on a stack: so two scans, the second after that age.
	 */
	kmemleak_write("scan");
	sleep(6);
	kmemleak_write("scan");
	f = fopen(KMEMLEAK, "r");
	if (!f) {
		r->verdict = VERDICT_FAIL;
		snprintf(r->reason, sizeof(r->reason), "cannot read " KMEMLEAK);
		return;
	}
	n = leak_count(f, log_fd);
	fclose(f);
	r->verdict = n ? VERDICT_FAIL : VERDICT_PASS;
	if (n)
		snprintf(r->reason, sizeof(r->reason),
			 "kmemleak: %u objects of the driver leaked", n);
}
