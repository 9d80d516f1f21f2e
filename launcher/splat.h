/* SPDX-License-Identifier: MIT */
/*
 * What counts as a complaint of the kernel. Shared by the supervisor, which
 * reads the serial line, and by the guest's test runner, which reads
 * /dev/kmsg; both must agree or a splat would be blamed on nobody.
 */
#ifndef VKFD_SPLAT_H
#define VKFD_SPLAT_H

#include <stdbool.h>
#include <string.h>

struct splat_pattern {
	const char *text;
	bool anywhere; /* false: only at the start of the message */
	bool fatal; /* the kernel may not be able to go on */
};

static const struct splat_pattern splat_patterns[] = {
	{ "WARNING: ", false, false },
	{ "BUG: unable to handle", false, true },
	{ "BUG: kernel NULL pointer", false, true },
	{ "BUG: ", false, false },
	{ "watchdog: BUG: ", false, false },
	{ "kernel BUG at", true, true },
	{ "Oops", false, true },
	{ "general protection fault", true, true },
	{ "stack segment:", false, true },
	{ "Kernel panic - not syncing", true, true },
	{ "KASAN: ", true, false },
	{ "KFENCE: ", true, false },
	{ "UBSAN: ", true, false },
	{ "KCSAN: ", true, false },
	{ "DMA-API: ", true, false },
	{ "ODEBUG: ", true, false },
	{ "INFO: task ", true, false },
	{ "blocked for more than", true, false },
	{ "INFO: trying to register non-static key", true, false },
	{ "detected stalls on CPUs", true, false },
	{ "self-detected stall on CPU", true, false },
	{ "expedited stalls on CPUs", true, false },
	{ "possible circular locking dependency", true, false },
	{ "possible recursive locking", true, false },
	{ "possible deadlock", true, false },
	{ "suspicious RCU usage", true, false },
	{ "inconsistent lock state", true, false },
	{ "bad unlock balance", true, false },
	{ "Invalid wait context", true, false },
	{ "refcount_t: ", false, false },
	{ "list_add corruption", true, false },
	{ "list_del corruption", true, false },
	{ "Bad page state", true, false },
	{ "Bad rss-counter state", true, false },
	{ "scheduling while atomic", true, false },
	{ "trap: divide error", true, true },
};

/* DMA-API and others also announce themselves at boot. */
static const char *const splat_harmless[] = {
	"DMA-API: preallocated",
	"DMA-API: debugging enabled",
	"DMA-API: debugging disabled",
};

/*
 * What the tests of fault injection provoke: dma-debug, refused memory for its own
 * bookkeeping, gives up. Their marks in the log (kmsg_mark()) say when.
 */
#define SPLAT_MARK	"vkfd-test: "
#define SPLAT_INJECTING	"guest.failnth"
#define SPLAT_INJECTED	"DMA-API: cacheline tracking ENOMEM, dma-debug disabled"

/* Skips the "[   12.345678] " that the kernel puts before a message. */
static inline const char *splat_message(const char *line)
{
	const char *p = line;

	while (*p == '\r' || *p == ' ')
		p++;
	while (*p == '[') {
		const char *end = strchr(p, ']');

		if (!end)
			break;
		p = end + 1;
		while (*p == ' ')
			p++;
	}
	return p;
}

/* The pattern that a log line matches, or NULL for an ordinary line. Lines come in order. */
static inline const struct splat_pattern *splat_find(const char *line)
{
	static bool injecting;
	const char *msg = splat_message(line);
	size_t i;

	if (!strncmp(msg, SPLAT_MARK, strlen(SPLAT_MARK)))
		injecting = !strncmp(msg + strlen(SPLAT_MARK), SPLAT_INJECTING,
				     strlen(SPLAT_INJECTING));
	if (injecting && !strncmp(msg, SPLAT_INJECTED, strlen(SPLAT_INJECTED)))
		return NULL;
	for (i = 0; i < sizeof(splat_harmless) / sizeof(*splat_harmless); i++)
		if (!strncmp(msg, splat_harmless[i], strlen(splat_harmless[i])))
			return NULL;
	for (i = 0; i < sizeof(splat_patterns) / sizeof(*splat_patterns); i++) {
		const struct splat_pattern *p = &splat_patterns[i];

		if (p->anywhere ? strstr(msg, p->text) != NULL :
				  !strncmp(msg, p->text, strlen(p->text)))
			return p;
	}
	return NULL;
}

#endif
