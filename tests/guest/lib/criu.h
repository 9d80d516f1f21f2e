/* SPDX-License-Identifier: MIT */
#ifndef GUEST_CRIU_H
#define GUEST_CRIU_H

#include <sys/types.h>

#include "kfd.h"

#define CRIU_BOS	16u
#define CRIU_PRIV	(128u * 1024)
#define CRIU_NO_FD	(~0u)

/**
 * struct criu_image - what CRIU would write to disk of a process' KFD state
 * @args:    counts, sizes, pid; its pointers lead to the arrays below.
 * @content: of each VRAM and GTT buffer, as read through its dma-buf.
 */
struct criu_image {
	struct kfd_ioctl_criu_args args;
	struct kfd_criu_device_bucket devices[MAX_GPUS];
	struct kfd_criu_bo_bucket bos[CRIU_BOS];
	char priv[CRIU_PRIV];
	char *content[CRIU_BOS];
};

/* All return 0 (or a descriptor) or -errno; fit for child processes. */

/** criu_seize() - stop the process, as its tracer; and a descriptor of its @fd */
int criu_seize(pid_t pid, int fd);
/** criu_release() - let it run again, untraced */
int criu_release(pid_t pid);
/** criu_kill() - and wait until it is gone */
void criu_kill(pid_t pid);

int criu_op(int kfd, u32 op);	/* without arguments */
int criu_info(int kfd, struct criu_image *image);
/** criu_checkpoint() - after criu_info(); dma-bufs stay open in @image->bos */
int criu_checkpoint(int kfd, struct criu_image *image);
/** criu_read_buffers() - contents through the dma-bufs, which are closed */
int criu_read_buffers(struct criu_image *image);
/** criu_restore() - RESTORE in the calling process; @render belongs to the only GPU */
int criu_restore(int kfd, int render, struct criu_image *image);
/** criu_fill_buffers() - contents back through the dma-bufs, which are closed */
int criu_fill_buffers(struct criu_image *image);
void criu_close_buffers(struct criu_image *image);
int criu_resume(int kfd, pid_t pid);

#endif
