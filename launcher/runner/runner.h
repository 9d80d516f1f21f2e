/* SPDX-License-Identifier: MIT */
/*
 * The guest's test runner: each test is a process of its own with a time
 * limit, and whatever the kernel says meanwhile is that test's fault.
 */
#ifndef RUNNER_H
#define RUNNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REASON_MAX 400

enum verdict {
	VERDICT_PASS,
	VERDICT_FAIL,
	VERDICT_SKIP,
};

/* One line of the plan: id, program, test name, seconds, "any" or "unloads", split at tabs. */
struct test {
	const char *id;
	const char *program;
	const char *name;
	unsigned int limit_s;
	bool unloads; /* the driver: afterwards nobody can say whose memory leaked */
};

struct result {
	enum verdict verdict;
	char reason[REASON_MAX];
	uint64_t ms;
	bool reboot; /* this kernel can no longer be trusted */
};

/* kmsg.c: the kernel log since the last look */
int kmsg_open(void);
void kmsg_mark(const char *id);
bool kmsg_collect(int fd, int log_fd, char *reason, bool *fatal);

/* leak.c: kmemleak, where the kernel has it */
bool leak_check_wanted(void);
void leak_clear(void);
void leak_check(int log_fd, struct result *r);

/* proc.c: one test process */
void test_process(const struct test *t, const char *log_path,
		  struct result *r);

uint64_t now_ms(void);

#endif
