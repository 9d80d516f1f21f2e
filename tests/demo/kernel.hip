// SPDX-License-Identifier: MIT
/*
 * Compiled by Debian's hipcc for gfx90a, run by Debian's HIP. The kernel gets
 * the pointer that malloc returned and nothing else.
 */
#include <hip/hip_runtime.h>
#include <cstdio>
#include "kernel.h"

#define THREADS 256

__global__ void scramble(uint32_t *data, size_t words)
{
	size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x;

	if (i < words)
		data[i] = scramble_word(data[i], i);
}

static int check(hipError_t err, const char *what)
{
	if (err == hipSuccess)
		return 0;
	fprintf(stderr, "vkfd-demo: %s: %s\n", what, hipGetErrorString(err));
	return -1;
}

int kernel_open(void)
{
	int any_pointer = 0;

	if (check(hipDeviceGetAttribute(&any_pointer, hipDeviceAttributePageableMemoryAccess, 0),
		  "HIP finds no GPU"))
		return -1;
	if (!any_pointer)
		fputs("vkfd-demo: HIP does not see XNACK\n", stderr);
	return any_pointer ? 0 : -1;
}

int kernel_scramble(uint32_t *data, size_t words)
{
	scramble<<<(words + THREADS - 1) / THREADS, THREADS>>>(data, words);
	if (check(hipGetLastError(), "the kernel was not launched"))
		return -1;
	return check(hipDeviceSynchronize(), "the kernel failed");
}
