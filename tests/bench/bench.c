// SPDX-License-Identifier: MIT
/* What the sections share: time, children, verdicts. */
#include "bench.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

double bench_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void *bench_shared(size_t bytes)
{
	void *addr = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (addr == MAP_FAILED) {
		perror("svm_bench: shared memory");
		exit(1);
	}
	return addr;
}

bool bench_child(const char *what, void (*fn)(void *arg), void *arg)
{
	int status = 0;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		fn(arg);
		fflush(NULL);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror("svm_bench: child");
		exit(1);
	}
	if (status)
		fprintf(stderr, "svm_bench: %s ended with %s %d\n", what,
			WIFSIGNALED(status) ? "signal" : "status",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return !status;
}

void bench_best(double *best, double seconds)
{
	if (*best <= 0 || seconds < *best)
		*best = seconds;
}

static void verdict(struct bench *b, const char *what, double value, const char *sign,
		    double bound, bool met)
{
	b->missed += !met;
	if (b->json)
		printf("{\"target\":\"%s\",\"value\":%.3f,\"bound\":%.3f,\"met\":%s}\n", what,
		       value, bound, met ? "true" : "false");
	else
		printf("  %-62s %8.2f  %s %.2f  %s\n", what, value, sign, bound,
		       met ? "met" : "MISSED");
}

void bench_target(struct bench *b, const char *what, double value, double target)
{
	verdict(b, what, value, ">=", target, value >= target);
}

void bench_limit(struct bench *b, const char *what, double value, double limit)
{
	verdict(b, what, value, "<=", limit, value >= 0 && value <= limit);
}
