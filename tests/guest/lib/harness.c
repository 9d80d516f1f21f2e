// SPDX-License-Identifier: MIT
/*
 * One process a test: the launcher calls a suite with --list, then once for
 * each name. cmocka's asserts end a test; a watchdog ends a process that hangs.
 */
#include "harness.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define EXIT_SKIPPED	4
#define EXIT_HUNG	124
#define WATCHDOG_SECONDS 120

static const struct guest_test *running;

unsigned int harness_slow(void)
{
	const char *flavour = getenv("VKFD_FLAVOUR");

	return flavour && !strcmp(flavour, "debug") ? 6 : 1;
}

u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000000000ull + (u64)ts.tv_nsec;
}

struct deadline deadline_in(unsigned int ms)
{
	return (struct deadline){ .end_ns = now_ns() + (u64)ms * harness_slow() * 1000000ull };
}

bool deadline_poll(struct deadline *d)
{
	const struct timespec moment = { .tv_nsec = 200000 };

	if (now_ns() >= d->end_ns)
		return false;
	/* Short waits end while yielding, long ones leave the processor alone. */
	if (d->polls++ < 64)
		sched_yield();
	else
		nanosleep(&moment, NULL);
	return true;
}

static u64 splitmix(u64 *state)
{
	u64 z = (*state += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

u64 harness_random(void)
{
	static u64 state;
	static bool seeded;

	if (!seeded) {
		const char *text = getenv("VKFD_SEED");
		u32 chosen;

		/* Not longer than what ./vkfd test --seed takes. */
		if (getrandom(&chosen, sizeof(chosen), 0) != sizeof(chosen))
			chosen = (u32)now_ns();
		state = text && *text ? strtoull(text, NULL, 0) : chosen;
		printf("seed: VKFD_SEED=%llu\n", (unsigned long long)state);
		fflush(stdout);
		seeded = true;
	}
	return splitmix(&state);
}

const char *strerror_neg(int err)
{
	const char *name = err < 0 ? strerrorname_np(-err) : NULL;

	if (!err)
		return "success";
	return name ? name : "unknown error";
}

void skip_test(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("SKIP: ", stdout);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	_exit(EXIT_SKIPPED);
}

void fail_test(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	_fail(__FILE__, __LINE__);
	abort();
}

static void watchdog(int sig)
{
	static const char text[] = "watchdog: the test did not end in time\n";

	(void)sig;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(EXIT_HUNG);
	_exit(EXIT_HUNG);
}

static void run_case(void **state)
{
	(void)state;
	running->run(running->arg);
}

static void list(const struct guest_test *tests, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		printf("%s%s%s\n", tests[i].name, tests[i].tags ? "\t" : "",
		       tests[i].tags ? tests[i].tags : "");
}

/* A test that says how long it may take is believed; the runner ends it then, too. */
static unsigned int watchdog_seconds(const struct guest_test *test)
{
	const char *limit = test->tags ? strstr(test->tags, "timeout=") : NULL;

	return limit ? (unsigned int)atoi(limit + strlen("timeout=")) : WATCHDOG_SECONDS * harness_slow();
}

static int run_one(const struct guest_test *test)
{
	const struct CMUnitTest unit[] = { { test->name, run_case, NULL, NULL, NULL } };

	running = test;
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGALRM, watchdog);
	signal(SIGPIPE, SIG_IGN);
	alarm(watchdog_seconds(test));
	return cmocka_run_group_tests_name(test->name, unit, NULL, NULL) ? 1 : 0;
}

int harness_main(int argc, char **argv, const struct guest_test *tests, size_t nr)
{
	if (argc == 2 && !strcmp(argv[1], "--list")) {
		list(tests, nr);
		return 0;
	}
	for (size_t i = 0; argc == 2 && i < nr; i++)
		if (!strcmp(argv[1], tests[i].name))
			return run_one(&tests[i]);
	fprintf(stderr, "usage: %s --list | NAME\n", argv[0]);
	return 2;
}
