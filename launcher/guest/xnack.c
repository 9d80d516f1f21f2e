// SPDX-License-Identifier: MIT
/*
 * Asks the driver about XNACK: which modes a fresh process may choose.
 * Prints "on", "off", "on or off" or the error, for `vkfd doctor`.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/kfd_ioctl.h>

static int xnack(int fd, int mode)
{
	struct kfd_ioctl_set_xnack_mode_args args = { .xnack_enabled = mode };

	if (ioctl(fd, AMDKFD_IOC_SET_XNACK_MODE, &args))
		return -errno;
	return args.xnack_enabled;
}

int main(void)
{
	int fd = open("/dev/kfd", O_RDWR | O_CLOEXEC);
	int now, on, off;

	if (fd < 0) {
		printf("unknown: /dev/kfd: %s\n", strerror(errno));
		return 1;
	}
	now = xnack(fd, -1);
	on = xnack(fd, 1);
	off = xnack(fd, 0);
	close(fd);
	if (now < 0) {
		printf("off: the driver cannot tell (%s)\n", strerror(-now));
		return 1;
	}
	printf("%s for a process that does not ask; HSA_XNACK=1 %s, HSA_XNACK=0 %s\n",
	       now ? "on" : "off", on < 0 ? strerror(-on) : "works",
	       off < 0 ? strerror(-off) : "works");
	return on < 0;
}
