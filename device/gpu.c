// SPDX-License-Identifier: MIT
/*
 * DOC: one GPU
 *
 * Creates the engines, wires them together, and stops them in the order that
 * leaves nobody working for a part that is gone: commands, queues, contexts,
 * interrupts, registers. The engines know each other only through callbacks
 * set here.
 *
 * Lock order of the whole device: queue_lock, mmu context lock, sdma / compute
 * / kiq lock, ih lock, reg_lock.
 */
#include <stdlib.h>
#include "gpu_priv.h"

void gpu_log(void *opaque, const char *line)
{
	struct gpu *gpu = opaque;

	gpu->host.log(gpu->host.opaque, line);
}

static void ih_raise(void *opaque)
{
	struct gpu *gpu = opaque;

	gpu->host.raise_msi(gpu->host.opaque);
}

static void ih_error(void *opaque, enum vkfd_hw_error error, u32 info)
{
	gpu_error(opaque, error, info, true);
}

static u64 engine_doorbell_read(void *opaque, u64 offset, unsigned int bytes)
{
	return gpu_doorbell_read(opaque, offset, bytes);
}

static void engine_doorbell_write(void *opaque, u64 offset, u64 value, unsigned int bytes)
{
	gpu_doorbell_write(opaque, offset, value, bytes);
}

static const struct place_mmio_ops mmio_ops = {
	.doorbell_read = engine_doorbell_read,
	.doorbell_write = engine_doorbell_write,
	.reg_read = gpu_engine_reg_read,
	.reg_write = gpu_engine_reg_write,
};

static const struct ih_ops ih_ops = { .raise = ih_raise, .error = ih_error };

static const struct sdma_ops sdma_ops = { .reg_write = gpu_srbm_write, .log = gpu_log };

static bool heat_reported(void *opaque, const struct heat_report *report)
{
	struct gpu *gpu = opaque;
	struct ih_event event = {
		.client = VKFD_IH_CLIENT_UTCL2,
		.source = VKFD_IH_SRC_ACCESS_COUNT,
		.ctx = report->ctx,
		.pasid = report->pasid,
	};

	event.data[0] = (u32)(report->va >> 12);
	event.data[1] = (u32)(report->va >> 44) & 0xf;
	event.data[2] = report->requests;
	return ih_post(gpu->ih, &event);
}

void gpu_access_limit(struct gpu *gpu, u32 requests)
{
	heat_set_limit(gpu->heat, requests);
	mmu_set_heat(gpu->mmu, requests ? gpu->heat : NULL);
}

static bool engines_create(struct gpu *gpu)
{
	struct ih_config ih = { gpu->guest, &gpu->counters, &gpu->clock, gpu->config.node,
				&ih_ops, gpu };
	struct sdma_config sdma = { .counters = &gpu->counters, .clock = &gpu->clock,
				    .seed = gpu->config.seed, .ops = &sdma_ops, .opaque = gpu };
	struct compute_config compute = { .counters = &gpu->counters, .clock = &gpu->clock,
					  .seed = gpu->config.seed, .cus = gpu->config.cus,
					  .ses = gpu_shader_engines(gpu->config.cus),
					  .log = gpu_log, .opaque = gpu };
	struct kiq_config kiq = { gpu->guest, &gpu->counters, &gpu_kiq_ops, gpu };

	gpu->ih = ih_create(&ih);
	gpu->mmu = mmu_create(&gpu->map);
	gpu->heat = heat_create(heat_reported, gpu);
	if (!gpu->ih || !gpu->mmu || !gpu->heat)
		return false;
	sdma.mmu = compute.mmu = gpu->mmu;
	sdma.ih = compute.ih = gpu->ih;
	gpu->sdma = sdma_create(&sdma);
	gpu->compute = compute_create(&compute);
	gpu->kiq = kiq_create(&kiq);
	return gpu->sdma && gpu->compute && gpu->kiq;
}

static void place_init(struct gpu *gpu)
{
	u32 node = gpu->config.node;

	gpu->node.vram = gpu->vram;
	gpu->node.mmio = &mmio_ops;
	gpu->node.opaque = gpu;
	gpu->map.guest = gpu->guest;
	gpu->map.counters = &gpu->counters;
	gpu->map.nodes[node] = &gpu->node;
	gpu->map.nr_nodes = gpu->config.nodes;
	gpu->map.self = node;
	gpu->map.link_mask = (u32)BIT(node);
}

struct gpu *gpu_create(const struct gpu_config *config, struct guest_mem *guest,
		       struct vram *vram, const struct gpu_host *host)
{
	struct gpu *gpu;

	if (config->nodes > VKFD_MAX_GPUS || config->node >= config->nodes)
		return NULL;
	gpu = calloc(1, sizeof(*gpu));
	if (!gpu)
		return NULL;
	gpu->config = *config;
	gpu->host = *host;
	gpu->guest = guest;
	gpu->vram = vram;
	pthread_mutex_init(&gpu->reg_lock, NULL);
	pthread_mutex_init(&gpu->queue_lock, NULL);
	seal_key_make(&gpu->seal);
	place_init(gpu);
	gpu->queues = calloc(VKFD_MAX_QUEUES, sizeof(*gpu->queues));
	if (!gpu->queues || !gpu_doorbells_init(gpu) || !engines_create(gpu)) {
		gpu_destroy(gpu);
		return NULL;
	}
	gpu_regs_reset(gpu);
	return gpu;
}

void gpu_destroy(struct gpu *gpu)
{
	if (gpu->kiq)
		kiq_destroy(gpu->kiq);
	if (gpu->sdma)
		sdma_destroy(gpu->sdma);
	if (gpu->compute)
		compute_destroy(gpu->compute);
	if (gpu->mmu)
		mmu_destroy(gpu->mmu);
	if (gpu->heat)
		heat_destroy(gpu->heat);
	if (gpu->ih)
		ih_destroy(gpu->ih);
	gpu_doorbells_fini(gpu);
	free(gpu->queues);
	pthread_mutex_destroy(&gpu->queue_lock);
	pthread_mutex_destroy(&gpu->reg_lock);
	free(gpu);
}

void gpu_set_peers(struct gpu *gpu, struct gpu *const *peers, u32 nodes)
{
	u32 links = (u32)BIT(gpu->config.node);

	for (u32 n = 0; n < nodes && n < VKFD_MAX_GPUS; n++) {
		gpu->map.nodes[n] = peers[n] ? &peers[n]->node : NULL;
		if (peers[n] && gpu->config.xgmi)
			links |= (u32)BIT(n);
	}
	gpu->map.link_mask = links;
	gpu_regs_reset(gpu);
}

struct vram *gpu_vram(struct gpu *gpu)
{
	return gpu->vram;
}

void gpu_set_bar(struct gpu *gpu, unsigned int bar, u64 bus, u64 bytes)
{
	struct place_bar *place;

	switch (bar) {
	case VKFD_BAR_VRAM:
		place = &gpu->node.vram_bar;
		break;
	case VKFD_BAR_DOORBELL:
		place = &gpu->node.doorbell_bar;
		break;
	case VKFD_BAR_REGS:
		place = &gpu->node.reg_bar;
		break;
	default:
		return;
	}
	/* Never a new base with an old, longer length. */
	atomic_store(&place->bytes, 0);
	atomic_store(&place->bus, bus);
	atomic_store(&place->bytes, bus ? bytes : 0);
}

void gpu_reset(struct gpu *gpu)
{
	kiq_disable(gpu->kiq);
	gpu_queues_reset(gpu);
	ih_disable(gpu->ih);
	gpu_access_limit(gpu, 0);
	gpu_regs_reset(gpu);
}
