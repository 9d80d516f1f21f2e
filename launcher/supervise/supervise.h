/* SPDX-License-Identifier: MIT */
/*
 * Parts of the run supervisor. One supervisor owns one guest: it starts the
 * helpers and QEMU, carries the bytes between them and the terminal, and
 * leaves none of them behind, however it ends.
 */
#ifndef SUPERVISE_H
#define SUPERVISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SUP_CHILDREN 24
#define SUP_LINE 1024

/* Exit statuses of the command line contract. */
enum sup_status {
	SUP_USAGE = 2,
	SUP_COMPLAINT = 70,
	SUP_DIED = 71,
	SUP_TIMEOUT = 72,
};

/* Splits a byte stream into lines; overlong lines are cut, never dropped. */
struct lines {
	char buf[SUP_LINE];
	size_t len;
};

typedef void (*line_fn)(void *ctx, const char *line);

void lines_feed(struct lines *l, const char *data, size_t len, line_fn fn,
		void *ctx);

/* A child process; it leads its own process group. */
struct child {
	const char *name;
	char **argv; /* NULL-terminated, borrowed from the command line */
	pid_t pid; /* 0 when not running */
	int status; /* wait status, valid once reaped */
	bool reaped;
	bool away; /* ended because the guest asked for it */
	bool started; /* before: its log goes on */
	bool wants_ready; /* prints "ready" on stdout before QEMU may start */
	int out_fd; /* our end of its stdout while wants_ready, else -1 */
	int listen_fd; /* of its {listen:PATH}, while it is started, else -1 */
};

/* Where QEMU's character devices end; index of sup.pair[]. */
enum pair_id {
	PAIR_OUT,
	PAIR_ERR,
	PAIR_IN,
	PAIR_CTL,
	PAIR_GPU,
	PAIR_TTY,
	PAIR_SERIAL,
	PAIR_QMP,
	PAIR_COUNT,
};

struct pair {
	const char *token; /* "{out}" in a child's argument */
	int host; /* our end, -1 if unused or closed */
	int guest; /* end inherited by QEMU */
};

/* The kernel log: a file, and the first complaint found in it. */
struct klog {
	int fd;
	struct lines lines;
	bool complained;
	bool fatal; /* an oops: the guest may not be able to go on */
	bool panicked;
	bool hang; /* we sent an NMI: its panic is our doing */
	char excerpt[24][SUP_LINE];
	unsigned int excerpt_nr;
	bool excerpt_open;
};

/* The dialogue with QEMU: the last command's answer, and what it told unasked. */
struct qmp {
	struct lines lines;
	bool answered;
	bool failed;
	char error[SUP_LINE];
	unsigned int deleted; /* devices that left */
};

struct options {
	unsigned int timeout_s; /* 0: none */
	unsigned int boot_timeout_s;
	unsigned int silence_s; /* 0: none */
	bool interactive;
	bool verbose;
	const char *log_dir;
};

struct sup {
	struct options opt;
	struct child child[SUP_CHILDREN];
	unsigned int children;
	struct child *qemu; /* the last one of child[] */
	struct pair pair[PAIR_COUNT];
	struct klog klog;
	struct lines ctl;
	struct qmp qmp;
	struct lines request_lines;
	char request[64]; /* of the guest, about its GPUs; empty if none */
	int sig_fd;
	bool stdin_open;
	char input[4096]; /* from stdin, not yet taken by QEMU */
	size_t input_len;
	bool guest_up; /* init runs */
	bool guest_ready; /* the command was started */
	uint64_t heard_ms; /* when it was started or last printed, by now_ms() */
	bool have_status;
	int guest_status;
	char guest_fail[SUP_LINE]; /* why init gave up, empty if it did not */
	int end_signal; /* signal that told us to stop */
};

/* child.c */
int child_start(struct sup *s, struct child *c);
bool children_reap(struct sup *s);
struct child *children_find_dead_helper(struct sup *s);
void children_stop(struct sup *s, unsigned int grace_ms);

/* klog.c */
void klog_open(struct klog *k, const char *path);
void klog_feed(struct klog *k, const char *data, size_t len);
void klog_print_excerpt(const struct klog *k);

/* qmp.c */
void qmp_line(void *ctx, const char *line);
/* Runs @command and waits for its end; false: qmp.error says why not. */
bool qmp_run(struct sup *s, const char *command, const char *arguments);
void qmp_inject_nmi(struct sup *s);

/* replug.c */
void request_serve(struct sup *s);

/* tty.c */
void tty_raw(void);
void tty_restore(void);

/* stream.c */
int pairs_open(struct sup *s);
void pairs_close_guest(struct sup *s);
void stream_poll(struct sup *s, int wait_ms);

/* main.c */
bool child_wait_ready(struct sup *s, struct child *c);
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
uint64_t now_ms(void);

#endif
