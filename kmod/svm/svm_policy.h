/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_SVM_POLICY_H
#define VKFD_SVM_POLICY_H

#include <linux/types.h>

#include "svm_attr.h"

/** enum vkfd_svm_place - where the pages of a window shall be before they are mapped */
enum vkfd_svm_place {
	VKFD_SVM_STAY,		/* map them where they are */
	VKFD_SVM_TO_VRAM,
	VKFD_SVM_TO_RAM,
	VKFD_SVM_DENY,		/* this GPU may not touch them */
};

/** struct vkfd_svm_decision - a place, and the GPU slot for VKFD_SVM_TO_VRAM */
struct vkfd_svm_decision {
	enum vkfd_svm_place place;
	unsigned int slot;
};

/** struct vkfd_svm_gpu_facts - what the policy knows of one GPU */
struct vkfd_svm_gpu_facts {
	u32 gpu_id;
	u32 linked;	/* slots whose VRAM this GPU reaches, its own included */
	u64 room;	/* bytes of VRAM that are free or can be evicted */
	bool system;	/* an APU: works in RAM, nothing moves to it */
};

/** struct vkfd_svm_situation - everything a decision may depend on */
struct vkfd_svm_situation {
	const struct vkfd_svm_values *values;
	const struct vkfd_svm_gpu_facts *gpus;
	unsigned int nr_gpus;
	unsigned int slot;	/* the GPU that faults */
	u64 bytes;		/* size of the window */
	bool xnack;
	bool anonymous;		/* other memory cannot migrate */
	bool cpu_home;		/* unregistered, in the initial heap or stack */
	bool stuck;		/* a migration of this window failed a moment ago */
	bool pinned;		/* it went to and fro too often, see svm_thrash.c */
};

struct vkfd_svm_decision vkfd_svm_decide_fault(const struct vkfd_svm_situation *now);
struct vkfd_svm_decision vkfd_svm_decide_prefetch(const struct vkfd_svm_situation *now);
struct vkfd_svm_decision vkfd_svm_decide_hot(const struct vkfd_svm_situation *now);
u32 vkfd_svm_required(const struct vkfd_svm_values *values, bool xnack);
void vkfd_svm_window(u64 addr, u32 granularity, u64 low, u64 high, u64 *start, u64 *end);
u64 vkfd_svm_permissions(u32 flags, bool writable);

#endif
