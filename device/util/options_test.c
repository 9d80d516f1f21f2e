// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "util/log.h"
#include "util/options.h"
#include "vkfd_hw/regs.h"

static struct options options;
static char error[160];

/* Up to six arguments, NULL ends them. */
static bool parse(char *a, char *b, char *c, char *d, char *e, char *f)
{
	char *argv[] = { "vkfd-gpu", a, b, c, d, e, f, NULL };
	int argc = 0;

	while (argv[argc])
		argc++;
	error[0] = '\0';
	return options_parse(&options, argc, argv, error, sizeof(error));
}

static bool refused(char *name, char *value)
{
	return !parse("--socket-dir", "d", name, value, NULL, NULL) && error[0] && !strchr(error, '\n');
}

static void options_have_defaults(void **state)
{
	(void)state;
	assert_true(parse("--socket-dir", "d", NULL, NULL, NULL, NULL));
	assert_string_equal(options.socket_dir, "d");
	assert_int_equal(options.gpus, 1);
	assert_int_equal(options.vram_bytes, 512ull << 20);
	assert_int_equal(options.cus, 8);
	assert_int_equal(options.seed, 0);
	assert_true(options.xgmi && options.seccomp && !options.verbose);
	assert_int_equal(options.mode, 0);
}

static void options_are_read(void **state)
{
	(void)state;
	assert_true(parse("--socket-dir=d", "--gpus=8", "--vram", "2G", "--link=pcie", "-v"));
	assert_int_equal(options.gpus, 8);
	assert_int_equal(options.vram_bytes, 2ull << 30);
	assert_false(options.xgmi);
	assert_true(options.verbose);
	assert_true(parse("--socket-dir", "d", "--seed", "0xffffffffffffffff", "--cus", "104"));
	assert_true(options.seed == UINT64_MAX);
	assert_int_equal(options.cus, 104);
	assert_true(parse("--socket-dir=d", "--mode", "apu", NULL, NULL, NULL));
	assert_int_equal(options.mode, VKFD_FEATURE_APU);
	assert_true(parse("--socket-dir=d", "--mode=coherent", NULL, NULL, NULL, NULL));
	assert_int_equal(options.mode, VKFD_FEATURE_COHERENT);
	assert_true(parse("--help", NULL, NULL, NULL, NULL, NULL));
	assert_true(options.help);
}

static void options_bad_values_get_one_line(void **state)
{
	(void)state;
	assert_true(refused("--gpus", "0"));
	assert_true(refused("--gpus", "9"));
	assert_true(refused("--gpus", "1x"));
	assert_true(refused("--gpus", "-1"));
	assert_true(refused("--gpus", ""));
	assert_true(refused("--gpus", NULL));
	assert_true(refused("--vram", "32M"));
	assert_true(refused("--vram", "65G"));
	assert_true(refused("--vram", "768M"));
	assert_true(refused("--vram", "1E"));
	assert_true(refused("--vram", "1GB"));
	assert_true(refused("--vram", "18446744073709551616"));
	assert_true(refused("--vram", "9007199254740992K"));
	assert_true(refused("--cus", "105"));
	assert_true(refused("--link", "usb"));
	assert_true(refused("--mode", "igpu"));
	assert_true(refused("--nonsense", NULL));
	assert_true(refused("-vv", NULL));
	assert_false(parse("--gpus", "1", NULL, NULL, NULL, NULL));
}

static void log_is_limited_and_says_so(void **state)
{
	char name[] = "/tmp/vkfd-log-XXXXXX";
	int fd = mkstemp(name);
	struct log *log = log_create(fd, false);
	off_t end;

	(void)state;
	unlink(name);
	for (int i = 0; i < 10000; i++)
		log_line(log, "line %d", i);
	end = lseek(fd, 0, SEEK_CUR);
	assert_true(end > 200 * 10);
	assert_true(end < 1000 * 40);
	log_debug(log, "nobody asked for this");
	assert_int_equal(lseek(fd, 0, SEEK_CUR), end);
	log_line(NULL, "nowhere");
	log_destroy(log);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_have_defaults),
		cmocka_unit_test(options_are_read),
		cmocka_unit_test(options_bad_values_get_one_line),
		cmocka_unit_test(log_is_limited_and_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
