// SPDX-License-Identifier: MIT
/*
 * usage: vkfd-doctor [--root DIR] [--pid PID] [PROGRAM]
 *
 * Says whether HMM (malloc'ed memory that a GPU uses) and XNACK (GPU accesses
 * that wait for a missing page) are on, and if not, why: one line a cause.
 * PROGRAM is a file whose GPU code must load in that mode. Reads only. Works
 * on any Linux machine with AMD's driver or vkfd's.
 *
 *   --pid PID   with the environment of that process instead of ours
 *   --root DIR  look at the files below DIR instead of this machine's
 *
 * Exit status: 0 HMM and XNACK are on and the code loads, 1 something is off,
 * 2 wrong use.
 */
#include "doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
	"usage: vkfd-doctor [--root DIR] [--pid PID] [PROGRAM]\n"
	"Says whether HMM and XNACK are on for a process, and if not, why.\n";

static bool read_environ(struct doctor *d)
{
	FILE *f = fopen(tree_path(d, "/proc/%d/environ", d->pid), "re");
	size_t room = 1 << 20;

	d->environ = f ? malloc(room) : NULL;
	if (d->environ) {
		d->environ_len = fread(d->environ, 1, room - 1, f);
		d->environ[d->environ_len] = '\0';
	}
	if (f)
		fclose(f);
	return d->environ;
}

static bool parse(struct doctor *d, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--root") && i + 1 < argc)
			d->root = argv[++i];
		else if (!strcmp(argv[i], "--pid") && i + 1 < argc)
			d->pid = atoi(argv[++i]);
		else if (argv[i][0] != '-' && !d->program)
			d->program = argv[i];
		else
			return false;
	}
	return d->pid >= 0 && strlen(d->root) < 512;
}

/* "off: [noretry-set]" would be short; the causes above say it in words. */
static void verdict(const struct doctor *d, const char *what, unsigned int bit, bool on)
{
	if (on && !(d->lost & bit))
		row(what, "on");
	else
		row(what, "off%s", d->nr_causes ? ", for the causes above" : "");
}

int main(int argc, char **argv)
{
	struct doctor d = { .root = "" };
	bool hmm, xnack;

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		fputs(usage, stdout);
		return 0;
	}
	if (!parse(&d, argc, argv)) {
		fputs(usage, stderr);
		return 2;
	}
	if (d.pid && !read_environ(&d)) {
		fprintf(stderr, "vkfd-doctor: cannot read the environment of process %d\n", d.pid);
		return 2;
	}
	check_kernel(&d);
	check_driver(&d);
	check_gpus(&d);
	check_access(&d);
	check_process(&d);
	if (d.lost & LOSES_XNACK)
		d.xnack_on = false;
	check_code(&d);

	hmm = d.nr_gpus && !(d.lost & LOSES_HMM);
	xnack = d.xnack_on && !(d.lost & LOSES_XNACK);
	verdict(&d, "HMM", LOSES_HMM, hmm);
	verdict(&d, "XNACK", LOSES_XNACK, xnack);
	if (d.program)
		row("program", "%s", d.lost & LOSES_PROGRAM ? "does not load" : "loads");
	free(d.environ);
	return !(hmm && xnack && !(d.lost & LOSES_PROGRAM));
}
