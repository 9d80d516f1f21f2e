/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_UTIL_LOG_H
#define VKFD_DEVICE_UTIL_LOG_H

#include <stdbool.h>

/*
 * The device's log: whole lines to one descriptor, from any thread. What a
 * guest or a client can provoke is rate limited, so neither can fill a disk;
 * the number of lines left out is said when there is room again.
 */
struct log;

/**
 * log_create() - Start a log
 * @fd:	     Descriptor to write to; stays the caller's.
 * @verbose: Also write log_debug() lines.
 *
 * Return: the log, or NULL when memory is short.
 */
struct log *log_create(int fd, bool verbose);
void log_destroy(struct log *log);

/* One line, no newline at the end. A NULL @log is a log nobody reads. */
void log_line(struct log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_debug(struct log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
