// SPDX-License-Identifier: MIT
/*
 * vkfd-gpu: virtual compute GPUs behind vfio-user sockets. Builds the parts,
 * confines the process, starts the threads, then waits for an end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "gpu.h"
#include "server/server.h"
#include "util/confine.h"
#include "util/log.h"
#include "util/options.h"
#include "vkfd_hw/layout_check.h"

#define EXIT_USAGE 2

/* What the engines of one GPU reach of the outside. */
struct host_side {
	struct server_node *node;
	struct log *log;
	unsigned int index;
};

struct machine {
	struct options options;
	struct log *log;
	struct server *server;
	struct server_node node[VKFD_MAX_GPUS];
	struct host_side host[VKFD_MAX_GPUS];
	struct vram vram[VKFD_MAX_GPUS];
	struct gpu *gpu[VKFD_MAX_GPUS];
	int signals; /* signalfd */
};

static void host_raise_msi(void *opaque)
{
	struct host_side *host = opaque;

	msi_raise(&host->node->function.msi);
}

static void host_log(void *opaque, const char *line)
{
	struct host_side *host = opaque;

	log_line(host->log, "gpu%u: %s", host->index, line);
}

/* One line, the way every failure of the start is told. */
static bool complain(const char *what, int err)
{
	fprintf(stderr, "vkfd-gpu: %s%s%s\n", what, err ? ": " : "", err ? strerror(err) : "");
	return false;
}

static bool open_log(struct machine *machine)
{
	const char *file = machine->options.log_file;
	int fd = STDERR_FILENO;

	if (file) {
		fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
		if (fd < 0)
			return complain(file, errno);
	}
	machine->log = log_create(fd, machine->options.verbose);
	return machine->log || complain("log", ENOMEM);
}

/* The signals that end us arrive as a descriptor, in no thread. */
static bool open_signals(struct machine *machine)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	machine->signals = signalfd(-1, &set, SFD_CLOEXEC);
	return machine->signals >= 0 || complain("signalfd", errno);
}

/* Memory of every GPU, before the filter: it needs files. */
static bool create_memory(struct machine *machine)
{
	for (u32 i = 0; i < machine->options.gpus; i++) {
		int err = vram_init(&machine->vram[i], machine->options.vram_bytes);

		if (err)
			return complain("VRAM", -err);
		machine->node[i].guest = guest_mem_create();
		if (!machine->node[i].guest)
			return complain("guest memory", ENOMEM);
		pci_function_init(&machine->node[i].function, &machine->vram[i], machine->log);
	}
	return true;
}

static bool create_gpu(struct machine *machine, u32 index)
{
	const struct options *options = &machine->options;
	const struct gpu_config config = {
		.node = index,
		.nodes = options->gpus,
		.vram_bytes = options->vram_bytes,
		.cus = options->cus,
		.seed = options->seed,
		.mode = options->mode,
		.xgmi = options->xgmi,
		.verbose = options->verbose,
	};
	struct gpu_host host = { .raise_msi = host_raise_msi, .log = host_log };

	machine->host[index] =
		(struct host_side){ .node = &machine->node[index], .log = machine->log, .index = index };
	host.opaque = &machine->host[index];
	machine->gpu[index] =
		gpu_create(&config, machine->node[index].guest, &machine->vram[index], &host);
	machine->node[index].function.gpu = machine->gpu[index];
	return machine->gpu[index] || complain("cannot create the GPU", 0);
}

static bool create_gpus(struct machine *machine)
{
	for (u32 i = 0; i < machine->options.gpus; i++) {
		if (!create_gpu(machine, i))
			return false;
	}
	for (u32 i = 0; i < machine->options.gpus; i++)
		gpu_set_peers(machine->gpu[i], machine->gpu, machine->options.gpus);
	return true;
}

/* Peers are unlinked first: a GPU must not reach into one that is gone. */
static void destroy_gpus(struct machine *machine)
{
	for (u32 i = 0; i < machine->options.gpus; i++) {
		if (machine->gpu[i])
			gpu_set_peers(machine->gpu[i], NULL, 0);
	}
	for (u32 i = 0; i < machine->options.gpus; i++) {
		if (machine->gpu[i])
			gpu_destroy(machine->gpu[i]);
		if (!machine->node[i].guest)
			continue;
		pci_function_fini(&machine->node[i].function);
		guest_mem_destroy(machine->node[i].guest);
		vram_fini(&machine->vram[i]);
	}
}

static bool confine(const struct machine *machine)
{
	int err;

	if (!machine->options.seccomp) {
		log_line(machine->log, "no system call filter: as asked");
		return true;
	}
	err = confine_system_calls();
	return !err || complain("system call filter", err);
}

static bool start(struct machine *machine)
{
	int err;

	if (!open_signals(machine) || !create_memory(machine))
		return false;
	machine->server =
		server_create(machine->options.socket_dir, machine->node, machine->options.gpus, machine->log);
	if (!machine->server)
		return complain(machine->options.socket_dir, errno);
	if (!confine(machine) || !create_gpus(machine))
		return false;
	err = server_start(machine->server);
	return !err || complain("threads", err);
}

static void wait_for_end(const struct machine *machine)
{
	struct pollfd fds[2] = {
		{ .fd = machine->signals, .events = POLLIN },
		{ .fd = server_done_fd(machine->server), .events = POLLIN },
	};

	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	log_line(machine->log, "ending: %s", fds[0].revents ? "signal" : "all clients have gone");
}

static void stop(struct machine *machine)
{
	if (machine->server)
		server_destroy(machine->server);
	destroy_gpus(machine);
	log_destroy(machine->log);
}

static int run(struct machine *machine)
{
	int status = EXIT_FAILURE;

	if (open_log(machine) && start(machine)) {
		if (puts("ready") >= 0 && !fflush(stdout)) {
			wait_for_end(machine);
			status = EXIT_SUCCESS;
		}
	}
	stop(machine);
	return status;
}

int main(int argc, char **argv)
{
	static struct machine machine; /* too large for the stack */
	char error[160];

	if (!options_parse(&machine.options, argc, argv, error, sizeof(error))) {
		fprintf(stderr, "vkfd-gpu: %s (--help lists the options)\n", error);
		return EXIT_USAGE;
	}
	if (machine.options.help) {
		fputs(options_help, stdout);
		return EXIT_SUCCESS;
	}
	if (machine.options.version) {
		printf("vkfd-gpu, hardware version %u\n", VKFD_HW_VERSION);
		return EXIT_SUCCESS;
	}
	confine_start();
	if (machine.options.die_with_parent && !confine_die_with_parent())
		return EXIT_FAILURE;
	return run(&machine);
}
