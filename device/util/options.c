// SPDX-License-Identifier: MIT
#include "util/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vkfd_hw/pci.h"
#include "vkfd_hw/regs.h"

#define MIN_VRAM   (64ull << 20)
#define MAX_VRAM   (64ull << 30)
#define MAX_CUS	   104u
#define DEFAULT_CUS 8u

const char options_help[] =
	"usage: vkfd-gpu --socket-dir DIR [options]\n"
	"Virtual compute GPUs for QEMU's vfio-user-pci, one socket each: DIR/gpuN.sock.\n"
	"Prints 'ready' when all sockets listen; ends when all clients have gone.\n"
	"\n"
	"  --gpus N          number of GPUs, 1 to 8 (default 1)\n"
	"  --vram BYTES      memory of each, a power of two from 64M to 64G (default 512M)\n"
	"  --cus N           compute units of each, 1 to 104 (default 8)\n"
	"  --seed N          number of all timing choices (default 0)\n"
	"  --link xgmi|pcie  GPUs reach each other's memory or not (default xgmi)\n"
	"  --mode dgpu|coherent|apu\n"
	"                    VRAM behind PCIe, VRAM that the CPU uses in place, or none\n"
	"                    for programs (default dgpu)\n"
	"  --log FILE        append the log to FILE (default: standard error)\n"
	"  -v                also log every mapping and reset\n"
	"  --die-with-parent end when the starting process does\n"
	"  --no-seccomp      leave out the system call filter: for debuggers and sanitizers\n"
	"  --help, --version\n";

/* Where the parser is, and where a complaint goes. */
struct parse {
	struct options *options;
	char *error;
	size_t room;
};

typedef bool option_setter(struct parse *parse, const char *value);

struct option_row {
	const char *name;
	option_setter *set;
	bool has_value;
};

static bool refuse(struct parse *parse, const char *why, const char *value)
{
	snprintf(parse->error, parse->room, "%s: '%s'", why, value);
	return false;
}

static bool number(const char *text, u64 *value, const char **rest)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*value = strtoull(text, &end, 0);
	*rest = end;
	return !errno;
}

static bool number_between(const char *text, u64 low, u64 high, u64 *value)
{
	const char *rest;

	return number(text, value, &rest) && !*rest && *value >= low && *value <= high;
}

static bool set_gpus(struct parse *parse, const char *value)
{
	u64 gpus;

	if (!number_between(value, 1, VKFD_MAX_GPUS, &gpus))
		return refuse(parse, "--gpus wants 1 to 8", value);
	parse->options->gpus = (u32)gpus;
	return true;
}

static bool set_cus(struct parse *parse, const char *value)
{
	u64 cus;

	if (!number_between(value, 1, MAX_CUS, &cus))
		return refuse(parse, "--cus wants 1 to 104", value);
	parse->options->cus = (u32)cus;
	return true;
}

static bool set_seed(struct parse *parse, const char *value)
{
	if (!number_between(value, 0, UINT64_MAX, &parse->options->seed))
		return refuse(parse, "--seed wants a number", value);
	return true;
}

/* Power of the unit, or -1 for a suffix we do not know. */
static int unit_shift(const char *suffix)
{
	static const char units[] = "KMGT";
	const char *unit;

	if (!*suffix)
		return 0;
	unit = strchr(units, *suffix & ~0x20);
	return unit && !suffix[1] ? 10 * (int)(unit - units + 1) : -1;
}

static bool set_vram(struct parse *parse, const char *value)
{
	const char *rest;
	u64 bytes;
	int shift;

	if (!number(value, &bytes, &rest))
		return refuse(parse, "--vram wants a size like 512M", value);
	shift = unit_shift(rest);
	if (shift < 0 || bytes > MAX_VRAM >> shift || bytes << shift < MIN_VRAM || bytes & (bytes - 1))
		return refuse(parse, "--vram wants a power of two from 64M to 64G", value);
	parse->options->vram_bytes = bytes << shift;
	return true;
}

static bool set_link(struct parse *parse, const char *value)
{
	parse->options->xgmi = !strcmp(value, "xgmi");
	if (!parse->options->xgmi && strcmp(value, "pcie"))
		return refuse(parse, "--link wants xgmi or pcie", value);
	return true;
}

static bool set_mode(struct parse *parse, const char *value)
{
	static const struct {
		const char *name;
		u32 features;
	} modes[] = {
		{ "dgpu", 0 },
		{ "coherent", (u32)VKFD_FEATURE_COHERENT },
		{ "apu", (u32)VKFD_FEATURE_APU },
	};

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(value, modes[i].name))
			continue;
		parse->options->mode = modes[i].features;
		return true;
	}
	return refuse(parse, "--mode wants dgpu, coherent or apu", value);
}

static bool set_socket_dir(struct parse *parse, const char *value)
{
	parse->options->socket_dir = value;
	return true;
}

static bool set_log(struct parse *parse, const char *value)
{
	parse->options->log_file = value;
	return true;
}

static bool set_verbose(struct parse *parse, const char *value)
{
	(void)value;
	parse->options->verbose = true;
	return true;
}

static bool set_die_with_parent(struct parse *parse, const char *value)
{
	(void)value;
	parse->options->die_with_parent = true;
	return true;
}

static bool set_no_seccomp(struct parse *parse, const char *value)
{
	(void)value;
	parse->options->seccomp = false;
	return true;
}

static bool set_help(struct parse *parse, const char *value)
{
	(void)value;
	parse->options->help = true;
	return true;
}

static bool set_version(struct parse *parse, const char *value)
{
	(void)value;
	parse->options->version = true;
	return true;
}

static const struct option_row option_rows[] = {
	{ "--gpus", set_gpus, true },
	{ "--socket-dir", set_socket_dir, true },
	{ "--vram", set_vram, true },
	{ "--cus", set_cus, true },
	{ "--seed", set_seed, true },
	{ "--link", set_link, true },
	{ "--mode", set_mode, true },
	{ "--log", set_log, true },
	{ "-v", set_verbose, false },
	{ "--die-with-parent", set_die_with_parent, false },
	{ "--no-seccomp", set_no_seccomp, false },
	{ "--help", set_help, false },
	{ "--version", set_version, false },
};

/* "--name" or "--name=value"; @value points behind the "=". */
static const struct option_row *find_row(const char *arg, const char **value)
{
	for (size_t i = 0; i < sizeof(option_rows) / sizeof(option_rows[0]); i++) {
		const struct option_row *row = &option_rows[i];
		size_t len = strlen(row->name);

		if (strncmp(arg, row->name, len))
			continue;
		*value = arg[len] == '=' && row->has_value ? arg + len + 1 : NULL;
		if (!arg[len] || *value)
			return row;
	}
	return NULL;
}

bool options_parse(struct options *options, int argc, char *const *argv, char *error, size_t room)
{
	struct parse parse = { .options = options, .error = error, .room = room };

	*options = (struct options){ .gpus = 1,
				     .vram_bytes = 512ull << 20,
				     .cus = DEFAULT_CUS,
				     .xgmi = true,
				     .seccomp = true };
	for (int i = 1; i < argc; i++) {
		const char *value;
		const struct option_row *row = find_row(argv[i], &value);

		if (!row)
			return refuse(&parse, "unknown option", argv[i]);
		if (row->has_value && !value && ++i == argc)
			return refuse(&parse, "option wants a value", row->name);
		if (row->has_value && !value)
			value = argv[i];
		if (!row->set(&parse, value))
			return false;
		if (options->help || options->version)
			return true;
	}
	if (!options->socket_dir)
		return refuse(&parse, "option is missing", "--socket-dir");
	return true;
}
