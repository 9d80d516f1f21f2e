// SPDX-License-Identifier: MIT
/* The machine's sleep. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "power.h"

static int text_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	ssize_t done;
	int err = 0;

	if (fd < 0)
		return -errno;
	done = write(fd, text, strlen(text));
	if (done < 0)
		err = -errno;
	close(fd);
	return err;
}

static int suspend(const char *level)
{
	int err;

	if (access("/sys/power/pm_test", W_OK))
		skip_test("this kernel has no /sys/power/pm_test");
	assert_ok(text_write("/sys/power/mem_sleep", "deep"));
	assert_ok(text_write("/sys/module/suspend/parameters/pm_test_delay", "0"));
	assert_ok(text_write("/sys/power/pm_test", level));
	err = text_write("/sys/power/state", "mem");
	assert_ok(text_write("/sys/power/pm_test", "none"));
	return err;
}

int power_test(const char *level)
{
	return suspend(level);
}

int power_sleep(void)
{
	return suspend("none");
}
