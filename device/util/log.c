// SPDX-License-Identifier: MIT
/*
 * Log lines with a token bucket. Every call formats into a buffer of its own
 * and writes once, so lines of several threads never mix. The mutex guards
 * the bucket only; it is not held while writing.
 */
#include "util/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define LOG_LINE_BYTES	512
#define LOG_BURST	200u	   /* lines at once */
#define LOG_PER_SECOND	20u	   /* lines in the long run */
#define LOG_DEBUG_SCALE 50u	   /* -v is a developer's wish: this much more */

#define NSEC_PER_SEC 1000000000ull

struct bucket {
	uint64_t tokens; /* in units of one line / NSEC_PER_SEC */
	uint64_t filled; /* ns, when tokens was last brought up to date */
	uint64_t lost;	 /* lines refused since the last one let through */
	uint64_t per_second;
	uint64_t burst;
};

struct log {
	int fd;
	bool verbose;
	uint64_t start; /* ns */
	pthread_mutex_t lock;
	struct bucket line;  /* guarded by lock */
	struct bucket debug; /* guarded by lock */
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

static void bucket_init(struct bucket *bucket, uint64_t now, uint64_t scale)
{
	bucket->per_second = LOG_PER_SECOND * scale;
	bucket->burst = LOG_BURST * scale * NSEC_PER_SEC;
	bucket->tokens = bucket->burst;
	bucket->filled = now;
	bucket->lost = 0;
}

/* True when a line may pass; *lost is then the number of lines that did not. */
static bool bucket_take(struct bucket *bucket, uint64_t now, uint64_t *lost)
{
	uint64_t passed = now > bucket->filled ? now - bucket->filled : 0;

	if (passed > 100 * NSEC_PER_SEC)
		passed = 100 * NSEC_PER_SEC;
	bucket->tokens += passed * bucket->per_second;
	if (bucket->tokens > bucket->burst)
		bucket->tokens = bucket->burst;
	bucket->filled = now;
	if (bucket->tokens < NSEC_PER_SEC) {
		bucket->lost++;
		return false;
	}
	bucket->tokens -= NSEC_PER_SEC;
	*lost = bucket->lost;
	bucket->lost = 0;
	return true;
}

struct log *log_create(int fd, bool verbose)
{
	struct log *log = calloc(1, sizeof(*log));

	if (!log)
		return NULL;
	log->fd = fd;
	log->verbose = verbose;
	log->start = now_ns();
	pthread_mutex_init(&log->lock, NULL);
	bucket_init(&log->line, log->start, 1);
	bucket_init(&log->debug, log->start, LOG_DEBUG_SCALE);
	return log;
}

void log_destroy(struct log *log)
{
	if (!log)
		return;
	pthread_mutex_destroy(&log->lock);
	free(log);
}

/* A failed write has nowhere to be reported: the line is lost. */
static void emit(const struct log *log, uint64_t now, const char *text)
{
	char line[LOG_LINE_BYTES + 40];
	uint64_t ms = (now - log->start) / 1000000;
	int len = snprintf(line, sizeof(line), "[%5llu.%03llu] %s\n", (unsigned long long)(ms / 1000),
			   (unsigned long long)(ms % 1000), text);

	if (len > 0 && write(log->fd, line, (size_t)len) < 0)
		return;
}

static void say(struct log *log, struct bucket *bucket, const char *format, va_list args)
{
	char text[LOG_LINE_BYTES];
	uint64_t now = now_ns();
	uint64_t lost = 0;
	bool pass;

	pthread_mutex_lock(&log->lock);
	pass = bucket_take(bucket, now, &lost);
	pthread_mutex_unlock(&log->lock);
	if (!pass)
		return;
	if (lost) {
		snprintf(text, sizeof(text), "(%llu lines left out)", (unsigned long long)lost);
		emit(log, now, text);
	}
	vsnprintf(text, sizeof(text), format, args);
	emit(log, now, text);
}

void log_line(struct log *log, const char *format, ...)
{
	va_list args;

	if (!log)
		return;
	va_start(args, format);
	say(log, &log->line, format, args);
	va_end(args);
}

void log_debug(struct log *log, const char *format, ...)
{
	va_list args;

	if (!log || !log->verbose)
		return;
	va_start(args, format);
	say(log, &log->debug, format, args);
	va_end(args);
}
