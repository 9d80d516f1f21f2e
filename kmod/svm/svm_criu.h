/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_SVM_CRIU_H
#define VKFD_SVM_CRIU_H

#include "svm_attr.h"

struct vkfd_svm;

/**
 * struct vkfd_svm_picture - all that user space asked for, to be carried elsewhere
 * @nr_gpus:     GPUs.
 * @gpu_ids:     the one with slot 0 first; slots in @pieces are indices.
 * @granularity: of memory without attributes.
 * @nr:          pieces.
 * @pieces:      in address order; &kvmalloc, the holder's.
 */
struct vkfd_svm_picture {
	u32 nr_gpus;
	const u32 *gpu_ids;
	u32 granularity;
	unsigned long nr;
	struct vkfd_svm_piece *pieces;
};

unsigned int vkfd_svm_gpu_ids(struct vkfd_svm *svm, u32 *ids);
u32 vkfd_svm_granularity(struct vkfd_svm *svm);
long vkfd_svm_pieces(struct vkfd_svm *svm, struct vkfd_svm_piece *out, unsigned long room);
int vkfd_svm_picture_check(const struct vkfd_svm_picture *picture);
int vkfd_svm_picture_apply(struct vkfd_svm *svm, const struct vkfd_svm_picture *picture);

#endif
