/* SPDX-License-Identifier: MIT */
#ifndef GUEST_GPU_H
#define GUEST_GPU_H

#include <hsakmt/hsakmt.h>

#include "kfd.h"

/**
 * struct session - this process as a user of the GPUs through libhsakmt
 * @kfd: own descriptor of /dev/kfd for raw ioctls; same process object.
 */
struct session {
	int kfd;
	bool xnack;
	unsigned int nr_gpus;
	struct kfd_node gpu[MAX_GPUS];
};

/** session_start() - open libhsakmt, choose the XNACK mode; fails the test on any error */
void session_start(struct session *s, bool xnack);
/** session_stop() - give back what libhsakmt gives back; queues must be gone */
void session_stop(struct session *s);
/** session_try_start() - as session_start() for child processes: false instead of a failed test */
bool session_try_start(struct session *s, bool xnack);

/** gpu_access() - with XNACK off, let the first GPU use [addr, addr + bytes); no-op with XNACK on */
void gpu_access(struct session *s, const void *addr, u64 bytes);
/** gpu_prefetch() - move to the first GPU's VRAM (true) or to RAM; 0 or -errno */
int gpu_prefetch(struct session *s, const void *addr, u64 bytes, bool to_vram);

/** sysmem_alloc() - system memory known to the GPU as a buffer; zeroed; sysmem_free() frees */
void *sysmem_alloc(struct session *s, u64 bytes);
/** vram_alloc() - a VRAM buffer that the CPU can reach as well */
void *vram_alloc(struct session *s, u64 bytes);
void buffer_free(void *addr, u64 bytes);

/** signal_event() / memory_event() - create an event; hsaKmtDestroyEvent() ends it */
HsaEvent *signal_event(struct session *s);
HsaEvent *memory_event(struct session *s);
HsaEvent *memory_event_once(struct session *s);	/* a wait consumes it */

#define assert_hsa(call) assert_int_equal(call, HSAKMT_STATUS_SUCCESS)

#endif
