// SPDX-License-Identifier: MIT
/*
 * The kernel: old enough, built with what HMM needs, driver loaded or kept
 * from loading.
 */
#include "doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vkfd_hw/pci.h"

#define AMD_PCI_VENDOR 0x1002

/** struct symbol - what the configuration must have, and for whom (NULL: both) */
struct symbol {
	const char *name, *driver, *id, *why;
};

static const struct symbol symbols[] = {
	{ "ZONE_DEVICE", NULL, "no-zone-device",
	  "VRAM gets no struct pages, so no page can live there" },
	{ "DEVICE_PRIVATE", NULL, "no-device-private",
	  "a page that is in VRAM cannot be described in a CPU page table" },
	{ "HMM_MIRROR", NULL, "no-hmm-mirror", "a driver cannot follow CPU page tables" },
	{ "MMU_NOTIFIER", NULL, "no-mmu-notifier", "a driver does not hear of changed page tables" },
	{ "DRM_GPUSVM", "vkfd", "no-drm-gpusvm", "vkfd builds on the kernel's GPU SVM helpers" },
	{ "HSA_AMD", "amdgpu", "no-hsa-amd", "amdgpu is built without KFD, so without compute" },
	{ "HSA_AMD_SVM", "amdgpu", "no-hsa-amd-svm", "KFD is built without SVM" },
};

/* The decompressed configuration; gzip does it, in a child without a shell. */
static char *read_gz(const char *path)
{
	char *text = NULL;
	size_t len = 0, room = 1 << 20;
	int pipe_fd[2];
	ssize_t got = 0;
	pid_t child;

	if (pipe(pipe_fd))
		return NULL;
	child = fork();
	if (!child) {
		dup2(pipe_fd[1], STDOUT_FILENO);
		close(pipe_fd[0]);
		close(pipe_fd[1]);
		execlp("gzip", "gzip", "-dc", path, (char *)NULL);
		_exit(127);
	}
	close(pipe_fd[1]);
	text = malloc(room);
	while (text && len < room - 1 && (got = read(pipe_fd[0], text + len, room - 1 - len)) > 0)
		len += (size_t)got;
	close(pipe_fd[0]);
	if (child > 0)
		waitpid(child, NULL, 0);
	if (!text || !len) {
		free(text);
		return NULL;
	}
	text[len] = '\0';
	return text;
}

static char *read_config(const struct doctor *d, const char *release, const char **source)
{
	static char found[1024];
	char *text;

	*source = found;
	snprintf(found, sizeof(found), "%s", tree_path(d, "/proc/config.gz"));
	text = tree_exists(found) ? read_gz(found) : NULL;
	if (text)
		return text;
	snprintf(found, sizeof(found), "%s", tree_path(d, "/boot/config-%s", release));
	text = tree_read(found);
	if (text)
		return text;
	snprintf(found, sizeof(found), "%s", tree_path(d, "/lib/modules/%s/config", release));
	return tree_read(found);
}

static bool config_has(const char *config, const char *name)
{
	char line[80];
	size_t len = (size_t)snprintf(line, sizeof(line), "CONFIG_%s=", name);

	for (const char *at = config; (at = strstr(at, line)); at += len)
		if ((at == config || at[-1] == '\n') && (at[len] == 'y' || at[len] == 'm'))
			return true;
	return false;
}

/* vkfd is tested for first: its companion is named amdgpu too. */
static const char *loaded_driver(const struct doctor *d)
{
	if (tree_exists(tree_path(d, "/sys/module/vkfd")))
		return "vkfd";
	if (tree_exists(tree_path(d, "/sys/module/amdgpu")))
		return "amdgpu";
	return NULL;
}

static void check_config(struct doctor *d, const char *release)
{
	const char *driver = d->driver ? d->driver : "amdgpu", *source;
	char *config = read_config(d, release, &source);

	row("kernel", "%s, %s%s", release,
	    config ? "configuration from " : "its configuration is nowhere to be read",
	    config ? source : "");
	for (size_t i = 0; config && i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		const struct symbol *s = &symbols[i];

		if ((!s->driver || !strcmp(s->driver, driver)) && !config_has(config, s->name))
			cause(d, LOSES_HMM | LOSES_XNACK, s->id,
			      "the kernel is built without CONFIG_%s: %s; use a kernel that has it",
			      s->name, s->why);
	}
	free(config);
}

void check_kernel(struct doctor *d)
{
	char *release = tree_read(tree_path(d, "/proc/sys/kernel/osrelease"));
	unsigned int major = 0, minor = 0;

	d->driver = loaded_driver(d);
	if (!release || sscanf(release, "%u.%u", &major, &minor) != 2) {
		row("kernel", "unknown: no /proc/sys/kernel/osrelease");
	} else if (major < 5 || (major == 5 && minor < 14)) {
		row("kernel", "%s", release);
		cause(d, LOSES_HMM | LOSES_XNACK, "kernel-too-old",
		      "Linux %u.%u has no GPU SVM; amdgpu has it since 5.14", major, minor);
	} else {
		check_config(d, release);
	}
	free(release);
}

/** struct device_search - GPUs on the PCI bus */
struct device_search {
	const struct doctor *d;
	unsigned int found, unbound, amd;
	char first_unbound[32];
};

static bool look_at_device(const char *name, void *arg)
{
	struct device_search *search = arg;
	const char *dir = "/sys/bus/pci/devices";
	long long vendor = 0, class = 0;

	if (!tree_number(tree_path(search->d, "%s/%s/vendor", dir, name), &vendor) ||
	    !tree_number(tree_path(search->d, "%s/%s/class", dir, name), &class))
		return false;
	/* A display controller or a processing accelerator. Ours has an id of its own. */
	if (!(vendor == AMD_PCI_VENDOR && (class >> 16 == 0x03 || class >> 16 == 0x12)) &&
	    !(vendor == VKFD_PCI_VENDOR_ID && class == VKFD_PCI_CLASS))
		return false;
	search->found++;
	search->amd += vendor == AMD_PCI_VENDOR;
	if (!tree_exists(tree_path(search->d, "%s/%s/driver", dir, name)) && !search->unbound++)
		snprintf(search->first_unbound, sizeof(search->first_unbound), "%.31s", name);
	return false;
}

struct blacklist_search {
	const struct doctor *d;
	const char *dir;
	char file[512];
};

static bool look_at_conf(const char *name, void *arg)
{
	struct blacklist_search *search = arg;
	char *text = tree_read(tree_path(search->d, "%s/%s", search->dir, name));
	bool found = false;

	for (char *line = text ? strtok(text, "\n") : NULL; line && !found; line = strtok(NULL, "\n")) {
		char module[16] = "";

		found = sscanf(line, " blacklist %15s", module) == 1 && !strcmp(module, "amdgpu");
	}
	free(text);
	if (found)
		snprintf(search->file, sizeof(search->file), "%s/%.400s", search->dir, name);
	return found;
}

/* True if amdgpu is in a list of modules that must not be loaded. */
static bool blacklisted_at_boot(const char *cmdline)
{
	static const char *const names[] = { "modprobe.blacklist=", "module_blacklist=" };

	for (size_t i = 0; i < 2; i++) {
		for (const char *at = cmdline; (at = strstr(at, names[i])); at++) {
			size_t len = strcspn(at, " ");
			const char *module = strstr(at, "amdgpu");

			if (module && module < at + len)
				return true;
		}
	}
	return false;
}

static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = text; (at = strstr(at, word)); at += len)
		if ((at == text || at[-1] == ' ') && (!at[len] || at[len] == ' '))
			return true;
	return false;
}

/* Why amdgpu is not there, although there is a GPU for it. One cause, the first that explains it. */
static void driver_missing(struct doctor *d)
{
	static const char *const dirs[] = { "/etc/modprobe.d", "/lib/modprobe.d", "/usr/lib/modprobe.d" };
	char *cmdline = tree_read(tree_path(d, "/proc/cmdline"));
	struct blacklist_search search = { .d = d };
	unsigned int lost = LOSES_HMM | LOSES_XNACK;

	for (size_t i = 0; i < 3 && !search.file[0]; i++) {
		search.dir = dirs[i];
		tree_each(tree_path(d, "%s", dirs[i]), look_at_conf, &search);
	}
	if (cmdline && blacklisted_at_boot(cmdline))
		cause(d, lost, "driver-blacklisted",
		      "the kernel's command line keeps amdgpu from being loaded; remove it there, or modprobe amdgpu");
	else if (search.file[0])
		cause(d, lost, "driver-blacklisted",
		      "%s keeps amdgpu from being loaded; remove it there, or modprobe amdgpu",
		      search.file);
	else if (cmdline && has_word(cmdline, "nomodeset"))
		cause(d, lost, "nomodeset",
		      "the kernel was booted with nomodeset, so amdgpu refuses to load; boot without it");
	else
		cause(d, lost, "no-driver",
		      "amdgpu is not loaded; modprobe amdgpu");
	free(cmdline);
}

void check_driver(struct doctor *d)
{
	struct device_search search = { .d = d };

	tree_each(tree_path(d, "/sys/bus/pci/devices"), look_at_device, &search);
	if (!search.found) {
		row("driver", "%s", d->driver ? d->driver : "none");
		cause(d, LOSES_HMM | LOSES_XNACK, "no-gpu",
		      "no AMD or vkfd GPU on the PCI bus (a virtual machine needs one passed through)");
		return;
	}
	row("driver", "%s, %u GPU%s on the PCI bus", d->driver ? d->driver : "none", search.found,
	    search.found == 1 ? "" : "s");
	if (!d->driver && !search.amd)
		cause(d, LOSES_HMM | LOSES_XNACK, "no-driver", "vkfd is not loaded; insmod vkfd.ko");
	else if (!d->driver)
		driver_missing(d);
	else if (search.unbound)
		cause(d, search.unbound == search.found ? LOSES_HMM | LOSES_XNACK : 0, "gpu-unbound",
		      "no driver is bound to %s (and %u more); dmesg says why the probe failed, or it was given to vfio or unbound",
		      search.first_unbound, search.unbound - 1);
}
