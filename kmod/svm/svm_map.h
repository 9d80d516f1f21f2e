/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_SVM_MAP_H
#define VKFD_SVM_MAP_H

#include <linux/types.h>

struct vkfd_svm;
struct vkfd_svm_piece;
struct vkfd_svm_range;
struct vkfd_svm_vma;

int vkfd_svm_map_range(struct vkfd_svm *svm, struct vkfd_svm_range *range,
		       const struct vkfd_svm_piece *piece, const struct vkfd_svm_vma *bounds,
		       u32 slots);
int vkfd_svm_map_piece(struct vkfd_svm *svm, const struct vkfd_svm_piece *piece, u64 *pos,
		       u64 end, u32 slots);
int vkfd_svm_map_required(struct vkfd_svm *svm, u64 start, u64 end, bool again);
bool vkfd_svm_is_final(int err);
bool vkfd_svm_is_mapped(struct vkfd_svm *svm, unsigned int slot, u64 start, u64 end);
void vkfd_svm_vma_clip(struct vkfd_svm_vma *vma, const struct vkfd_svm_piece *piece);

#endif
