// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: what a queue may look like
 *
 * Pure functions of numbers that user space gave: the size of the context-save
 * area and the checks of CREATE_QUEUE and UPDATE_QUEUE that need no look at the
 * process. Called by queue.c before anything is changed, and by topology, which
 * publishes the same sizes. Takes no lock, so it builds for the host, too.
 *
 * Refuses with KFD's numbers: -EFAULT an address outside user space, -EINVAL
 * everything else.
 */
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/kfd_ioctl.h>
#include <linux/log2.h>
#include <linux/minmax.h>

#include "process/queue_check.h"
#include "vkfd_hw/kiq.h"

#define CHECK_PAGE	4096u
#define USER_LIMIT	0x00007ffffffff000ULL

/* Save area of one CU of gfx90a, and what CP keeps a wave. */
#define CU_VGPR_BYTES	0x80000u
#define CU_SGPR_BYTES	0x4000u
#define CU_LDS_BYTES	0x10000u
#define CU_HWREG_BYTES	0x1000u
#define CU_SAVE_BYTES	(CU_VGPR_BYTES + CU_SGPR_BYTES + CU_LDS_BYTES + CU_HWREG_BYTES)
#define WAVES_PER_CU	40u
#define WAVES_PER_SE	512u
#define HEADER_BYTES	40u
#define STACK_PER_WAVE	8u
#define DEBUG_PER_WAVE	32u
#define DEBUG_ALIGN	64u

/**
 * vkfd_cwsr_sizes() - Size of a compute queue's context-save area
 * @cus:   Compute units.
 * @ses:   Shader engines.
 * @sizes: Result; user space computes the same from the topology.
 */
void vkfd_cwsr_sizes(u32 cus, u32 ses, struct vkfd_cwsr_sizes *sizes)
{
	u32 waves = min(cus * WAVES_PER_CU, ses * WAVES_PER_SE);

	sizes->ctl_stack = ALIGN(HEADER_BYTES + waves * STACK_PER_WAVE + 8, CHECK_PAGE);
	sizes->save_area = sizes->ctl_stack + ALIGN(cus * CU_SAVE_BYTES, CHECK_PAGE);
	sizes->debug = ALIGN(waves * DEBUG_PER_WAVE, DEBUG_ALIGN);
	sizes->total = ALIGN(sizes->save_area + sizes->debug, CHECK_PAGE);
}

static bool is_user_range(u64 start, u64 bytes)
{
	return bytes <= USER_LIMIT && start <= USER_LIMIT - bytes;
}

/** vkfd_queue_ring_bytes() - KFD rounds tiny rings up. Return: the size it takes. */
u32 vkfd_queue_ring_bytes(u32 asked)
{
	return max_t(u32, asked, KFD_MIN_QUEUE_RING_SIZE);
}

/**
 * vkfd_queue_check_common() - Checks that CREATE and UPDATE share
 * @request: From user space.
 *
 * The percentage's second byte names a compute partition; we have number 0.
 * Return: 0, -EINVAL, -EFAULT.
 */
int vkfd_queue_check_common(const struct vkfd_queue_request *request)
{
	if (request->percent > KFD_MAX_QUEUE_PERCENTAGE)
		return -EINVAL;
	if (request->priority > KFD_MAX_QUEUE_PRIORITY)
		return -EINVAL;
	if (request->ring && !is_user_range(request->ring, request->ring_bytes))
		return -EFAULT;
	if (request->ring_bytes && !is_power_of_2(request->ring_bytes))
		return -EINVAL;
	return 0;
}

static bool is_sdma(u32 type)
{
	return type == KFD_IOC_QUEUE_TYPE_SDMA || type == KFD_IOC_QUEUE_TYPE_SDMA_XGMI ||
	       type == KFD_IOC_QUEUE_TYPE_SDMA_BY_ENG_ID;
}

static int check_sdma(const struct vkfd_queue_request *request)
{
	if (request->type == KFD_IOC_QUEUE_TYPE_SDMA_BY_ENG_ID &&
	    request->engine_id >= VKFD_SDMA_ENGINES + VKFD_SDMA_XGMI_ENGINES)
		return -EINVAL;
	return 0;
}

static int check_compute(const struct vkfd_queue_request *request,
			 const struct vkfd_cwsr_sizes *cwsr)
{
	if (request->eop && !is_user_range(request->eop, request->eop_bytes))
		return -EFAULT;
	if (request->eop && request->eop_bytes < VKFD_EOP_BYTES)
		return -EINVAL;
	if (request->cwsr && !is_user_range(request->cwsr, cwsr->total))
		return -EFAULT;
	if (!request->cwsr || request->cwsr % CHECK_PAGE)
		return -EINVAL;
	if (request->ctl_stack_bytes != cwsr->ctl_stack)
		return -EINVAL;
	return request->cwsr_bytes < cwsr->save_area ? -EINVAL : 0;
}

/**
 * vkfd_queue_check_create() - Everything about CREATE_QUEUE that numbers tell
 * @request: From user space.
 * @cwsr:    Sizes of the GPU it names.
 *
 * Return: 0, -EINVAL, -EFAULT.
 */
int vkfd_queue_check_create(const struct vkfd_queue_request *request,
			    const struct vkfd_cwsr_sizes *cwsr)
{
	int err = vkfd_queue_check_common(request);

	if (err)
		return err;
	if (!is_user_range(request->rptr, sizeof(u64)) ||
	    !is_user_range(request->wptr, sizeof(u64)))
		return -EFAULT;
	if (request->rptr % sizeof(u32) || request->wptr % sizeof(u64))
		return -EINVAL;
	if (is_sdma(request->type))
		return check_sdma(request);
	if (request->type != KFD_IOC_QUEUE_TYPE_COMPUTE &&
	    request->type != KFD_IOC_QUEUE_TYPE_COMPUTE_AQL)
		return -EINVAL;
	return check_compute(request, cwsr);
}
