/* SPDX-License-Identifier: MIT */
#ifndef SHIM_LINUX_KERNEL_H
#define SHIM_LINUX_KERNEL_H

#include <stdarg.h>
#include <stdio.h>
#include <linux/types.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define scnprintf shim_scnprintf

/* As snprintf(), but the value is what was stored. */
static inline __attribute__((format(printf, 3, 4)))
int shim_scnprintf(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(buf, size, format, args);
	va_end(args);
	return size && (size_t)len >= size ? (int)size - 1 : len;
}

#endif
