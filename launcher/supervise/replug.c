// SPDX-License-Identifier: MIT
/*
 * What the guest may ask for on its port "gpu", a line each, answered with "ok"
 * or "error WHY":
 *   kill     end the GPU process with SIGKILL, as a crash of it would
 *   replug   unplug every GPU, start a new GPU process, plug its GPUs in again
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "supervise.h"

#define GPU_ARGUMENT "{\"driver\":\"vfio-user-pci\",\"id\":\""
#define DEATH_MS     10000
/* The guest's driver says goodbye to every process first, on a busy machine. */
#define UNPLUG_MS    120000

static struct child *gpu_process(struct sup *s)
{
	unsigned int i;

	for (i = 0; i < s->children; i++)
		if (!strcmp(s->child[i].name, "vkfd-gpu"))
			return &s->child[i];
	return NULL;
}

/*
 * The processors stand still meanwhile: QEMU 11.1 fails an assertion if the
 * other side goes while a message is under way. DMA and interrupts are cut off
 * anywhere.
 */
static bool gpu_kill(struct sup *s, struct child *gpu, const char **why)
{
	uint64_t end = now_ms() + DEATH_MS;

	*why = s->qmp.error;
	if (gpu->reaped)
		return true;
	if (!qmp_run(s, "stop", "{}"))
		return false;
	gpu->away = true;
	kill(-gpu->pid, SIGKILL);
	while (!gpu->reaped && now_ms() < end && !s->end_signal) {
		stream_poll(s, 10);
		children_reap(s);
	}
	if (!qmp_run(s, "cont", "{}"))
		return false;
	*why = "the GPU process does not die";
	return gpu->reaped;
}

/* The next GPU among QEMU's arguments after @arg, or NULL. */
static char **gpu_next(char **arg)
{
	while (*arg && strncmp(*arg, GPU_ARGUMENT, strlen(GPU_ARGUMENT)))
		arg++;
	return *arg ? arg : NULL;
}

static bool gpus_unplug(struct sup *s, const char **why)
{
	uint64_t end = now_ms() + UNPLUG_MS;
	unsigned int wanted = s->qmp.deleted;
	char **arg = s->qemu->argv;

	for (; (arg = gpu_next(arg)); arg++) {
		const char *id = *arg + strlen(GPU_ARGUMENT);
		char json[64];

		snprintf(json, sizeof(json), "{\"id\":\"%.*s\"}", (int)strcspn(id, "\""), id);
		*why = s->qmp.error;
		if (!qmp_run(s, "device_del", json))
			return false;
		wanted++;
	}
	while (s->qmp.deleted < wanted && now_ms() < end && !s->qemu->reaped && !s->end_signal) {
		stream_poll(s, 100);
		children_reap(s);
	}
	*why = "the guest does not let its GPU go";
	return s->qmp.deleted >= wanted;
}

static bool gpus_plug(struct sup *s, const char **why)
{
	char **arg = s->qemu->argv;

	for (; (arg = gpu_next(arg)); arg++) {
		*why = s->qmp.error;
		if (!qmp_run(s, "device_add", *arg))
			return false;
	}
	return true;
}

static bool gpu_restart(struct sup *s, struct child *gpu, const char **why)
{
	gpu->reaped = false;
	if (child_start(s, gpu)) {
		*why = strerror(errno);
		return false;
	}
	*why = "the new GPU process does not become ready";
	if (!child_wait_ready(s, gpu))
		return false;
	gpu->away = false;
	return true;
}

static bool gpu_replug(struct sup *s, struct child *gpu, const char **why)
{
	return gpu_kill(s, gpu, why) && gpus_unplug(s, why) && gpu_restart(s, gpu, why) &&
	       gpus_plug(s, why);
}

void request_serve(struct sup *s)
{
	struct child *gpu = gpu_process(s);
	const char *why = "no such request";
	char answer[SUP_LINE + 16];
	bool ok = false;

	if (!gpu)
		why = "this guest has no GPU";
	else if (!strcmp(s->request, "kill"))
		ok = gpu_kill(s, gpu, &why);
	else if (!strcmp(s->request, "replug"))
		ok = gpu_replug(s, gpu, &why);
	s->request[0] = '\0';
	if (ok)
		snprintf(answer, sizeof(answer), "ok\n");
	else
		snprintf(answer, sizeof(answer), "error %s\n", why);
	send(s->pair[PAIR_GPU].host, answer, strlen(answer), MSG_DONTWAIT | MSG_NOSIGNAL);
}
