// SPDX-License-Identifier: MIT
/* The part of CRIU and of its amdgpu plugin, by plain system calls. */
#include "criu.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static u64 user(const void *p)
{
	return (u64)(uintptr_t)p;
}

static int steal_fd(pid_t pid, int fd)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0), copy;

	if (pidfd < 0)
		return -errno;
	copy = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	if (copy < 0)
		copy = -errno;
	close(pidfd);
	return copy;
}

int criu_seize(pid_t pid, int fd)
{
	int status;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) || ptrace(PTRACE_INTERRUPT, pid, NULL, NULL))
		return -errno;
	if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
		return -ECHILD;
	return steal_fd(pid, fd);
}

int criu_release(pid_t pid)
{
	return ptrace(PTRACE_DETACH, pid, NULL, NULL) ? -errno : 0;
}

void criu_kill(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	while (waitpid(pid, &status, __WALL) == pid && !WIFSIGNALED(status))
		;
}

int criu_op(int kfd, u32 op)
{
	struct kfd_ioctl_criu_args args = { .op = op };

	return kfd_ioctl(kfd, AMDKFD_IOC_CRIU_OP, &args);
}

int criu_info(int kfd, struct criu_image *image)
{
	image->args = (struct kfd_ioctl_criu_args){ .op = KFD_CRIU_OP_PROCESS_INFO };
	return kfd_ioctl(kfd, AMDKFD_IOC_CRIU_OP, &image->args);
}

static void point(struct criu_image *image)
{
	image->args.devices = user(image->devices);
	image->args.bos = user(image->bos);
	image->args.priv_data = user(image->priv);
}

int criu_checkpoint(int kfd, struct criu_image *image)
{
	if (image->args.num_bos > CRIU_BOS || image->args.num_devices > MAX_GPUS ||
	    image->args.priv_data_size > CRIU_PRIV)
		return -E2BIG;
	point(image);
	image->args.op = KFD_CRIU_OP_CHECKPOINT;
	return kfd_ioctl(kfd, AMDKFD_IOC_CRIU_OP, &image->args);
}

/* Maps the dma-buf of a bucket and copies into or out of it. */
static int copy_buffer(struct kfd_criu_bo_bucket *bo, char *content, bool out)
{
	void *map = mmap(NULL, bo->size, out ? PROT_READ : PROT_READ | PROT_WRITE, MAP_SHARED,
			 (int)bo->dmabuf_fd, 0);

	if (map == MAP_FAILED)
		return -errno;
	memcpy(out ? content : map, out ? map : content, bo->size);
	munmap(map, bo->size);
	close((int)bo->dmabuf_fd);
	bo->dmabuf_fd = CRIU_NO_FD;
	return 0;
}

int criu_read_buffers(struct criu_image *image)
{
	int err = 0;

	for (u32 i = 0; i < image->args.num_bos && !err; i++) {
		if (image->bos[i].dmabuf_fd == CRIU_NO_FD)
			continue;
		image->content[i] = malloc(image->bos[i].size);
		err = image->content[i] ? copy_buffer(&image->bos[i], image->content[i], true) : -ENOMEM;
	}
	return err;
}

int criu_restore(int kfd, int render, struct criu_image *image)
{
	point(image);
	image->args.op = KFD_CRIU_OP_RESTORE;
	for (u32 i = 0; i < image->args.num_devices; i++)
		image->devices[i].drm_fd = (u32)render;
	return kfd_ioctl(kfd, AMDKFD_IOC_CRIU_OP, &image->args);
}

int criu_fill_buffers(struct criu_image *image)
{
	int err = 0;

	for (u32 i = 0; i < image->args.num_bos && !err; i++)
		if (image->bos[i].dmabuf_fd != CRIU_NO_FD)
			err = copy_buffer(&image->bos[i], image->content[i], false);
	return err;
}

void criu_close_buffers(struct criu_image *image)
{
	for (u32 i = 0; i < image->args.num_bos; i++) {
		if (image->bos[i].dmabuf_fd != CRIU_NO_FD)
			close((int)image->bos[i].dmabuf_fd);
		image->bos[i].dmabuf_fd = CRIU_NO_FD;
	}
}

int criu_resume(int kfd, pid_t pid)
{
	struct kfd_ioctl_criu_args args = { .op = KFD_CRIU_OP_RESUME, .pid = (u32)pid };

	return kfd_ioctl(kfd, AMDKFD_IOC_CRIU_OP, &args);
}
