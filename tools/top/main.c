// SPDX-License-Identifier: MIT
/*
 * usage: vkfd-top [--once] [--interval SECONDS]
 *
 * Processes that use the GPUs, where their pages are, GPU faults and
 * migrations by cause, VRAM and evictions; live, or once as lines of text. On a
 * terminal that cannot place a cursor, or none: text again and again.
 *
 *   q quit   up, down (k, j) another process   PgUp, PgDn (b, space) its areas
 *   r ask the terminal for its size (serial line)   Ctrl-L draw anew
 */
#include "top.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
	"usage: vkfd-top [--once] [--interval SECONDS]\n"
	"Shows what the GPUs' processes do; --once prints it as text.\n";

static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = stop };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	sigaction(SIGPIPE, &action, NULL);
}

static void wait_s(double seconds)
{
	struct timespec ts = { (time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9) };

	nanosleep(&ts, NULL);
}

static void run_plain(bool once, double interval)
{
	struct sample before, now;

	sample_take(&before, events_poll());
	do {
		wait_s(interval);
		if (stopped)
			break;
		sample_take(&now, events_poll());
		plain_print(&before, &now);
		sample_free(&before);
		before = now;
	} while (!once && !stopped && !ferror(stdout));
	sample_free(&before);
}

static uint64_t ms_since(uint64_t ns)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec - ns) / 1000000u;
}

/* A key is served and shown at once; a new look is taken once an interval. */
static void run_screen(double interval)
{
	uint64_t interval_ms = (uint64_t)(interval * 1000), age;
	struct sample before, now;
	bool go_on = true;

	sample_take(&before, events_poll());
	sample_take(&now, events_poll());
	while (go_on && !stopped) {
		screen_draw(&before, &now, interval);
		age = ms_since(now.ns);
		if (age < interval_ms) {
			go_on = screen_key((int)(interval_ms - age));
			age = ms_since(now.ns);
		}
		if (age >= interval_ms) {
			sample_free(&before);
			before = now;
			sample_take(&now, events_poll());
		}
	}
	sample_free(&before);
	sample_free(&now);
}

static bool parse(int argc, char **argv, bool *once, double *interval)
{
	char *end;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--once")) {
			*once = true;
		} else if (!strcmp(argv[i], "--interval") && i + 1 < argc) {
			*interval = strtod(argv[++i], &end);
			if (*end || !(*interval >= 0.1 && *interval <= 3600))
				return false;
		} else {
			return false;
		}
	}
	return true;
}

int main(int argc, char **argv)
{
	double interval = 1;
	bool once = false;

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		fputs(usage, stdout);
		return 0;
	}
	if (!parse(argc, argv, &once, &interval)) {
		fputs(usage, stderr);
		return 2;
	}
	if (access("/sys/class/kfd/kfd/proc", R_OK)) {
		fputs("vkfd-top: no /sys/class/kfd/kfd/proc: the driver is not loaded\n", stderr);
		return 1;
	}
	catch_signals();
	events_open();
	if (!once && screen_open()) {
		run_screen(interval);
		screen_close();
	} else {
		run_plain(once, interval);
	}
	events_close();
	return 0;
}
