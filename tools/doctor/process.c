// SPDX-License-Identifier: MIT
/*
 * The process: its environment, and what the driver answers when asked for the
 * mode. The question is put for this program's own process only, which has no
 * queues and ends soon.
 */
#include "doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/kfd_ioctl.h>

const char *variable(const struct doctor *d, const char *name)
{
	size_t len = strlen(name);

	if (!d->environ)
		return getenv(name);
	for (const char *at = d->environ; at < d->environ + d->environ_len; at += strlen(at) + 1)
		if (!strncmp(at, name, len) && at[len] == '=')
			return at + len + 1;
	return NULL;
}

static int ask(int fd, int mode)
{
	struct kfd_ioctl_set_xnack_mode_args args = { .xnack_enabled = mode };

	return ioctl(fd, AMDKFD_IOC_SET_XNACK_MODE, &args) ? -errno : args.xnack_enabled;
}

/** struct answer - of the driver: 0, 1, or a negative errno; -ENOTTY: not asked */
struct answer {
	int without, on;
};

static struct answer ask_driver(const struct doctor *d)
{
	struct answer answer = { -ENOTTY, -ENOTTY };
	int fd = d->root[0] ? -1 : open("/dev/kfd", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return answer;
	answer.without = ask(fd, -1);
	answer.on = ask(fd, 1);
	close(fd);
	return answer;
}

static bool all_gpus(const struct doctor *d, bool by_default)
{
	for (unsigned int i = 0; i < d->nr_gpus; i++)
		if (d->gpus[i].gfx >= 90000 &&
		    !(by_default ? d->gpus[i].default_on : d->gpus[i].can_xnack))
			return false;
	return d->nr_gpus > 0;
}

static void check_mode(struct doctor *d, const struct answer *answer)
{
	const char *wanted = variable(d, "HSA_XNACK");
	bool by_default = answer->without >= 0 ? answer->without : all_gpus(d, true);

	if (wanted && !strcmp(wanted, "1")) {
		d->xnack_on = all_gpus(d, false);
		if (d->xnack_on && answer->on < 0 && answer->on != -ENOTTY) {
			d->xnack_on = false;
			cause(d, LOSES_XNACK, "driver-refuses",
			      "all GPUs look able, but the driver refuses to turn it on: %s (%s)",
			      strerror(-answer->on), answer->on == -EPERM ?
			      "a virtual function or a GPU that this process cannot see?" : "see dmesg");
		}
	} else if (wanted && !strcmp(wanted, "0")) {
		cause(d, LOSES_XNACK, "hsa-xnack-0", "HSA_XNACK=0 turns it off; set HSA_XNACK=1");
	} else {
		d->xnack_on = by_default;
		if (wanted)
			cause(d, d->xnack_on ? 0 : LOSES_XNACK, "hsa-xnack-ignored",
			      "HSA_XNACK=%s is ignored: only 0 and 1 count, and the mode stays %s; set HSA_XNACK=1",
			      wanted, by_default ? "on" : "off");
		else if (!d->xnack_on && all_gpus(d, false))
			cause(d, LOSES_XNACK, "hsa-xnack-unset",
			      "the driver's mode for a process that does not ask is off; set HSA_XNACK=1");
	}
}

static void check_variables(struct doctor *d)
{
	static const char *const visible[] = {
		"ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL",
	};
	const char *value = variable(d, "HSA_USE_SVM");

	if (value && !strcmp(value, "0"))
		cause(d, LOSES_HMM, "hsa-use-svm-0",
		      "HSA_USE_SVM=0 makes libhsakmt do without SVM; unset it");
	for (size_t i = 0; i < sizeof(visible) / sizeof(visible[0]); i++) {
		value = variable(d, visible[i]);
		if (value && (!*value || !strcmp(value, "-1")))
			cause(d, LOSES_HMM | LOSES_XNACK, "no-visible-device",
			      "%s=%s hides all GPUs from the process; unset it", visible[i], value);
	}
}

/* A process that lives says its mode itself, where the driver tells (vkfd). */
static void check_living(struct doctor *d)
{
	char *text = tree_read(tree_path(d, "/sys/kernel/debug/kfd/proc/%d/svm_ranges", d->pid));
	const char *mode = text ? strstr(text, " xnack ") : NULL;
	bool on = mode && !strncmp(mode, " xnack on", 9);

	if (mode) {
		row("process", "%d: the driver has XNACK %s for it", d->pid, on ? "on" : "off");
		if (!on && d->xnack_on)
			cause(d, LOSES_XNACK, "process-mode",
			      "process %d runs with it off although its environment asks for it: it asked before, by itself, or not through ROCr",
			      d->pid);
		d->xnack_on = on;
	}
	free(text);
}

void check_process(struct doctor *d)
{
	struct answer answer = ask_driver(d);
	const char *wanted = variable(d, "HSA_XNACK");

	if (!d->driver || !d->nr_gpus)
		return;
	row("process", "HSA_XNACK%s%s%s", wanted ? "=" : " is not set", wanted ? wanted : "",
	    answer.without < 0 ? "" : answer.without ? "; without it the driver says on" :
	    "; without it the driver says off");
	check_mode(d, &answer);
	check_variables(d);
	if (d->pid)
		check_living(d);
}
