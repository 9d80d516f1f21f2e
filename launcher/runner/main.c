// SPDX-License-Identifier: MIT
/*
 * run-tests PLAN LOGDIR [--go-on]
 *
 * Runs the tests of PLAN in order and prints, split at tabs,
 *   run ID
 *   result ID pass|fail|skip MILLISECONDS REASON
 * Exit status 0 when the plan is done, 99 when the rest needs a fresh kernel:
 * after a splat always, after a failure unless --go-on, because a test that
 * failed may have left a GPU or a process behind that fails the next ones.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runner.h"

#define STATUS_REBOOT 99

uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static bool plan_line(char *line, struct test *t)
{
	char *field[5], *p = line;
	int i;

	line[strcspn(line, "\n")] = '\0';
	for (i = 0; i < 5; i++) {
		field[i] = strsep(&p, "\t");
		if (!field[i] || !field[i][0])
			return false;
	}
	*t = (struct test){ field[0], field[1], field[2],
			    (unsigned int)atoi(field[3]), !strcmp(field[4], "unloads") };
	return t->limit_s > 0;
}

static void report(const char *id, struct result *r)
{
	static const char *const word[] = { "pass", "fail", "skip" };
	char *c;

	for (c = r->reason; *c; c++)
		if (*c == '\t' || *c == '\n' || *c == '\r')
			*c = ' ';
	printf("result\t%s\t%s\t%llu\t%s\n", id, word[r->verdict],
	       (unsigned long long)r->ms, r->reason);
	fflush(stdout);
}

/* A splat turns any verdict into a failure. */
static void judge_kernel(int kmsg, const char *log_path, struct result *r)
{
	int log_fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND, 0644);
	char reason[REASON_MAX] = "";
	bool fatal = false;

	if (log_fd < 0)
		log_fd = open("/dev/null", O_WRONLY);
	if (kmsg_collect(kmsg, log_fd, reason, &fatal)) {
		r->verdict = VERDICT_FAIL;
		snprintf(r->reason, sizeof(r->reason), "%s", reason);
		/* lockdep and KASAN report once; an oops leaves locks held. */
		r->reboot = true;
	}
	close(log_fd);
}

static bool run_one(const struct test *t, const char *log_dir, int kmsg,
		    bool go_on)
{
	struct result r = { 0 };
	char log_path[4096];

	snprintf(log_path, sizeof(log_path), "%s/%s.log", log_dir, t->id);
	printf("run\t%s\n", t->id);
	fflush(stdout);
	kmsg_mark(t->id);
	test_process(t, log_path, &r);
	judge_kernel(kmsg, log_path, &r);
	report(t->id, &r);
	return r.reboot || (r.verdict == VERDICT_FAIL && !go_on);
}

static bool run_leak_check(const char *log_dir, int kmsg)
{
	const char *id = "guest.kernel.driver_leaks_nothing";
	uint64_t began = now_ms();
	struct result r = { 0 };
	char log_path[4096];
	int log_fd;

	snprintf(log_path, sizeof(log_path), "%s/%s.log", log_dir, id);
	printf("run\t%s\n", id);
	fflush(stdout);
	log_fd = open(log_path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	leak_check(log_fd, &r);
	close(log_fd);
	judge_kernel(kmsg, log_path, &r);
	r.ms = now_ms() - began;
	report(id, &r);
	return r.reboot;
}

/*
 * True if the kernel must be replaced before the rest can run. @leaks: to be
 * looked for, at the end or before the driver goes.
 */
static bool run_plan(FILE *plan, const char *log_dir, int kmsg, bool go_on, bool leaks)
{
	bool reboot = false;
	char *line = NULL;
	size_t cap = 0;
	struct test t;

	while (!reboot && getline(&line, &cap, plan) > 0) {
		if (!plan_line(line, &t)) {
			fprintf(stderr, "run-tests: bad line in the plan\n");
			continue;
		}
		if (leaks && t.unloads) {
			leaks = false;
			reboot = run_leak_check(log_dir, kmsg);
		}
		if (!reboot)
			reboot = run_one(&t, log_dir, kmsg, go_on);
	}
	free(line);
	if (leaks && !reboot)
		reboot = run_leak_check(log_dir, kmsg);
	return reboot;
}

int main(int argc, char **argv)
{
	bool leaks, reboot, go_on;
	FILE *plan;
	int kmsg;

	if (argc < 3 || !(plan = fopen(argv[1], "r"))) {
		fprintf(stderr, "usage: run-tests PLAN LOGDIR [--go-on]\n");
		return 2;
	}
	kmsg = kmsg_open();
	if (kmsg < 0) {
		perror("/dev/kmsg");
		fclose(plan);
		return 1;
	}
	leaks = leak_check_wanted();
	if (leaks)
		leak_clear();
	go_on = argc > 3 && !strcmp(argv[3], "--go-on");
	reboot = run_plan(plan, argv[2], kmsg, go_on, leaks);
	fclose(plan);
	return reboot ? STATUS_REBOOT : 0;
}
