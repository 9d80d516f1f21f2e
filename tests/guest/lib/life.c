// SPDX-License-Identifier: MIT
/* Taking a GPU from its driver and giving it back, by sysfs. */
#include "life.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "kfd.h"
#include "residency.h"

/* Reads debugfs @file of the first GPU into @text. */
static void driver_read(const char *file, char *text, size_t bytes)
{
	struct kfd_node nodes[MAX_GPUS];
	char path[160];
	ssize_t got, len = 0;
	int fd;

	assert_true(kfd_nodes(nodes) > 0);
	snprintf(path, sizeof(path), "/sys/kernel/debug/vkfd/%u/%s", nodes[0].gpu_id, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail_test("%s: %s", path, strerror(errno));
	while ((got = read(fd, text + len, bytes - 1 - (size_t)len)) > 0)
		len += got;
	close(fd);
	text[len] = 0;
}

void selftest_expect_all_ok(void)
{
	char text[4096];

	driver_read("selftest", text, sizeof(text));
	print_message("%s", text);
	assert_null(strstr(text, "FAILED"));
	assert_non_null(strstr(text, "ok scattered_to_contiguous"));
	assert_non_null(strstr(text, "ok scattered_to_scattered"));
	assert_non_null(strstr(text, "ok vram_to_vram"));
	assert_non_null(strstr(text, "\n0 failed"));
}

static void driver_tell(const char *what, const char *pci)
{
	char path[80];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/vkfd/%s", what);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		fail_test("%s: %s", path, strerror(errno));
	if (write(fd, pci, strlen(pci)) < 0)
		fail_test("%s %s: %s", what, pci, strerror(errno));
	close(fd);
}

void driver_unbind(const char *pci)
{
	driver_tell("unbind", pci);
}

void driver_bind(const char *pci)
{
	driver_tell("bind", pci);
	residency_forget();
}

void gpu_revive(void)
{
	struct kfd_node nodes[MAX_GPUS];
	unsigned int nr = kfd_nodes(nodes);

	assert_true(nr > 0);
	driver_unbind(nodes[0].pci);
	driver_bind(nodes[0].pci);
	assert_int_equal(kfd_nodes(nodes), nr);
	assert_int_equal(driver_stat(0, "state", "lost"), 0);
	selftest_expect_all_ok();
}
