/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_SVM_RANGE_H
#define VKFD_SVM_RANGE_H

#include <linux/types.h>
#include "vkfd_hw/pci.h"

struct drm_gpusvm;
struct drm_gpusvm_range;
struct vkfd_svm;
struct vkfd_svm_range;

/** struct vkfd_svm_vma - what mapping and policy must know of a VMA, copied out of mmap_lock */
struct vkfd_svm_vma {
	u64 start, end;
	bool readable, writable;
	bool special;	/* device memory and the like: never shared */
	bool anonymous;
	bool cpu_home;	/* initial heap or stack */
};

/** struct vkfd_svm_shootdown - zapped intervals that wait for their TLB flush */
struct vkfd_svm_shootdown {
	/* per slot; nothing if start is not below end */
	u64 start[VKFD_MAX_GPUS], end[VKFD_MAX_GPUS];
};

int vkfd_svm_vma_find(struct vkfd_svm *svm, u64 addr, u64 end, struct vkfd_svm_vma *vma);
struct vkfd_svm_range *vkfd_svm_range_find(struct vkfd_svm *svm, u64 addr);
struct vkfd_svm_range *vkfd_svm_range_get(struct vkfd_svm *svm, u64 addr, u64 low, u64 high,
					  const struct vkfd_svm_vma *bounds);
int vkfd_svm_range_look(struct vkfd_svm *svm, struct vkfd_svm_range *range, void *owner,
			unsigned long *pfns, unsigned long *seq);
void vkfd_svm_range_drop(struct vkfd_svm *svm, struct vkfd_svm_range *range);
void vkfd_svm_ranges_drop(struct vkfd_svm *svm, u64 start, u64 end);
void vkfd_svm_range_unmap(struct vkfd_svm *svm, struct vkfd_svm_range *range, u32 slots);

void vkfd_svm_shootdown_add(struct vkfd_svm *svm, struct vkfd_svm_shootdown *down,
			    struct vkfd_svm_range *range, u32 slots);
void vkfd_svm_shootdown_finish(struct vkfd_svm *svm, const struct vkfd_svm_shootdown *down);

extern const unsigned long vkfd_svm_chunks[];
extern const int vkfd_svm_nr_chunks;
struct drm_gpusvm_range *vkfd_svm_range_alloc(struct drm_gpusvm *gpusvm);
void vkfd_svm_range_free(struct drm_gpusvm_range *base);

#endif
