// SPDX-License-Identifier: MIT
/*
 * usage: svm_bench [--json] [--quick] [migrate|fault|scale|instructions]...
 *
 * Measures shared virtual memory in this guest beside what the kernel itself
 * does. Exit status 1 if a target is missed. The guest needs two NUMA nodes, 8 GiB,
 * a GPU with 5 GiB, and test_hmm for all of it; what is not there is shown as 0.
 */
#include "bench.h"

#include <string.h>

static const struct {
	const char *name;
	void (*run)(struct bench *b);
} sections[] = {
	{ "migrate", bench_migrate },
	{ "fault", bench_fault },
	{ "scale", bench_scale },
	{ "instructions", bench_instructions },
};

static int usage(const char *word)
{
	fprintf(stderr, "svm_bench: '%s'? usage: svm_bench [--json] [--quick] [migrate|fault|scale|instructions]...\n",
		word);
	return 2;
}

int main(int argc, char **argv)
{
	struct bench b = { 0 };
	unsigned int chosen = 0, k;

	for (int i = 1; i < argc; i++) {
		for (k = 0; k < ARRAY_LEN(sections) && strcmp(argv[i], sections[k].name); k++)
			;
		if (k < ARRAY_LEN(sections))
			chosen |= 1u << k;
		else if (!strcmp(argv[i], "--json"))
			b.json = true;
		else if (!strcmp(argv[i], "--quick"))
			b.quick = true;
		else
			return usage(argv[i]);
	}
	for (k = 0; k < ARRAY_LEN(sections); k++)
		if (!chosen || chosen & 1u << k)
			sections[k].run(&b);
	return b.missed ? 1 : 0;
}
