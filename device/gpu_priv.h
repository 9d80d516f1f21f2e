/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_GPU_PRIV_H
#define VKFD_DEVICE_GPU_PRIV_H

/* What the gpu*.c files share. */
#include <pthread.h>
#include "cp/compute.h"
#include "cp/kiq.h"
#include "gpu.h"
#include "irq/ih.h"
#include "mmu/heat.h"
#include "mmu/mmu.h"
#include "sdma/sdma.h"
#include "telemetry/clock.h"
#include "util/parcel.h"
#include "vkfd_hw/doorbell.h"

#define GPU_REGS_MAX	64u

/* A mapped queue, as the KIQ knows it. */
struct gpu_queue {
	bool mapped;
	u32 type;
	u32 ctx;
	u32 doorbell;
	bool suspended;	/* percent 0 */
};

/* What a doorbell slot holds: queue number + 1, and who runs it. 0: empty. */
#define SLOT_COMPUTE	0x8000u
#define SLOT_QUEUE_MASK	0x7fffu

struct gpu {
	struct gpu_config config;
	struct gpu_host host;
	struct guest_mem *guest;
	struct vram *vram;
	struct counters counters;
	struct gpu_clock clock;
	struct place_node node;	/* what peers reach of this GPU */
	struct place_map map;	/* what this GPU reaches */

	struct ih *ih;
	struct mmu *mmu;
	struct heat *heat;
	struct kiq *kiq;
	struct sdma *sdma;
	struct compute *compute;

	/* Registers, gpu_regs.c. Innermost lock. */
	pthread_mutex_t reg_lock;
	u32 reg[GPU_REGS_MAX];	/* in VKFD_REGS order */
	u8 reg_logged[VKFD_REGS_BAR_BYTES / 4 / 8];
	u32 reg_unknown;

	/* Queue table, gpu_queue.c: KIQ thread and reset. Outermost lock. */
	pthread_mutex_t queue_lock;
	struct gpu_queue *queues;	/* VKFD_MAX_QUEUES */
	u32 ctx_queues[VKFD_MAX_CONTEXTS];
	struct seal_key seal;	/* of saved queues; constant */

	/* Doorbells, gpu_doorbell.c: no lock, whole words. */
	_Atomic u16 *slots;
	_Atomic u32 *doorbells;	/* last values, two words a doorbell */
};

/* gpu_regs.c */
void gpu_regs_reset(struct gpu *gpu);
/* The largest count of shader engines, up to gfx90a's 8, that divides the CUs. */
u32 gpu_shader_engines(u32 cus);
/* Records an error and reports it through the interrupt ring; @fatal: STATUS_FATAL until reset. */
void gpu_error(struct gpu *gpu, enum vkfd_hw_error error, u32 info, bool fatal);
/* Accesses of engines: SRBM_WRITE, and loads and stores to a mapped BAR4. */
void gpu_srbm_write(void *gpu, u32 offset, u32 value);
u64 gpu_engine_reg_read(void *gpu, u64 offset, unsigned int bytes);
void gpu_engine_reg_write(void *gpu, u64 offset, u64 value, unsigned int bytes);

/* gpu_queue.c */
extern const struct kiq_ops gpu_kiq_ops;
/* Both under queue_lock. False: the number, its context or its doorbell is not free. */
bool gpu_queue_seat(struct gpu *gpu, u32 number, const struct gpu_queue *seat);
/* Takes a queue off its engine, its doorbell and the table. */
enum vkfd_kiq_status gpu_queue_drop(struct gpu *gpu, u32 number);
/* Unmaps everything. The KIQ is disabled. */
void gpu_queues_reset(struct gpu *gpu);

/* gpu_save.c: KIQ commands */
enum vkfd_kiq_status gpu_save(void *gpu, const struct vkfd_kiq_area *area);
enum vkfd_kiq_status gpu_load(void *gpu, const struct vkfd_kiq_area *area);

/* gpu_doorbell.c */
bool gpu_doorbells_init(struct gpu *gpu);
void gpu_doorbells_fini(struct gpu *gpu);
void gpu_doorbells_reset(struct gpu *gpu);
/* False: the slot is taken. */
bool gpu_doorbell_claim(struct gpu *gpu, u32 ctx, u32 slot, u32 queue, bool compute);
void gpu_doorbell_release(struct gpu *gpu, u32 ctx, u32 slot);

/* gpu.c: requests after which a block of RAM is reported; 0: nothing is counted. */
void gpu_access_limit(struct gpu *gpu, u32 requests);
void gpu_log(void *gpu, const char *line);

#endif
