// SPDX-License-Identifier: MIT
/*
 * A process that uses the GPUs through Debian's libhsakmt, with a second
 * descriptor of /dev/kfd for what the library has no call for.
 */
#include "gpu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool session_try_start(struct session *s, bool xnack)
{
	HsaSystemProperties props;

	memset(s, 0, sizeof(*s));
	s->xnack = xnack;
	s->kfd = kfd_open();
	if (s->kfd < 0 || hsaKmtOpenKFD() != HSAKMT_STATUS_SUCCESS)
		return false;
	/* As ROCr does; a forked child would otherwise get its parent's snapshot. */
	hsaKmtReleaseSystemProperties();
	if (hsaKmtAcquireSystemProperties(&props) != HSAKMT_STATUS_SUCCESS)
		return false;
	s->nr_gpus = kfd_nodes(s->gpu);
	return hsaKmtSetXNACKMode(xnack) == HSAKMT_STATUS_SUCCESS;
}

void session_start(struct session *s, bool xnack)
{
	if (!session_try_start(s, xnack))
		fail_test("cannot start libhsakmt with XNACK %s (descriptor %d, %u GPUs)",
			  xnack ? "on" : "off", s->kfd, s->nr_gpus);
}

void session_stop(struct session *s)
{
	assert_hsa(hsaKmtReleaseSystemProperties());
	assert_hsa(hsaKmtCloseKFD());
	close(s->kfd);
	s->kfd = -1;
}

void gpu_access(struct session *s, const void *addr, u64 bytes)
{
	if (!s->xnack)
		assert_ok(svm_set(s->kfd, addr, bytes,
				  { KFD_IOCTL_SVM_ATTR_ACCESS, s->gpu[0].gpu_id }));
}

int gpu_prefetch(struct session *s, const void *addr, u64 bytes, bool to_vram)
{
	return svm_set(s->kfd, addr, bytes,
		       { KFD_IOCTL_SVM_ATTR_PREFETCH_LOC, to_vram ? s->gpu[0].gpu_id : 0 });
}

static void *buffer_alloc(struct session *s, u64 bytes, bool vram)
{
	HsaMemFlags flags = { .Value = 0 };
	HsaMemMapFlags map = { .Value = 0 };
	HSAuint32 node = s->gpu[0].node;
	void *addr = NULL;

	flags.ui32.PageSize = HSA_PAGE_SIZE_4KB;
	flags.ui32.HostAccess = 1;
	flags.ui32.ExecuteAccess = 1;
	flags.ui32.NonPaged = vram;
	flags.ui32.CoarseGrain = vram;
	flags.ui32.NoNUMABind = 1;
	assert_hsa(hsaKmtAllocMemory(node, bytes, flags, &addr));
	assert_hsa(hsaKmtMapMemoryToGPUNodes(addr, bytes, NULL, map, 1, &node));
	return addr;
}

void *sysmem_alloc(struct session *s, u64 bytes)
{
	void *addr = buffer_alloc(s, bytes, false);

	memset(addr, 0, bytes);
	return addr;
}

void *vram_alloc(struct session *s, u64 bytes)
{
	return buffer_alloc(s, bytes, true);
}

void buffer_free(void *addr, u64 bytes)
{
	assert_hsa(hsaKmtUnmapMemoryToGPU(addr));
	assert_hsa(hsaKmtFreeMemory(addr, bytes));
}

static HsaEvent *event_create(struct session *s, HSA_EVENTTYPE type, bool manual_reset)
{
	HsaEventDescriptor desc = { .EventType = type, .NodeId = s->gpu[0].node };
	HsaEvent *event = NULL;

	assert_hsa(hsaKmtCreateEvent(&desc, manual_reset, false, &event));
	return event;
}

HsaEvent *signal_event(struct session *s)
{
	return event_create(s, HSA_EVENTTYPE_SIGNAL, false);
}

HsaEvent *memory_event(struct session *s)
{
	return event_create(s, HSA_EVENTTYPE_MEMORY, true);
}

HsaEvent *memory_event_once(struct session *s)
{
	return event_create(s, HSA_EVENTTYPE_MEMORY, false);
}
