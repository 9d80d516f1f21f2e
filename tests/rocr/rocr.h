/* SPDX-License-Identifier: MIT */
#ifndef TESTS_ROCR_ROCR_H
#define TESTS_ROCR_ROCR_H

#include <hsa/hsa.h>
#include <hsa/hsa_ext_amd.h>
#include "harness.h"

/* What a ROCr test starts from: agents, pools, a queue, the kernels. Ends with the process. */
struct rocr {
	hsa_agent_t cpu, gpu;
	hsa_amd_memory_pool_t system, kernarg, vram;
	hsa_executable_t kernels;
	hsa_queue_t *queue;
	_Atomic int queue_error;	/* hsa_status_t that the queue's callback got */
};

/* Fails the test with what HSA says. */
#define HSA_OK(call) rocr_check((call), #call, __FILE__, __LINE__)
void rocr_check(hsa_status_t status, const char *what, const char *file, int line);

/* @xnack: 0 or 1: HSA_XNACK; -1: not set. */
void rocr_start(struct rocr *r, int xnack);

/* One dispatch, described by its sizes in work-items. */
struct rocr_launch {
	const char *kernel;	/* name without ".kd" */
	uint32_t grid, group;
	uint32_t lds_bytes;	/* dynamic */
	const void *args;
	size_t args_bytes;
	hsa_signal_t done;	/* 0: made and waited for by rocr_run() */
};

/* Writes the packet and rings; the kernel may still run when it returns. */
void rocr_submit(struct rocr *r, const struct rocr_launch *launch);
/* Submits and waits until it completed. */
void rocr_run(struct rocr *r, struct rocr_launch launch);
/* Waits up to @ms for @signal to reach 0. */
bool rocr_wait(hsa_signal_t signal, unsigned int ms);
hsa_signal_t rocr_signal(int64_t value);
/* Memory of @pool that the GPU and the CPU reach. */
void *rocr_alloc(struct rocr *r, hsa_amd_memory_pool_t pool, size_t bytes);

#endif
