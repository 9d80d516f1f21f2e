/* SPDX-License-Identifier: MIT */
#ifndef DOCTOR_H
#define DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_GPUS 16

/* What a cause takes away; a cause may take several. */
enum { LOSES_HMM = 1, LOSES_XNACK = 2, LOSES_PROGRAM = 4 };

/**
 * struct gpu - a GPU of the KFD topology
 * @gfx:         gfx_target_version: major * 10000 + minor * 100 + stepping.
 * @arch:        The same as LLVM writes it, "gfx90a".
 * @render:      Minor number of its render node.
 * @can_xnack:   It can replay faults if a process asks.
 * @default_on:  Its faults are replayed for a process that does not ask.
 */
struct gpu {
	unsigned int node, gfx, render;
	char arch[16];
	uint64_t vram_bytes;
	bool svm, can_xnack, default_on;
};

/**
 * struct doctor - one examination
 * @root:    Prefix of all paths that are looked at, "" for this machine.
 * @pid:     Process whose environment counts, 0: our own.
 * @environ: That environment, NUL between and after the variables; NULL: our own.
 * @program: File whose GPU code must load, or NULL.
 * @driver:  "vkfd", "amdgpu" or NULL if neither is loaded.
 * @lost:    LOSES_* of all causes so far.
 */
struct doctor {
	const char *root;
	int pid;
	char *environ;
	size_t environ_len;
	const char *program;

	const char *driver;
	struct gpu gpus[MAX_GPUS];
	unsigned int nr_gpus;
	unsigned int lost, nr_causes;
	bool xnack_on;
};

/* report.c */
/** row() - a line of what was found */
void row(const char *subject, const char *format, ...) __attribute__((format(printf, 2, 3)));
/**
 * cause() - a line of why something is off
 * @loses: LOSES_* flags.
 * @id:    Fixed word that scripts look for.
 */
void cause(struct doctor *d, unsigned int loses, const char *id, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* tree.c: files below the root. Nothing is ever written. */
/** tree_path() - the real path of @path; valid until the next 4 calls */
const char *tree_path(const struct doctor *d, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
bool tree_exists(const char *path);
/** tree_read() - the file as a string, without its last newline; NULL if it cannot be read. Caller frees. */
char *tree_read(const char *path);
/** tree_number() - the number that the file begins with; false if there is none */
bool tree_number(const char *path, long long *value);
/** tree_property() - number of a line "name value" */
bool tree_property(const char *path, const char *name, unsigned long long *value);
/** tree_each() - calls @fn with the name of each entry until it returns true; whether it did */
bool tree_each(const char *dir, bool (*fn)(const char *name, void *arg), void *arg);

/* kernel.c, gpus.c, access.c, process.c, code.c: the steps, in this order */
void check_kernel(struct doctor *d);
void check_driver(struct doctor *d);
void check_gpus(struct doctor *d);
void check_access(struct doctor *d);
void check_process(struct doctor *d);
void check_code(struct doctor *d);

/** variable() - environment variable of the process that is examined, or NULL */
const char *variable(const struct doctor *d, const char *name);
/** arch_name() - 90010 as "gfx90a" */
void arch_name(unsigned int gfx, char name[16]);

#endif
