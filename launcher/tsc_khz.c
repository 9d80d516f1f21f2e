// SPDX-License-Identifier: MIT
/*
 * Prints how fast this machine's time stamp counter runs, in kHz.
 *
 * QEMU's TCG hands the host's counter to the guest. A guest kernel that measures it
 * while the host is busy can be wrong by a factor, and then all of its clocks are;
 * told by us it does not measure. One reading of clock and counter together is as
 * good as the time it took; of several tries the quickest counts, so being
 * preempted does no harm.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

#define TRIES		64
#define APART_NS	50000000	/* 2 us of error are 0.004 % */

struct moment {
	uint64_t ns, tsc;
};

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static struct moment now(void)
{
	struct moment best = { 0, 0 };
	uint64_t shortest = UINT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		uint64_t before = __rdtsc(), ns = clock_ns(), took = __rdtsc() - before;

		if (took < shortest) {
			shortest = took;
			best = (struct moment){ ns, before + took / 2 };
		}
	}
	return best;
}

int main(void)
{
	const struct timespec apart = { .tv_nsec = APART_NS };
	struct moment first = now(), second;
	uint64_t ns;

	nanosleep(&apart, NULL);
	second = now();
	ns = second.ns - first.ns;
	if (!ns || second.tsc <= first.tsc) {
		fputs("tsc-khz: the time stamp counter does not run\n", stderr);
		return 1;
	}
	printf("%llu\n", (unsigned long long)((second.tsc - first.tsc) * 1000000 / ns));
	return 0;
}
