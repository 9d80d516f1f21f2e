// SPDX-License-Identifier: MIT
/*
 * vkfd's run supervisor: starts the helpers and QEMU, streams, watches, and
 * turns what happened into one exit status.
 *
 *   supervise [options] ::: NAME ARG... ::: ... ::: qemu ARG...
 *     --timeout S       end the guest after S seconds (72)
 *     --boot-timeout S  the command must have started by then (71)
 *     --silence S       end a guest whose command printed nothing for S seconds (71)
 *     --log DIR         kernel.log and one log per child
 *     --interactive     connect the terminal to the guest's console
 *     --verbose         say what is started
 *
 * The last child is QEMU; a child whose name begins with '+' must print a
 * line "ready" before the next one starts.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "supervise.h"

#define READY_MS 20000
/* After an oops the guest may hang on a lock its victim held. */
#define OOPS_GRACE_MS 15000
/*
 * How much later than its helpers QEMU may end. A helper that ended cleanly
 * was left by QEMU, which may take long to go on a busy machine.
 */
#define HELPER_GRACE_MS 1500
#define LEFT_GRACE_MS 15000

void say(const char *fmt, ...)
{
	va_list ap;

	fputs("vkfd: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* One option; returns how many arguments it took, 0 if unknown. */
static int option_take(struct options *o, char **argv)
{
	if (!strcmp(argv[0], "--interactive"))
		return o->interactive = true, 1;
	if (!strcmp(argv[0], "--verbose"))
		return o->verbose = true, 1;
	if (!argv[1])
		return 0;
	if (!strcmp(argv[0], "--timeout"))
		o->timeout_s = (unsigned int)atoi(argv[1]);
	else if (!strcmp(argv[0], "--boot-timeout"))
		o->boot_timeout_s = (unsigned int)atoi(argv[1]);
	else if (!strcmp(argv[0], "--silence"))
		o->silence_s = (unsigned int)atoi(argv[1]);
	else if (!strcmp(argv[0], "--log"))
		o->log_dir = argv[1];
	else
		return 0;
	return 2;
}

/* Cuts argv at each ":::" into children. */
static bool children_parse(struct sup *s, char **argv)
{
	while (*argv) {
		struct child *c = &s->child[s->children];

		if (s->children++ == SUP_CHILDREN || !argv[1] || !argv[2])
			return false;
		*argv++ = NULL; /* ends the child before */
		c->wants_ready = argv[0][0] == '+';
		c->name = argv[0] + c->wants_ready;
		c->argv = argv + 1;
		c->out_fd = -1;
		while (*argv && strcmp(*argv, ":::"))
			argv++;
	}
	s->qemu = &s->child[s->children - 1];
	return s->children > 0;
}

static bool parse(struct sup *s, char **argv)
{
	int n;

	s->opt.log_dir = ".";
	s->opt.boot_timeout_s = 120;
	argv++;
	while (*argv && strcmp(*argv, ":::")) {
		n = option_take(&s->opt, argv);
		if (!n)
			return false;
		argv += n;
	}
	return *argv && children_parse(s, argv);
}

static void signals_block(struct sup *s)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGCHLD);
	/* A shell starts background jobs with SIGINT ignored. */
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	/* In the background of a terminal, reading it is an end-of-file. */
	signal(SIGTTIN, SIG_IGN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	s->sig_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Waits for the line "ready" of a helper that promised one. */
bool child_wait_ready(struct sup *s, struct child *c)
{
	uint64_t end = now_ms() + READY_MS;
	char buf[256];
	size_t len = 0;

	while (now_ms() < end && len < sizeof(buf) - 1) {
		struct pollfd p = { .fd = c->out_fd, .events = POLLIN };
		ssize_t n;

		stream_poll(s, 0);
		if (s->end_signal)
			return false;
		if (poll(&p, 1, 100) <= 0)
			continue;
		n = read(c->out_fd, buf + len, sizeof(buf) - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
		buf[len] = '\0';
		if (strstr(buf, "ready\n"))
			return true;
	}
	return false;
}

static bool start_all(struct sup *s)
{
	unsigned int i;

	for (i = 0; i < s->children; i++) {
		struct child *c = &s->child[i];

		if (s->opt.verbose)
			say("starting %s", c->name);
		if (child_start(s, c)) {
			say("cannot start %s: %s", c->name, strerror(errno));
			return false;
		}
		if (c->wants_ready && !child_wait_ready(s, c)) {
			if (!s->end_signal)
				say("%s did not become ready; see %s/%s.log",
				    c->name, s->opt.log_dir, c->name);
			return false;
		}
	}
	return true;
}

/* Makes a guest that no longer answers say where it is. */
static void collect_hang(struct sup *s)
{
	uint64_t end = now_ms() + 3000;

	s->klog.hang = true;
	qmp_inject_nmi(s);
	while (now_ms() < end && !s->qemu->reaped) {
		stream_poll(s, 100);
		children_reap(s);
	}
}

/* What is left in the pipes once QEMU has gone. */
static void drain(struct sup *s)
{
	unsigned int i, rounds;

	s->stdin_open = false;
	for (rounds = 0; rounds < 1000; rounds++) {
		bool open = false;

		for (i = 0; i < PAIR_COUNT; i++)
			open |= s->pair[i].host >= 0 && i != PAIR_IN;
		if (!open)
			return;
		stream_poll(s, 10);
	}
}

static const char *child_fate(const struct child *c, char *buf, size_t len)
{
	if (WIFSIGNALED(c->status))
		snprintf(buf, len, "killed by signal %d", WTERMSIG(c->status));
	else
		snprintf(buf, len, "exit status %d", WEXITSTATUS(c->status));
	return buf;
}

static int report_dead_helper(struct sup *s, struct child *c)
{
	bool left = s->have_status ||
		    (WIFEXITED(c->status) && !WEXITSTATUS(c->status));
	uint64_t end = now_ms() + (left ? LEFT_GRACE_MS : HELPER_GRACE_MS);
	char fate[64];

	while (now_ms() < end && !s->qemu->reaped) {
		stream_poll(s, 50);
		children_reap(s);
	}
	if (s->qemu->reaped)
		return 0;
	say("%s died while the guest was running (%s); its log is %s/%s.log",
	    strcmp(c->name, "vkfd-gpu") ? c->name : "the GPU (vkfd-gpu)",
	    child_fate(c, fate, sizeof(fate)), s->opt.log_dir, c->name);
	return SUP_DIED;
}

/* Whether one of the limits is over: the status to end with, or 0. */
static int limit_over(struct sup *s, uint64_t start)
{
	uint64_t now = now_ms();

	if (!s->guest_ready && !s->guest_fail[0] &&
	    now - start > s->opt.boot_timeout_s * 1000ull) {
		collect_hang(s);
		say("the guest did not start the command within %u s", s->opt.boot_timeout_s);
		return SUP_DIED;
	}
	if (s->opt.silence_s && s->guest_ready && !s->have_status &&
	    now - s->heard_ms > s->opt.silence_s * 1000ull) {
		collect_hang(s);
		say("the guest printed nothing for %u s", s->opt.silence_s);
		return SUP_DIED;
	}
	if (s->opt.timeout_s && now - start > s->opt.timeout_s * 1000ull) {
		collect_hang(s);
		say("timeout: stopped after %u s", s->opt.timeout_s);
		return SUP_TIMEOUT;
	}
	return 0;
}

/* Runs until something decides the outcome; 0 if QEMU simply ended. */
static int watch(struct sup *s, uint64_t start)
{
	uint64_t fatal_at = 0;

	while (!s->qemu->reaped) {
		struct child *dead;
		int status;

		stream_poll(s, 200);
		children_reap(s);
		if (s->end_signal)
			return 128 + s->end_signal;
		if (s->request[0])
			request_serve(s);
		dead = children_find_dead_helper(s);
		if (dead && !s->qemu->reaped) {
			status = report_dead_helper(s, dead);
			if (status)
				return status;
		}
		if (s->klog.fatal && !fatal_at)
			fatal_at = now_ms();
		if (fatal_at && now_ms() - fatal_at > OOPS_GRACE_MS)
			return SUP_COMPLAINT;
		status = limit_over(s, start);
		if (status)
			return status;
	}
	return 0;
}

/* Says why there is no exit status of the command. */
static void report_death(struct sup *s)
{
	char fate[64];

	if (s->guest_fail[0])
		say("guest: %s", s->guest_fail);
	else if (s->klog.panicked)
		say("the guest died: kernel panic");
	else if (!s->guest_up && WIFEXITED(s->qemu->status) &&
		 WEXITSTATUS(s->qemu->status))
		say("QEMU could not run the guest (%s); its log is %s/qemu.log",
		    child_fate(s->qemu, fate, sizeof(fate)), s->opt.log_dir);
	else
		say("the guest died: QEMU ended (%s) before the command did",
		    child_fate(s->qemu, fate, sizeof(fate)));
}

static int conclude(struct sup *s, int status)
{
	if (!status && !s->have_status) {
		report_death(s);
		status = SUP_DIED;
	}
	if (s->klog.complained && status != 128 + s->end_signal) {
		say(s->klog.hang ? "where the guest was; whole log: %s/kernel.log" :
		    "the guest's kernel complained; whole log: %s/kernel.log",
		    s->opt.log_dir);
		klog_print_excerpt(&s->klog);
		if (!status)
			status = SUP_COMPLAINT;
	}
	return status ? status : s->guest_status;
}

int main(int argc, char **argv)
{
	static struct sup s = { .stdin_open = true };
	char path[4096];
	uint64_t start = now_ms();
	bool started;
	int status;

	if (argc < 2 || !parse(&s, argv)) {
		say("supervise: wrong arguments");
		return SUP_USAGE;
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	signals_block(&s);
	if (s.sig_fd < 0 || pairs_open(&s)) {
		say("supervise: %s", strerror(errno));
		return 1;
	}
	snprintf(path, sizeof(path), "%s/kernel.log", s.opt.log_dir);
	klog_open(&s.klog, path);
	if (s.opt.interactive)
		tty_raw();
	started = start_all(&s);
	pairs_close_guest(&s);
	status = started ? watch(&s, start) : SUP_DIED;
	if (s.end_signal)
		status = 128 + s.end_signal;
	children_stop(&s, status ? 0 : 1000);
	drain(&s);
	tty_restore();
	return conclude(&s, status);
}
