// SPDX-License-Identifier: MIT
/* The lines that the doctor prints. */
#include "doctor.h"

#include <stdarg.h>
#include <stdio.h>

void row(const char *subject, const char *format, ...)
{
	va_list args;

	printf("  %-12s ", subject);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

void cause(struct doctor *d, unsigned int loses, const char *id, const char *format, ...)
{
	va_list args;

	d->lost |= loses;
	d->nr_causes++;
	printf("  %-12s [%s] ", "cause", id);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}
