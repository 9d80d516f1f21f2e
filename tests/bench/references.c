// SPDX-License-Identifier: MIT
/*
 * What the kernel already has that moves pages: its test_hmm module, and
 * move_pages(2) between two NUMA nodes. Raw calls; no library is needed for them.
 */
#include "bench.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* lib/test_hmm_uapi.h of the kernel */
struct hmm_cmd {
	u64 addr, ptr, npages, cpages, faults;
};

#define HMM_TO_DEVICE	_IOWR('H', 0x02, struct hmm_cmd)
#define HMM_TO_SYSTEM	_IOWR('H', 0x03, struct hmm_cmd)

#define MPOL_BIND	2
#define MPOL_MF_MOVE	2

bool hmm_open(int *fd)
{
	*fd = open("/dev/hmm_dmirror0", O_RDWR | O_CLOEXEC);
	return *fd >= 0;
}

/*
 * To the device the module also reads everything back into @scratch, to show
 * what the device holds; there is no call without that.
 */
bool hmm_move(int fd, void *addr, void *scratch, size_t bytes, bool to_device)
{
	struct hmm_cmd cmd = {
		.addr = (uintptr_t)addr,
		.ptr = (uintptr_t)scratch,
		.npages = bytes / PAGE,
	};

	return !ioctl(fd, to_device ? HMM_TO_DEVICE : HMM_TO_SYSTEM, &cmd);
}

bool numa_bind(int node)
{
	unsigned long mask = 1ul << node;

	return !syscall(SYS_set_mempolicy, MPOL_BIND, &mask, sizeof(mask) * 8);
}

bool numa_move(void *addr, size_t bytes, size_t step, int node)
{
	size_t nr = bytes / step;
	void **pages = malloc(nr * sizeof(*pages));
	int *nodes = malloc(nr * sizeof(*nodes));
	int *status = malloc(nr * sizeof(*status));
	bool ok = pages && nodes && status;

	for (size_t i = 0; ok && i < nr; i++) {
		pages[i] = (char *)addr + i * step;
		nodes[i] = node;
	}
	ok = ok && !syscall(SYS_move_pages, 0, nr, pages, nodes, status, MPOL_MF_MOVE);
	for (size_t i = 0; ok && i < nr; i++)
		ok = status[i] == node;
	free(pages);
	free(nodes);
	free(status);
	return ok;
}
