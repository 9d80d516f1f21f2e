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

static int sysfs_try_write(const char *folder, const char *file, const char *text)
{
	char path[128];
	int fd, err;

	snprintf(path, sizeof(path), "/sys/%s/%s", folder, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		fail_test("%s: %s", path, strerror(errno));
	err = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return err;
}

static void sysfs_write(const char *folder, const char *file, const char *text)
{
	int err = sysfs_try_write(folder, file, text);

	if (err)
		fail_test("/sys/%s/%s %s: %s", folder, file, text, strerror(-err));
}

void driver_parameter(const char *name, const char *value)
{
	sysfs_write("module/vkfd/parameters", name, value);
}

void gpu_stays_lost(void)
{
	driver_parameter("recovery", "N");
}

void driver_unbind(const char *pci)
{
	sysfs_write("bus/pci/drivers/vkfd", "unbind", pci);
}

void driver_bind(const char *pci)
{
	sysfs_write("bus/pci/drivers/vkfd", "bind", pci);
	residency_forget();
}

int gpu_reset(const char *how)
{
	struct kfd_node nodes[MAX_GPUS];
	char folder[80];

	assert_true(kfd_nodes(nodes) > 0);
	if (!strcmp(how, "kept") || !strcmp(how, "lost")) {
		snprintf(folder, sizeof(folder), "kernel/debug/vkfd/%u", nodes[0].gpu_id);
		return sysfs_try_write(folder, "gpu_recover", how);
	}
	snprintf(folder, sizeof(folder), "bus/pci/devices/%s", nodes[0].pci);
	sysfs_write(folder, "reset_method", how);
	sysfs_write(folder, "reset", "1");
	return driver_stat(0, "state", "lost") ? -EIO : 0;
}

void gpu_revive(void)
{
	struct kfd_node nodes[MAX_GPUS];
	unsigned int nr = kfd_nodes(nodes);

	assert_true(nr > 0);
	driver_unbind(nodes[0].pci);
	driver_bind(nodes[0].pci);
	driver_parameter("recovery", "Y");
	assert_int_equal(kfd_nodes(nodes), nr);
	assert_int_equal(driver_stat(0, "state", "lost"), 0);
	selftest_expect_all_ok();
}

/* Asks the launcher outside, see launcher/supervise/replug.c. */
static void launcher_request(const char *line)
{
	char answer[256] = "";
	size_t len = 0;
	ssize_t got;
	int fd = open("/run/port/gpu", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		fail_test("/run/port/gpu: %s", strerror(errno));
	assert_int_equal(write(fd, line, strlen(line)), strlen(line));
	while (!strchr(answer, '\n') && len < sizeof(answer) - 1) {
		got = read(fd, answer + len, sizeof(answer) - 1 - len);
		if (got <= 0)
			fail_test("/run/port/gpu: %s", got ? strerror(errno) : "no answer");
		len += (size_t)got;
	}
	close(fd);
	if (strcmp(answer, "ok\n"))
		fail_test("%.*s: %s", (int)strlen(line) - 1, line, answer);
}

void gpus_kill(void)
{
	launcher_request("kill\n");
}

void gpus_replug(void)
{
	struct kfd_node nodes[MAX_GPUS];
	unsigned int nr = kfd_nodes(nodes);

	launcher_request("replug\n");
	residency_forget();
	assert_true(wait_until(kfd_count_gpus() == nr, 20000));
	assert_int_equal(driver_stat(0, "state", "lost"), 0);
}
