/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_ISA_FAKE_KERNELS_H
#define VKFD_DEVICE_ISA_FAKE_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

/* tests/kernels compiled for this CPU: what the GPU's results are compared with. */
#define FAKE_IN_DWORDS	65536u
#define FAKE_OUT_DWORDS	262144u

struct fake_kernel {
	const char *name;
	uint32_t size;		/* work items in a group */
	uint32_t groups;
	bool meet;		/* they wait for each other */
	void (*run)(uint32_t *in, uint32_t *out);
};

extern const struct fake_kernel fake_kernels[];
extern const unsigned int fake_nr_kernels;

/* The whole grid. */
void fake_kernel_run(const struct fake_kernel *kernel, uint32_t *in, uint32_t *out);

#endif
