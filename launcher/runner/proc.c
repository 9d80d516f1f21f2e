// SPDX-License-Identifier: MIT
/*
 * One test: start, limit, collect. Everything it forked ends with it.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner.h"

/* A killed process that stays longer than this is stuck in the kernel. */
#define REAP_MS 10000

static void child_run(const struct test *t, int log_fd)
{
	int null = open("/dev/null", O_RDONLY);

	setsid();
	dup2(null, STDIN_FILENO);
	dup2(log_fd, STDOUT_FILENO);
	dup2(log_fd, STDERR_FILENO);
	close_range(3, ~0u, 0);
	execl(t->program, t->program, t->name, (char *)NULL);
	fprintf(stderr, "%s: %s\n", t->program, strerror(errno));
	_exit(127);
}

/* Waits for @pid up to @ms. True if it ended; *status is then valid. */
static bool reap(pid_t pid, int pidfd, uint64_t ms, int *status)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	while (poll(&p, 1, (int)ms) < 0 && errno == EINTR)
		;
	return waitpid(pid, status, WNOHANG) == pid;
}

static pid_t parent_of(const char *pid)
{
	char path[64], buf[512], *paren;
	pid_t ppid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (fgets(buf, sizeof(buf), f)) {
		paren = strrchr(buf, ')');
		if (!paren || sscanf(paren + 1, " %*c %d", &ppid) != 1)
			ppid = 0;
	}
	fclose(f);
	return ppid;
}

/* Orphans of the test are reparented to us (subreaper): end them too. */
static void kill_orphans(void)
{
	struct dirent *d;
	DIR *proc = opendir("/proc");
	int status;

	if (!proc)
		return;
	while ((d = readdir(proc)))
		if (isdigit((unsigned char)d->d_name[0]) &&
		    parent_of(d->d_name) == getpid())
			kill(atoi(d->d_name), SIGKILL);
	closedir(proc);
	while (waitpid(-1, &status, WNOHANG) > 0)
		;
}

/* Asks the kernel where blocked tasks wait; it goes to the kernel log. */
static void show_blocked(void)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "w", 1) < 0)
		perror("sysrq-trigger");
	close(fd);
}

/*
 * cmocka prints the failed condition and then "error: Failure!"; a test that
 * gave up by itself has said why in the line before.
 */
static bool says_why(const char *line, const char *before)
{
	if (strstr(line, "error: Failure!"))
		return before[0] && before[0] != '[';
	return strstr(line, "[  ERROR   ] --- ") || strstr(line, "error: ") ||
	       strstr(line, "FAIL: ");
}

/* The line that says most: the first error, else the last line. */
static void reason_from_log(const char *path, const char *what, char *reason)
{
	char line[REASON_MAX], last[REASON_MAX] = "", best[REASON_MAX] = "";
	FILE *f = fopen(path, "r");

	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (!line[0])
			continue;
		if (!best[0] && says_why(line, last))
			snprintf(best, sizeof(best), "%s",
				 strstr(line, "error: Failure!") ? last : line);
		snprintf(last, sizeof(last), "%s", line);
	}
	if (f)
		fclose(f);
	snprintf(reason, REASON_MAX, "%s: %.300s", what, best[0] ? best : last);
}

/* The text after "SKIP: " in the last line that has it. */
static bool skip_reason(const char *path, char *reason)
{
	char line[REASON_MAX];
	FILE *f = fopen(path, "r");
	bool found = false;

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "SKIP: ", 6)) {
			line[strcspn(line, "\n")] = '\0';
			snprintf(reason, REASON_MAX, "%s", line + 6);
			found = line[6] != '\0';
		}
	if (f)
		fclose(f);
	return found;
}

static void judge(int status, const char *log_path, struct result *r)
{
	char what[64];

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		r->verdict = VERDICT_PASS;
		return;
	}
	r->verdict = VERDICT_FAIL;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 4) {
		if (skip_reason(log_path, r->reason))
			r->verdict = VERDICT_SKIP;
		else
			snprintf(r->reason, sizeof(r->reason),
				 "skipped without a reason");
		return;
	}
	if (WIFSIGNALED(status))
		snprintf(what, sizeof(what), "signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(what, sizeof(what), "exit %d", WEXITSTATUS(status));
	reason_from_log(log_path, what, r->reason);
}

void test_process(const struct test *t, const char *log_path, struct result *r)
{
	int log_fd = open(log_path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0644);
	uint64_t began = now_ms();
	int pidfd, status;
	pid_t pid;

	if (log_fd < 0)
		log_fd = open("/dev/null", O_RDWR);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = fork();
	if (!pid)
		child_run(t, log_fd);
	close(log_fd);
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (reap(pid, pidfd, t->limit_s * 1000ull, &status)) {
		judge(status, log_path, r);
	} else {
		r->verdict = VERDICT_FAIL;
		show_blocked();
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
		r->reboot = !reap(pid, pidfd, REAP_MS, &status);
		snprintf(r->reason, sizeof(r->reason), "no end after %u s%s",
			 t->limit_s, r->reboot ? ", stuck in the kernel" : "");
	}
	kill(-pid, SIGKILL);
	kill_orphans();
	close(pidfd);
	r->ms = now_ms() - began;
}
