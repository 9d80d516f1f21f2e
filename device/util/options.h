/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_UTIL_OPTIONS_H
#define VKFD_DEVICE_UTIL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include "vkfd_hw/types.h"

struct options {
	const char *socket_dir;
	const char *log_file; /* NULL: standard error */
	u64 vram_bytes;
	u64 seed;
	u32 gpus;
	u32 cus;
	u32 mode; /* VKFD_FEATURE_* of the kind of GPU */
	bool xgmi;
	bool verbose;
	bool die_with_parent;
	bool seccomp;
	bool help;
	bool version;
};

/*
 * Reads the command line. False: @error is one line that says what is wrong.
 * With --help or --version nothing else is looked at.
 */
bool options_parse(struct options *options, int argc, char *const *argv, char *error, size_t room);
extern const char options_help[];

#endif
