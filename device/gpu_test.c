// SPDX-License-Identifier: MIT
/* Registers, counters, several GPUs in one process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "fake_driver.h"

#define LO(x) ((u32)(x))
#define HI(x) ((u32)((u64)(x) >> 32))
#define RAM(offset) (VKFD_MC_AGP_BASE + FAKE_RAM_BUS + (offset))
#define RING(n) ((1u << 20) + (n) * 0x10000u)

struct bench {
	struct fake_ram ram;
	struct fake_driver drv[2];
	struct fake_queue queue[2];
};

static struct bench *start(bool xgmi, u32 mode)
{
	static struct bench bench;
	struct gpu *peers[2];

	memset(&bench, 0, sizeof(bench));
	fake_ram_init(&bench.ram);
	for (u32 n = 0; n < 2; n++) {
		struct fake_config config = { .node = n, .nodes = 2, .mode = mode, .xgmi = xgmi };

		fake_driver_init(&bench.drv[n], &bench.ram, &config);
		peers[n] = bench.drv[n].gpu;
	}
	for (u32 n = 0; n < 2; n++)
		gpu_set_peers(peers[n], peers, 2);
	for (u32 n = 0; n < 2; n++) {
		fake_driver_start(&bench.drv[n]);
		bench.queue[n] = (struct fake_queue){ .drv = &bench.drv[n], .number = n,
						      .doorbell = 1, .mem = RING(n),
						      .ring_bytes = 4096, .va = RAM(RING(n)) };
		assert_int_equal(fake_queue_map(&bench.queue[n], 0), VKFD_KIQ_OK);
	}
	return &bench;
}

static int setup_xgmi(void **state)
{
	*state = start(true, 0);
	return 0;
}

static int setup_apu(void **state)
{
	*state = start(true, (u32)VKFD_FEATURE_APU);
	return 0;
}

static int setup_pcie(void **state)
{
	*state = start(false, 0);
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	for (int n = 0; n < 2; n++)
		gpu_reset(bench->drv[n].gpu);
	for (int n = 0; n < 2; n++)
		fake_driver_fini(&bench->drv[n]);
	fake_ram_fini(&bench->ram);
	return 0;
}

static void submit_copy(struct fake_queue *queue, u64 dst, u64 src, u32 bytes)
{
	u32 dw[] = { 1, bytes - 1, 0, LO(src), HI(src), LO(dst), HI(dst) };

	fake_emit(queue, dw, 7);
	fake_submit(queue);
}

static void identity_registers_describe_gpu(void **state)
{
	struct bench *bench = *state;
	struct fake_driver *drv = &bench->drv[1];

	assert_int_equal(fake_reg(drv, VKFD_REG_HW_MAGIC), VKFD_HW_MAGIC);
	assert_int_equal(fake_reg(drv, VKFD_REG_HW_VERSION), VKFD_HW_VERSION);
	assert_int_equal(fake_reg(drv, VKFD_REG_HW_FEATURES),
			 VKFD_FEATURE_XNACK | VKFD_FEATURE_XGMI | VKFD_FEATURE_COMPUTE |
				 VKFD_FEATURE_ACCESS_COUNTERS);
	assert_int_equal(fake_reg(drv, VKFD_REG_NODE_ID), 1);
	assert_int_equal(fake_reg(drv, VKFD_REG_NUM_NODES), 2);
	assert_int_equal(fake_reg(drv, VKFD_REG_LINK_MASK), 3);
	assert_int_equal(fake_reg(drv, VKFD_REG_NUM_CUS), 8);
	assert_int_equal(fake_reg(drv, VKFD_REG_NUM_SES), 8);
	assert_int_equal(gpu_reg_read(drv->gpu, VKFD_REG_VRAM_BYTES_LO, 8), FAKE_VRAM_BYTES);
	assert_int_not_equal(gpu_reg_read(drv->gpu, VKFD_REG_UNIQUE_ID_LO, 8),
			     gpu_reg_read(bench->drv[0].gpu, VKFD_REG_UNIQUE_ID_LO, 8));
}

static void features_say_apu_also_after_a_reset(void **state)
{
	struct fake_driver *drv = &((struct bench *)*state)->drv[0];

	assert_true(fake_reg(drv, VKFD_REG_HW_FEATURES) & VKFD_FEATURE_APU);
	gpu_reset(drv->gpu);
	assert_true(fake_reg(drv, VKFD_REG_HW_FEATURES) & VKFD_FEATURE_APU);
}

static void unknown_register_reads_zero_and_is_counted(void **state)
{
	struct bench *bench = *state;
	struct fake_driver *drv = &bench->drv[0];
	u32 before = drv->log_lines;

	assert_int_equal(gpu_reg_read(drv->gpu, 0x2000, 4), 0);
	gpu_reg_write(drv->gpu, 0x2000, 1, 4);
	gpu_reg_write(drv->gpu, VKFD_REG_HW_MAGIC, 1, 4);
	assert_int_equal(gpu_reg_read(drv->gpu, 0x1, 4), 0);
	assert_int_equal(gpu_reg_read(drv->gpu, VKFD_REG_HW_MAGIC, 8), 0);
	assert_int_equal(gpu_reg_read(drv->gpu, VKFD_REG_RESET, 4), 0);
	assert_int_equal(gpu_reg_read(drv->gpu, ~0ULL, 2), 0);
	assert_int_equal(fake_reg(drv, VKFD_REG_REG_UNKNOWN), 7);
	/* Once for an offset, however often. */
	assert_int_equal(drv->log_lines - before, 4);
	assert_int_equal(fake_reg(drv, VKFD_REG_HW_MAGIC), VKFD_HW_MAGIC);
}

static void clock_is_strictly_monotonic(void **state)
{
	struct bench *bench = *state;
	u64 last = 0;

	for (int i = 0; i < 100000; i++) {
		u64 now = gpu_reg_read(bench->drv[0].gpu, VKFD_REG_CLOCK_LO, 8);

		assert_true(now > last);
		last = now;
	}
}

static void hive_address_reaches_linked_peer(void **state)
{
	struct bench *bench = *state;

	memset(bench->drv[1].bar0 + 0x1000, 0x3c, 4096);
	submit_copy(&bench->queue[0], VKFD_HIVE_ADDR(0, 0x8000), VKFD_HIVE_ADDR(1, 0x1000), 4096);
	assert_true(fake_idle(&bench->queue[0]));
	assert_int_equal(bench->drv[0].bar0[0x8fff], 0x3c);
	assert_int_equal(fake_stat(&bench->drv[0], VKFD_STAT_PEER_READ_BYTES), 4096);
	assert_int_equal(fake_stat(&bench->drv[0], VKFD_STAT_VRAM_WRITE_BYTES), 4096);
}

static void without_link_hive_address_of_peer_faults(void **state)
{
	struct bench *bench = *state;
	struct vkfd_ih_entry entry;

	assert_int_equal(fake_reg(&bench->drv[0], VKFD_REG_LINK_MASK), 1);
	submit_copy(&bench->queue[0], VKFD_HIVE_ADDR(0, 0), VKFD_HIVE_ADDR(1, 0), 64);
	assert_true(fake_ih_next(&bench->drv[0], &entry, 1000));
	assert_int_equal(VKFD_IH_SOURCE(entry.header), VKFD_IH_SRC_VM_FAULT);
	assert_int_equal(VKFD_IH_PASID(entry.pasid), 0);
}

/* PCIe peer-to-peer: a bus address in the other GPU's VRAM or doorbell BAR. */
static void bus_address_in_peer_bar_is_routed(void **state)
{
	struct bench *bench = *state;
	u64 vram = 0xe000000000ULL, bells = 0xf000000000ULL, wptr = RAM(RING(1) + 4096 + 64);
	u64 bell = VKFD_MC_AGP_BASE + bells + 8;
	u32 dw[] = { 2, LO(wptr), HI(wptr), 1, 4, 0, 2, LO(bell), HI(bell), 1, 4, 0 };

	gpu_set_bar(bench->drv[1].gpu, VKFD_BAR_VRAM, vram, FAKE_VRAM_BYTES);
	gpu_set_bar(bench->drv[1].gpu, VKFD_BAR_DOORBELL, bells, VKFD_DOORBELL_BAR_BYTES);
	memset(bench->drv[0].bar0, 0x77, 8192);
	submit_copy(&bench->queue[0], VKFD_MC_AGP_BASE + vram + 0x3000, VKFD_HIVE_ADDR(0, 0), 8192);
	assert_true(fake_idle(&bench->queue[0]));
	assert_int_equal(bench->drv[1].bar0[0x4fff], 0x77);
	assert_int_equal(bench->drv[1].bar0[0x5000], 0);
	/* GPU 0 fills and rings GPU 1's queue. */
	fake_emit(&bench->queue[1], (u32[]){ 0 }, 1);
	fake_emit(&bench->queue[0], dw, 12);
	fake_submit(&bench->queue[0]);
	assert_true(fake_idle(&bench->queue[1]));
	/* A BAR that is not decoded any more is nothing. */
	gpu_set_bar(bench->drv[1].gpu, VKFD_BAR_VRAM, 0, FAKE_VRAM_BYTES);
	submit_copy(&bench->queue[0], VKFD_MC_AGP_BASE + vram, VKFD_HIVE_ADDR(0, 0), 64);
	for (int i = 0; i < 1000 && !fake_stat(&bench->drv[0], VKFD_STAT_FAULTS_NORETRY); i++)
		fake_sleep_us(5000);
	assert_int_equal(fake_stat(&bench->drv[0], VKFD_STAT_FAULTS_NORETRY), 1);
}

static void engine_reaches_only_hdp_page_of_registers(void **state)
{
	struct bench *bench = *state;
	u64 regs = 0xfe000000, hdp = VKFD_MC_AGP_BASE + regs + VKFD_REG_HDP_MEM_FLUSH;
	u64 reset = VKFD_MC_AGP_BASE + regs + VKFD_REG_RESET;
	u32 dw[] = { 2, LO(hdp), HI(hdp), 0, 5, 2, LO(reset), HI(reset), 0, VKFD_RESET_ENGINES };

	gpu_set_bar(bench->drv[0].gpu, VKFD_BAR_REGS, regs, VKFD_REGS_BAR_BYTES);
	fake_emit(&bench->queue[0], dw, 10);
	fake_submit(&bench->queue[0]);
	assert_true(fake_idle(&bench->queue[0]));
	assert_int_equal(fake_reg(&bench->drv[0], VKFD_REG_HDP_MEM_FLUSH), 5);
	assert_int_equal(fake_reg(&bench->drv[0], VKFD_REG_REG_UNKNOWN), 1);
}

static void srbm_write_reaches_few_registers(void **state)
{
	struct bench *bench = *state;
	u32 dw[] = { 14, VKFD_REG_GART_FLUSH, 1, 14, VKFD_REG_RESET, VKFD_RESET_ENGINES };

	fake_emit(&bench->queue[0], dw, 6);
	fake_submit(&bench->queue[0]);
	assert_true(fake_idle(&bench->queue[0]));
	assert_int_equal(fake_reg(&bench->drv[0], VKFD_REG_REG_UNKNOWN), 1);
}

static void stats_window_reads_halves_and_end(void **state)
{
	struct bench *bench = *state;
	struct gpu *gpu = bench->drv[0].gpu;

	submit_copy(&bench->queue[0], VKFD_HIVE_ADDR(0, 0), VKFD_HIVE_ADDR(0, 0x10000), 300);
	assert_true(fake_idle(&bench->queue[0]));
	assert_int_equal(fake_stat(&bench->drv[0], VKFD_STAT_SDMA_BYTES_WRITTEN), 300);
	assert_int_equal(gpu_reg_read(gpu, VKFD_REGS_STATS_OFFSET + 8 * VKFD_STAT_SDMA_BYTES_WRITTEN,
				      4), 300);
	assert_int_equal(gpu_reg_read(gpu, VKFD_REGS_STATS_OFFSET +
						   8 * VKFD_STAT_SDMA_BYTES_WRITTEN + 4, 4), 0);
	assert_int_equal(gpu_reg_read(gpu, VKFD_REGS_STATS_OFFSET + 8 * VKFD_STAT_COUNT, 8), 0);
	assert_int_equal(fake_reg(&bench->drv[0], VKFD_REG_REG_UNKNOWN), 0);
}

static void doorbell_of_odd_size_is_dropped(void **state)
{
	struct bench *bench = *state;
	struct gpu *gpu = bench->drv[0].gpu;

	gpu_doorbell_write(gpu, 8, 1, 1);
	gpu_doorbell_write(gpu, 10, 1, 4);
	gpu_doorbell_write(gpu, VKFD_DOORBELL_BAR_BYTES, 1, 8);
	gpu_doorbell_write(gpu, 0x100008, 0x1234567890ULL, 8);
	assert_int_equal(fake_stat(&bench->drv[0], VKFD_STAT_DOORBELLS_UNUSED), 4);
	assert_true(gpu_doorbell_read(gpu, 0x100008, 8) == 0x1234567890ULL);
	assert_int_equal(gpu_doorbell_read(gpu, 0x10000c, 4), 0x12);
	gpu_reset(gpu);
	assert_int_equal(gpu_doorbell_read(gpu, 0x100008, 8), 0);
}

static void reset_clears_vram_only_if_told(void **state)
{
	struct bench *bench = *state;
	struct gpu *gpu = bench->drv[0].gpu;
	u8 *vram = bench->drv[0].bar0;

	memset(vram, 0x77, 8192);
	memset(bench->drv[1].bar0, 0x77, 8192);
	gpu_reg_write(gpu, VKFD_REG_RESET, VKFD_RESET_ENGINES, 4);
	assert_int_equal(vram[0], 0x77);
	gpu_reg_write(gpu, VKFD_REG_RESET, VKFD_RESET_ALL, 4);
	for (size_t i = 0; i < 8192; i++)
		assert_int_equal(vram[i], 0);
	assert_int_equal(bench->drv[1].bar0[0], 0x77);
	vram[0] = 1;
	assert_int_equal(vram[0], 1);
}

#define XGMI(name) cmocka_unit_test_setup_teardown(name, setup_xgmi, teardown)
#define PCIE(name) cmocka_unit_test_setup_teardown(name, setup_pcie, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		XGMI(identity_registers_describe_gpu),
		cmocka_unit_test_setup_teardown(features_say_apu_also_after_a_reset, setup_apu, teardown),
		XGMI(unknown_register_reads_zero_and_is_counted),
		XGMI(clock_is_strictly_monotonic),
		XGMI(hive_address_reaches_linked_peer),
		PCIE(without_link_hive_address_of_peer_faults),
		PCIE(bus_address_in_peer_bar_is_routed),
		PCIE(engine_reaches_only_hdp_page_of_registers),
		PCIE(srbm_write_reaches_few_registers),
		PCIE(stats_window_reads_halves_and_end),
		PCIE(doorbell_of_odd_size_is_dropped),
		PCIE(reset_clears_vram_only_if_told),
	};

	return cmocka_run_group_tests_name("gpu", tests, NULL, NULL);
}
