// SPDX-License-Identifier: MIT
/*
 * Children of the supervisor. Each leads a process group, dies with the
 * supervisor (PR_SET_PDEATHSIG) and writes its messages to <log>/<name>.log.
 *
 * Arguments may hold two tokens: {listen:PATH} becomes the number of an
 * inherited socket that listens on PATH, {out} and the like the number of
 * QEMU's end of a socket pair.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "supervise.h"

#define LISTEN_TOKEN "{listen:"

static int socket_listen(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(sa.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(sa.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) || listen(fd, 4)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The descriptor that a token stands for, -1 if it is none of ours. */
static int token_fd(struct sup *s, struct child *c, const char *token, size_t len)
{
	unsigned int i;

	if (!strncmp(token, LISTEN_TOKEN, strlen(LISTEN_TOKEN)))
		return c->listen_fd;
	for (i = 0; i < PAIR_COUNT; i++)
		if (strlen(s->pair[i].token) == len &&
		    !strncmp(s->pair[i].token, token, len))
			return s->pair[i].guest;
	return -1;
}

/* A copy of @arg with its token replaced; runs in the forked child. */
static char *arg_expand(struct sup *s, struct child *c, char *arg)
{
	char *open = strchr(arg, '{'), *close, *out;
	int fd;

	close = open ? strchr(open, '}') : NULL;
	if (!close || open[1] == '"')
		return arg;
	fd = token_fd(s, c, open, (size_t)(close - open) + 1);
	if (fd < 0)
		return arg;
	fcntl(fd, F_SETFD, 0);
	if (asprintf(&out, "%.*s%d%s", (int)(open - arg), arg, fd, close + 1) < 0)
		_exit(127);
	return out;
}

static void child_redirect(struct sup *s, struct child *c, int out_fd)
{
	char path[4096];
	int null, log;

	snprintf(path, sizeof(path), "%s/%s.log", s->opt.log_dir, c->name);
	null = open("/dev/null", O_RDWR);
	log = open(path, O_WRONLY | O_CREAT | O_APPEND | (c->started ? 0 : O_TRUNC), 0644);
	if (log < 0)
		log = null; /* full disk: go on without its messages */
	dup2(null, STDIN_FILENO);
	dup2(out_fd >= 0 ? out_fd : log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	if (null > 2)
		close(null);
	if (log > 2 && log != null)
		close(log);
}

static void child_exec(struct sup *s, struct child *c, pid_t parent, int out_fd)
{
	sigset_t none;
	char **arg;

	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGTTIN, SIG_DFL);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(127);
	child_redirect(s, c, out_fd);
	for (arg = c->argv; *arg; arg++)
		*arg = arg_expand(s, c, *arg);
	execv(c->argv[0], c->argv);
	fprintf(stderr, "%s: %s\n", c->argv[0], strerror(errno));
	_exit(127);
}

/*
 * Opens the socket of @c's {listen:PATH} before @c runs, so that those who are
 * started after it can connect however slow it is. False with errno set.
 */
static bool listen_open(struct child *c)
{
	const char *token = NULL, *end;
	char path[4096];
	char **arg;

	c->listen_fd = -1;
	for (arg = c->argv; *arg && !token; arg++)
		token = strstr(*arg, LISTEN_TOKEN);
	if (!token)
		return true;
	token += strlen(LISTEN_TOKEN);
	end = strchr(token, '}');
	if (!end) {
		errno = EINVAL;
		return false;
	}
	snprintf(path, sizeof(path), "%.*s", (int)(end - token), token);
	c->listen_fd = socket_listen(path);
	return c->listen_fd >= 0;
}

/* Starts @c. Returns 0, or -1 with errno set. */
int child_start(struct sup *s, struct child *c)
{
	int out[2] = { -1, -1 };
	pid_t parent = getpid();

	if (!listen_open(c))
		return -1;
	if (c->wants_ready && pipe2(out, O_CLOEXEC))
		return -1;
	c->pid = fork();
	if (!c->pid)
		child_exec(s, c, parent, out[1]);
	if (out[1] >= 0)
		close(out[1]);
	if (c->listen_fd >= 0)
		close(c->listen_fd);
	c->out_fd = out[0];
	if (c->pid < 0) {
		c->pid = 0;
		return -1;
	}
	c->started = true;
	setpgid(c->pid, c->pid);
	return 0;
}

/* Collects every child that has ended. True if one of ours did. */
bool children_reap(struct sup *s)
{
	bool any = false;
	unsigned int i;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (i = 0; i < s->children; i++)
			if (s->child[i].pid == pid && !s->child[i].reaped) {
				s->child[i].reaped = true;
				s->child[i].status = status;
				any = true;
			}
	return any;
}

/* A helper that ended although QEMU still runs, or NULL. */
struct child *children_find_dead_helper(struct sup *s)
{
	unsigned int i;

	for (i = 0; i < s->children; i++)
		if (&s->child[i] != s->qemu && s->child[i].pid &&
		    s->child[i].reaped && !s->child[i].away)
			return &s->child[i];
	return NULL;
}

static bool children_all_gone(struct sup *s)
{
	unsigned int i;

	for (i = 0; i < s->children; i++)
		if (s->child[i].pid && !s->child[i].reaped)
			return false;
	return true;
}

static void children_signal(struct sup *s, int sig)
{
	unsigned int i;

	for (i = 0; i < s->children; i++)
		if (s->child[i].pid && (sig == SIGKILL || !s->child[i].reaped))
			kill(-s->child[i].pid, sig);
}

static void children_wait(struct sup *s, unsigned int ms)
{
	uint64_t end = now_ms() + ms;
	struct timespec tick = { .tv_nsec = 5 * 1000 * 1000 };

	for (;;) {
		children_reap(s);
		if (children_all_gone(s) || now_ms() >= end)
			return;
		nanosleep(&tick, NULL);
	}
}

/*
 * Ends all children: they may finish by themselves for @grace_ms, then TERM,
 * then KILL for each process group, so that nothing they forked survives.
 */
void children_stop(struct sup *s, unsigned int grace_ms)
{
	children_wait(s, grace_ms);
	if (!children_all_gone(s)) {
		children_signal(s, SIGTERM);
		children_wait(s, 2000);
	}
	children_signal(s, SIGKILL);
	children_wait(s, 5000);
}
