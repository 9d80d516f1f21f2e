/* SPDX-License-Identifier: MIT */
#ifndef GUEST_SVM_STATE_H
#define GUEST_SVM_STATE_H

#include <sys/types.h>

#include "kfd.h"

#define SVM_STATE_PAGES 512u
#define SVM_STATE_PARTS	4u
#define SVM_STATE_TEXT	4096u

/**
 * struct driver_use - what the driver holds of a GPU and of the system for all processes
 * @vram:   bytes in use without page tables, which stay with their address space.
 * @svm:    those of SVM memory, in @svm_bos buffers.
 * @sysmem: bytes of system memory charged to buffers.
 */
struct driver_use {
	u64 vram, svm, svm_bos, sysmem;
};

/**
 * struct svm_state - what a program can see of up to SVM_STATE_PAGES pages
 * @pieces:   the driver's attribute tree of the process, as debugfs prints it.
 * @answers:  what GET_ATTR says of each quarter, each kind of attribute.
 * @where:    of each page: 'r' RAM, 'v' VRAM, 's' swap, '.' never touched.
 * @use:      of the first GPU.
 */
struct svm_state {
	char pieces[SVM_STATE_TEXT];
	u32 answers[SVM_STATE_PARTS][6];
	char where[SVM_STATE_PAGES + 1];
	struct driver_use use;
};

/** driver_use() - of the first GPU */
void driver_use(struct driver_use *use);
/** driver_use_back() - fails the test unless the driver soon holds no more than it held @before */
void driver_use_back(const struct driver_use *before, const char *what);

/** svm_pieces() - the attribute tree of a process, as debugfs prints it; fails the test if @room is too small */
void svm_pieces(pid_t pid, char *text, size_t room);

/** svm_state_take() - @bytes from @addr are at most SVM_STATE_PAGES pages */
void svm_state_take(int kfd, u32 gpu_id, const char *addr, size_t bytes, struct svm_state *state);
/** svm_state_same() - fails the test unless the pages are as they were in @before; not about the use */
void svm_state_same(int kfd, u32 gpu_id, const char *addr, size_t bytes,
		    const struct svm_state *before, const char *what);
/** svm_state_same_but() - as that, but each page may also be where @moved has it */
void svm_state_same_but(int kfd, u32 gpu_id, const char *addr, size_t bytes,
			const struct svm_state *before, const struct svm_state *moved, const char *what);

#endif
