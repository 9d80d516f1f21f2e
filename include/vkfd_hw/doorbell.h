/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_HW_DOORBELL_H
#define VKFD_HW_DOORBELL_H

#include "pci.h"

/*
 * BAR2: one 8 KiB frame a context, 1024 slots of 64 bits. Frame 0 is the
 * kernel's. A store of 8 bytes, or of 4 (the second half acts), rings the
 * queue mapped to (context, slot); a store to an empty slot is counted and
 * dropped. Doorbells read as the last value stored.
 */
#define VKFD_DOORBELL_FRAME_BYTES 0x2000u
#define VKFD_DOORBELL_SLOTS	(VKFD_DOORBELL_FRAME_BYTES / 8)
#define VKFD_DOORBELL_FRAMES	(VKFD_DOORBELL_BAR_BYTES / VKFD_DOORBELL_FRAME_BYTES)
#define VKFD_DOORBELL_KERNEL_SDMA 1u	/* slot in frame 0 of the kernel's SDMA queue */

#endif
