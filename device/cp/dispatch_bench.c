// SPDX-License-Identifier: MIT
/*
 * DOC: dispatch_bench - what a workgroup costs before its first instruction
 *
 * usage: dispatch_bench [--json]
 *
 * Launches grids of GROUPS workgroups of one, four and sixteen waves, whose code
 * is a single s_endpgm, from a PM4 queue of a whole GPU, and waits for the fence
 * behind them: packets, launch, registers, LDS, end. The best of ROUNDS counts.
 * Exits 1 if a group of one wave costs more than GOAL_NS of time.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "cp/fake_kernels.h"

#define GROUPS	262144u
#define ROUNDS	5u
#define FENCE	0x8000u
#define GOAL_NS	10000.0

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Nanoseconds a group; 0: the fence did not come. */
static double measure(struct fake_compute *bench, u32 waves)
{
	static const u32 code[] = { 0xbf810000 };	/* s_endpgm */
	struct fake_launch launch = LAUNCH(CODE(bench, 0, code), DATA(0), .dim = { GROUPS },
					   .threads = { 64 * waves });
	static u32 fence;
	double best = 0;

	for (u32 round = 0; round < ROUNDS; round++) {
		double start, took;

		fake_launch(&bench->queue, &launch);
		fake_fence(&bench->queue, FENCE, ++fence);
		start = now();
		fake_cq_submit(&bench->queue);
		if (!fake_wait32(data32(bench, FENCE), fence))
			return 0;
		took = now() - start;
		if (!best || took < best)
			best = took;
	}
	return best * 1e9 / GROUPS;
}

int main(int argc, char **argv)
{
	static const u32 waves[] = { 1, 4, 16 };
	bool json = argc > 1 && !strcmp(argv[1], "--json");
	struct fake_compute *bench = fake_compute_start(0, 0);
	int missed = 0;

	if (!json)
		printf("a grid of %u empty workgroups\n%-20s %10s\n", GROUPS, "waves in a group", "ns each");
	for (size_t i = 0; i < COUNT(waves); i++) {
		double ns = measure(bench, waves[i]);

		if (json)
			printf("{ \"groups\": %u, \"waves\": %u, \"ns_per_group\": %.1f }\n", GROUPS, waves[i], ns);
		else
			printf("%-20u %10.0f\n", waves[i], ns);
		missed |= ns <= 0 || (waves[i] == 1 && ns > GOAL_NS);
	}
	fake_compute_stop(bench);
	if (missed)
		fprintf(stderr, "dispatch_bench: no end, or a group costs more than %.0f ns\n", GOAL_NS);
	return missed;
}
