// SPDX-License-Identifier: MIT
/* KIQ commands and compute queues on a whole GPU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "fake_driver.h"

#define CTX 3u
#define QUEUE_VA 0x100000000ULL
#define RING (1u << 20)

struct bench {
	struct fake_ram ram;
	struct fake_driver drv;
	u64 root;
};

static int setup(void **state)
{
	static struct bench bench;
	struct fake_config config = { .nodes = 1 };

	memset(&bench, 0, sizeof(bench));
	fake_ram_init(&bench.ram);
	fake_driver_init(&bench.drv, &bench.ram, &config);
	bench.root = fake_table(&bench.drv);
	assert_int_equal(fake_ctx_set(&bench.drv, CTX, 0x8003, 0, bench.root), VKFD_KIQ_OK);
	fake_map_ram(&bench.drv, bench.root, QUEUE_VA, RING, 64 * 4096);
	*state = &bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	fake_driver_fini(&bench->drv);
	fake_ram_fini(&bench->ram);
	return 0;
}

static struct vkfd_kiq_cmd good_map(struct bench *bench, u32 type)
{
	struct fake_queue queue = { .drv = &bench->drv, .number = 9, .ctx = CTX, .doorbell = 4,
				    .mem = RING, .ring_bytes = 4096, .va = QUEUE_VA };
	struct vkfd_kiq_cmd cmd = fake_queue_cmd(&queue, VKFD_KIQ_QUEUE_MAP, 0);

	cmd.queue.type = type;
	cmd.queue.engine = type == VKFD_QUEUE_SDMA_XGMI ? 2 : 0;
	return cmd;
}

static u32 unmap(struct bench *bench, u32 number)
{
	struct vkfd_kiq_cmd cmd = { .op = VKFD_KIQ_QUEUE_UNMAP, .queue.queue = number };

	return fake_kiq(&bench->drv, &cmd);
}

static void ctx_set_refuses_bad_fields(void **state)
{
	struct fake_driver *drv = &((struct bench *)*state)->drv;
	u64 root = ((struct bench *)*state)->root;

	assert_int_equal(fake_ctx_set(drv, 0, 1, 0, root), VKFD_KIQ_BAD_CTX);
	assert_int_equal(fake_ctx_set(drv, VKFD_MAX_CONTEXTS, 1, 0, root), VKFD_KIQ_BAD_CTX);
	assert_int_equal(fake_ctx_set(drv, 4, 0x10000, 0, root), VKFD_KIQ_BAD_CTX);
	assert_int_equal(fake_ctx_set(drv, 4, 1, 2, root), VKFD_KIQ_BAD_CTX);
	assert_int_equal(fake_ctx_set(drv, 4, 1, 0, root + 8), VKFD_KIQ_BAD_RANGE);
	assert_int_equal(fake_ctx_set(drv, 4, 1, 0, FAKE_VRAM_BYTES), VKFD_KIQ_BAD_RANGE);
	assert_int_equal(fake_ctx_set(drv, 4, 1, 0, VKFD_HIVE_ADDR(1, 0)), VKFD_KIQ_BAD_RANGE);
	assert_int_equal(fake_ctx_set(drv, 4, 1, 0, ~0xfffULL), VKFD_KIQ_BAD_RANGE);
	/* Refused without effect: the context does not exist. */
	assert_int_equal(fake_range(drv, VKFD_KIQ_TLB_FLUSH, 4, 0, 4096), VKFD_KIQ_BAD_CTX);
}

static void ctx_clear_waits_for_queues_to_go(void **state)
{
	struct bench *bench = *state;
	struct vkfd_kiq_cmd map = good_map(bench, VKFD_QUEUE_PM4);
	struct vkfd_kiq_cmd clear = { .op = VKFD_KIQ_CTX_CLEAR, .ctx.ctx = CTX };

	assert_int_equal(fake_kiq(&bench->drv, &map), VKFD_KIQ_OK);
	assert_int_equal(fake_kiq(&bench->drv, &clear), VKFD_KIQ_BUSY);
	assert_int_equal(unmap(bench, 9), VKFD_KIQ_OK);
	assert_int_equal(fake_kiq(&bench->drv, &clear), VKFD_KIQ_OK);
	assert_int_equal(fake_kiq(&bench->drv, &clear), VKFD_KIQ_BAD_CTX);
	assert_int_equal(fake_kiq(&bench->drv, &map), VKFD_KIQ_BAD_CTX);
}

static void ranges_are_checked(void **state)
{
	struct fake_driver *drv = &((struct bench *)*state)->drv;

	for (u32 op = VKFD_KIQ_TLB_FLUSH; op <= VKFD_KIQ_FAULT_ACK; op++) {
		assert_int_equal(fake_range(drv, op, CTX, 0x1000, 0x3000), VKFD_KIQ_OK);
		assert_int_equal(fake_range(drv, op, CTX, 0, ~0xfffULL), VKFD_KIQ_OK);
		assert_int_equal(fake_range(drv, op, CTX, 0x1000, 0x1000), VKFD_KIQ_BAD_RANGE);
		assert_int_equal(fake_range(drv, op, CTX, 0x3000, 0x1000), VKFD_KIQ_BAD_RANGE);
		assert_int_equal(fake_range(drv, op, CTX, 0x1001, 0x3000), VKFD_KIQ_BAD_RANGE);
		assert_int_equal(fake_range(drv, op, 77, 0x1000, 0x3000), VKFD_KIQ_BAD_CTX);
		assert_int_equal(fake_range(drv, op, ~0u, 0x1000, 0x3000), VKFD_KIQ_BAD_CTX);
	}
}

static void queue_map_refuses_bad_fields(void **state)
{
	struct bench *bench = *state;
	struct vkfd_kiq_cmd cmd;

#define REFUSED(change, status)                                           \
	do {                                                              \
		cmd = good_map(bench, VKFD_QUEUE_SDMA);                   \
		change;                                                   \
		assert_int_equal(fake_kiq(&bench->drv, &cmd), status);    \
	} while (0)

	REFUSED(cmd.queue.queue = VKFD_MAX_QUEUES, VKFD_KIQ_BAD_QUEUE);
	REFUSED(cmd.queue.type = 4, VKFD_KIQ_BAD_QUEUE);
	REFUSED(cmd.queue.flags = 2, VKFD_KIQ_BAD_QUEUE);
	REFUSED(cmd.queue.ctx = 44, VKFD_KIQ_BAD_CTX);
	REFUSED(cmd.queue.ctx = ~0u, VKFD_KIQ_BAD_CTX);
	REFUSED((cmd.queue.ctx = 0, cmd.queue.type = VKFD_QUEUE_PM4), VKFD_KIQ_BAD_CTX);
	REFUSED(cmd.queue.doorbell = 1024, VKFD_KIQ_BAD_DOORBELL);
	REFUSED((cmd.queue.ctx = 0, cmd.queue.doorbell = 0), VKFD_KIQ_BAD_DOORBELL);
	REFUSED(cmd.queue.engine = 2, VKFD_KIQ_BAD_ENGINE);
	REFUSED(cmd.queue.engine = ~0u, VKFD_KIQ_BAD_ENGINE);
	REFUSED(cmd.queue.ring_bytes = 5000, VKFD_KIQ_BAD_RANGE);
	REFUSED(cmd.queue.ring_bytes = 2048, VKFD_KIQ_BAD_RANGE);
	REFUSED(cmd.queue.ring_bytes = 1ULL << 40, VKFD_KIQ_BAD_RANGE);
	REFUSED(cmd.queue.ring += 128, VKFD_KIQ_BAD_RANGE);
	REFUSED(cmd.queue.rptr_va += 4, VKFD_KIQ_BAD_RANGE);
	REFUSED(cmd.pad = 1, VKFD_KIQ_UNKNOWN_OP);
	/* And nothing of all this left a trace. */
	REFUSED((void)0, VKFD_KIQ_OK);
	REFUSED((void)0, VKFD_KIQ_BUSY);
	REFUSED(cmd.queue.queue = 10, VKFD_KIQ_BUSY); /* doorbell taken */
	assert_int_equal(unmap(bench, 10), VKFD_KIQ_BAD_QUEUE);
	assert_int_equal(unmap(bench, ~0u), VKFD_KIQ_BAD_QUEUE);
	assert_int_equal(unmap(bench, 9), VKFD_KIQ_OK);
	assert_int_equal(unmap(bench, 9), VKFD_KIQ_BAD_QUEUE);
}

static void unknown_command_is_named(void **state)
{
	struct bench *bench = *state;
	struct vkfd_kiq_cmd cmd = { .op = 99 };
	struct vkfd_ih_entry entry;

	assert_int_equal(fake_kiq(&bench->drv, &cmd), VKFD_KIQ_UNKNOWN_OP);
	assert_true(fake_ih_next(&bench->drv, &entry, 1000));
	assert_int_equal(VKFD_IH_SOURCE(entry.header), VKFD_IH_SRC_DEVICE_ERROR);
	assert_int_equal(entry.data[0], VKFD_ERR_KIQ_COMMAND);
	assert_int_equal(entry.data[1], 99);
	assert_int_equal(bench->drv.interrupts, 1);
	assert_int_equal(fake_reg(&bench->drv, VKFD_REG_ERROR_INFO), 99);
	assert_int_equal(fake_reg(&bench->drv, VKFD_REG_ERROR_CODE), VKFD_ERR_KIQ_COMMAND);
	assert_int_equal(fake_reg(&bench->drv, VKFD_REG_ERROR_CODE), VKFD_ERR_NONE);
	assert_int_equal(fake_reg(&bench->drv, VKFD_REG_STATUS), VKFD_STATUS_READY);
	cmd.op = VKFD_KIQ_NOP;
	assert_int_equal(fake_kiq(&bench->drv, &cmd), VKFD_KIQ_OK);
}

static void count_beyond_ring_is_fatal_until_reset(void **state)
{
	struct bench *bench = *state;
	struct vkfd_kiq_cmd nop = { .op = VKFD_KIQ_NOP };

	gpu_doorbell_write(bench->drv.gpu, 0, 1000, 8);
	assert_int_equal(fake_reg(&bench->drv, VKFD_REG_ERROR_CODE), VKFD_ERR_KIQ_MEMORY);
	assert_true(fake_reg(&bench->drv, VKFD_REG_STATUS) & VKFD_STATUS_FATAL);
	gpu_reset(bench->drv.gpu);
	fake_driver_start(&bench->drv);
	assert_int_equal(fake_kiq(&bench->drv, &nop), VKFD_KIQ_OK);
	assert_int_equal(fake_reg(&bench->drv, VKFD_REG_STATUS), VKFD_STATUS_READY);
}

static void many_commands_wrap_ring_and_status(void **state)
{
	struct bench *bench = *state;

	for (u32 i = 0; i < 300; i++)
		assert_int_equal(fake_range(&bench->drv, VKFD_KIQ_TLB_FLUSH, i % 3 ? CTX : 99,
					    0, 4096), i % 3 ? VKFD_KIQ_OK : VKFD_KIQ_BAD_CTX);
	/* And one of the GART, when the driver started. */
	assert_int_equal(fake_stat(&bench->drv, VKFD_STAT_TLB_FLUSHES), 201);
}

static void suspended_compute_queue_reports_when_it_runs(void **state)
{
	struct bench *bench = *state;
	struct vkfd_kiq_cmd cmd = good_map(bench, VKFD_QUEUE_AQL);
	struct vkfd_ih_entry entry;

	cmd.queue.percent = 0;
	cmd.queue.ring_bytes = 0;
	assert_int_equal(fake_kiq(&bench->drv, &cmd), VKFD_KIQ_OK);
	*(u64 *)fake_ram_at(&bench->drv, RING + 4096 + 64) = 1;
	gpu_doorbell_write(bench->drv.gpu, CTX * 8192 + 32, 0, 8);
	assert_false(fake_ih_next(&bench->drv, &entry, 20));
	cmd = good_map(bench, VKFD_QUEUE_AQL);
	cmd.op = VKFD_KIQ_QUEUE_UPDATE;
	assert_int_equal(fake_kiq(&bench->drv, &cmd), VKFD_KIQ_OK);
	assert_true(fake_ih_next(&bench->drv, &entry, 1000));
}

static void more_compute_queues_than_slots_are_accepted(void **state)
{
	struct bench *bench = *state;

	for (u32 i = 0; i < 3 * VKFD_COMPUTE_QUEUES; i++) {
		struct vkfd_kiq_cmd cmd = good_map(bench, VKFD_QUEUE_PM4);

		cmd.queue.queue = i;
		cmd.queue.doorbell = i;
		assert_int_equal(fake_kiq(&bench->drv, &cmd), VKFD_KIQ_OK);
	}
	for (u32 i = 0; i < 3 * VKFD_COMPUTE_QUEUES; i++)
		assert_int_equal(unmap(bench, i), VKFD_KIQ_OK);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(ctx_set_refuses_bad_fields),
		CASE(ctx_clear_waits_for_queues_to_go),
		CASE(ranges_are_checked),
		CASE(queue_map_refuses_bad_fields),
		CASE(unknown_command_is_named),
		CASE(count_beyond_ring_is_fatal_until_reset),
		CASE(many_commands_wrap_ring_and_status),
		CASE(suspended_compute_queue_reports_when_it_runs),
		CASE(more_compute_queues_than_slots_are_accepted),
	};

	return cmocka_run_group_tests_name("kiq", tests, NULL, NULL);
}
