/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_MMU_FAULT_H
#define VKFD_DEVICE_MMU_FAULT_H

#include "irq/ih.h"
#include "mmu/mmu.h"

/* Whose access faulted, as the report names it. */
struct fault_origin {
	u32 ctx;
	u32 pasid;
	u32 queue;
	u32 sequence;
};

/* The IH event of a fault, in the layout of vkfd_hw/ih.h. */
struct ih_event fault_event(const struct mmu_fault *fault, const struct fault_origin *origin);

#endif
