// SPDX-License-Identifier: MIT
/*
 * Carries bytes: guest output to our stdout and stderr, our stdin to the
 * guest, the serial line to the kernel log, control lines to the state.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "supervise.h"

void lines_feed(struct lines *l, const char *data, size_t len, line_fn fn,
		void *ctx)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (data[i] != '\n') {
			l->buf[l->len++] = data[i] ? data[i] : '?';
			if (l->len < sizeof(l->buf) - 1)
				continue;
		}
		while (l->len && l->buf[l->len - 1] == '\r')
			l->len--;
		l->buf[l->len] = '\0';
		fn(ctx, l->buf);
		l->len = 0;
	}
}

int pairs_open(struct sup *s)
{
	static const char *const token[PAIR_COUNT] = {
		[PAIR_OUT] = "{out}", [PAIR_ERR] = "{err}",
		[PAIR_IN] = "{in}", [PAIR_CTL] = "{ctl}",
		[PAIR_TTY] = "{tty}", [PAIR_SERIAL] = "{serial}",
		[PAIR_QMP] = "{qmp}", [PAIR_GPU] = "{gpu}",
	};
	unsigned int i;
	int fd[2];

	for (i = 0; i < PAIR_COUNT; i++) {
		s->pair[i].token = token[i];
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
			return -1;
		s->pair[i].host = fd[0];
		s->pair[i].guest = fd[1];
	}
	return 0;
}

/* After QEMU has its ends: ours must see end-of-file when QEMU goes. */
void pairs_close_guest(struct sup *s)
{
	unsigned int i;

	for (i = 0; i < PAIR_COUNT; i++)
		close(s->pair[i].guest);
}

static void write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			struct pollfd p = { .fd = fd, .events = POLLOUT };

			poll(&p, 1, 1000);
			continue;
		}
		if (n <= 0)
			return; /* the reader left; the guest goes on */
		data += n;
		len -= (size_t)n;
	}
}

/* Lines of init: "up", "ready", "fail WHY", "status N". */
static void ctl_line(void *ctx, const char *line)
{
	struct sup *s = ctx;

	if (!strcmp(line, "up")) {
		s->guest_up = true;
	} else if (!strcmp(line, "ready")) {
		s->guest_ready = true;
		s->heard_ms = now_ms();
	} else if (!strncmp(line, "fail ", 5)) {
		snprintf(s->guest_fail, sizeof(s->guest_fail), "%s", line + 5);
	} else if (!strncmp(line, "status ", 7)) {
		s->guest_status = atoi(line + 7) & 0xff;
		s->have_status = true;
	}
}

/* Served by the main loop, one after the other. */
static void request_line(void *ctx, const char *line)
{
	struct sup *s = ctx;

	snprintf(s->request, sizeof(s->request), "%.63s", line);
}

static void pair_read(struct sup *s, enum pair_id id)
{
	char buf[65536];
	ssize_t n = read(s->pair[id].host, buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		close(s->pair[id].host);
		s->pair[id].host = -1;
		return;
	}
	switch (id) {
	case PAIR_OUT:
	case PAIR_TTY:
		s->heard_ms = now_ms();
		write_all(STDOUT_FILENO, buf, (size_t)n);
		break;
	case PAIR_ERR:
		write_all(STDERR_FILENO, buf, (size_t)n);
		break;
	case PAIR_SERIAL:
		klog_feed(&s->klog, buf, (size_t)n);
		break;
	case PAIR_CTL:
		lines_feed(&s->ctl, buf, (size_t)n, ctl_line, s);
		break;
	case PAIR_QMP:
		lines_feed(&s->qmp.lines, buf, (size_t)n, qmp_line, s);
		break;
	case PAIR_GPU:
		lines_feed(&s->request_lines, buf, (size_t)n, request_line, s);
		break;
	default: /* the unused direction of the input port */
		break;
	}
}

static struct pair *input_pair(struct sup *s)
{
	return &s->pair[s->opt.interactive ? PAIR_TTY : PAIR_IN];
}

static void stdin_read(struct sup *s)
{
	ssize_t n = read(STDIN_FILENO, s->input, sizeof(s->input));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0) {
		s->input_len = (size_t)n;
		return;
	}
	/*
	 * The guest's reader sees the end. Not close(): QEMU would drop what
	 * it has not read yet when the socket hangs up.
	 */
	s->stdin_open = false;
	if (!s->opt.interactive && s->pair[PAIR_IN].host >= 0)
		shutdown(s->pair[PAIR_IN].host, SHUT_WR);
}

/*
 * Never waits for the guest to take input: the guest may itself wait for us
 * to take its output.
 */
static void input_write(struct sup *s)
{
	ssize_t n = send(input_pair(s)->host, s->input, s->input_len,
			 MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0) { /* QEMU is gone */
		s->input_len = 0;
		s->stdin_open = false;
		return;
	}
	s->input_len -= (size_t)n;
	memmove(s->input, s->input + n, s->input_len);
}

static void signal_read(struct sup *s)
{
	struct signalfd_siginfo si;

	if (read(s->sig_fd, &si, sizeof(si)) != (ssize_t)sizeof(si))
		return;
	if (si.ssi_signo != SIGCHLD && !s->end_signal)
		s->end_signal = (int)si.ssi_signo;
}

/* Waits up to @wait_ms for bytes or a signal and handles all there are. */
void stream_poll(struct sup *s, int wait_ms)
{
	struct pollfd p[PAIR_COUNT + 3];
	unsigned int i;

	for (i = 0; i < PAIR_COUNT; i++)
		p[i] = (struct pollfd){ s->pair[i].host, POLLIN, 0 };
	p[PAIR_COUNT] = (struct pollfd){ s->sig_fd, POLLIN, 0 };
	p[PAIR_COUNT + 1] = (struct pollfd){
		s->stdin_open && s->guest_ready && !s->input_len ?
			STDIN_FILENO : -1, POLLIN, 0
	};
	p[PAIR_COUNT + 2] = (struct pollfd){
		s->input_len ? input_pair(s)->host : -1, POLLOUT, 0
	};
	if (poll(p, PAIR_COUNT + 3, wait_ms) <= 0)
		return;
	if (p[PAIR_COUNT + 2].revents)
		input_write(s);
	for (i = 0; i < PAIR_COUNT; i++)
		if (p[i].revents)
			pair_read(s, i);
	if (p[PAIR_COUNT].revents)
		signal_read(s);
	if (p[PAIR_COUNT + 1].revents)
		stdin_read(s);
}
