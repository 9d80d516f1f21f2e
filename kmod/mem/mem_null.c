// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: Managers without memory
 *
 * TTM wants a resource manager for each place a buffer may be. Two places of
 * ours hold no memory to manage: GTT, whose pages TTM's pool allocates, and
 * EVICTED, where an SVM buffer goes when its pages have moved to their owners'
 * RAM: the place that makes eviction need no system memory but one small
 * resource object. Called by TTM under the buffer's dma_resv. Never full.
 */
#include <linux/slab.h>

#include "mem/mem_int.h"

static int null_alloc(struct ttm_resource_manager *man, struct ttm_buffer_object *bo,
		      const struct ttm_place *place, struct ttm_resource **out)
{
	struct ttm_resource *res = kzalloc_obj(*res);

	if (!res)
		return -ENOMEM;
	ttm_resource_init(bo, place, res);
	*out = res;
	return 0;
}

static void null_free(struct ttm_resource_manager *man, struct ttm_resource *res)
{
	ttm_resource_fini(man, res);
	kfree(res);
}

static const struct ttm_resource_manager_func null_func = {
	.alloc = null_alloc,
	.free = null_free,
};

void vkfd_null_mgr_init(struct vkfd_mem_mgr *mgr, struct ttm_resource_manager *man, int type,
			bool use_tt)
{
	man->func = &null_func;
	man->use_tt = use_tt;
	ttm_resource_manager_init(man, &mgr->ttm, 0);
	ttm_set_driver_manager(&mgr->ttm, type, man);
	ttm_resource_manager_set_used(man, true);
}

void vkfd_null_mgr_fini(struct vkfd_mem_mgr *mgr, struct ttm_resource_manager *man, int type)
{
	ttm_resource_manager_set_used(man, false);
	ttm_resource_manager_cleanup(man);
	ttm_set_driver_manager(&mgr->ttm, type, NULL);
}
