// SPDX-License-Identifier: MIT
/* Kernel queue of a whole GPU: rings, GART, interrupts, every packet's bytes. */
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
#define VRAM(offset) VKFD_HIVE_ADDR(0, offset)
#define DATA	FAKE_RAM_FREE
#define OUT	(FAKE_RAM_FREE + (8u << 20))
#define RING	(1u << 20)

struct bench {
	struct fake_ram ram;
	struct fake_driver drv;
	struct fake_queue queue;
};

static int setup(void **state)
{
	static struct bench bench;
	struct fake_config config = { .nodes = 1 };

	memset(&bench, 0, sizeof(bench));
	fake_ram_init(&bench.ram);
	fake_driver_init(&bench.drv, &bench.ram, &config);
	bench.queue = (struct fake_queue){ .drv = &bench.drv, .number = 5,
					   .doorbell = VKFD_DOORBELL_KERNEL_SDMA, .mem = RING,
					   .ring_bytes = 4096, .va = RAM(RING) };
	assert_int_equal(fake_queue_map(&bench.queue, 0), VKFD_KIQ_OK);
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

static void run(struct bench *bench, const u32 *dw, u32 n)
{
	fake_emit(&bench->queue, dw, n);
	fake_submit(&bench->queue);
	assert_true(fake_idle(&bench->queue));
}

static void fill_random(u8 *p, size_t n, u32 seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525 + 1013904223;
		p[i] = (u8)(seed >> 24);
	}
}

static void copy_unaligned_ram_to_vram_copies_exact_bytes(void **state)
{
	struct bench *bench = *state;
	u8 *src = fake_ram_at(&bench->drv, DATA + 3);
	u8 *dst = bench->drv.bar0 + 0x10001;
	u64 from = RAM(DATA + 3), to = VRAM(0x10001);
	u32 dw[] = { 1, 70000 - 1, 0, LO(from), HI(from), LO(to), HI(to) };

	fill_random(src, 70000, 1);
	memset(dst - 1, 0x55, 70002);
	run(bench, dw, 7);
	assert_memory_equal(src, dst, 70000);
	assert_int_equal(dst[-1], 0x55);
	assert_int_equal(dst[70000], 0x55);
}

static void copy_broadcast_reaches_both(void **state)
{
	struct bench *bench = *state;
	u8 *src = fake_ram_at(&bench->drv, DATA);
	u64 from = RAM(DATA), a = VRAM(0x200000), b = RAM(OUT);
	u32 dw[] = { 1 | 1u << 27, 9999, 0, LO(from), HI(from), LO(a), HI(a), LO(b), HI(b) };

	fill_random(src, 10000, 2);
	run(bench, dw, 9);
	assert_memory_equal(src, bench->drv.bar0 + 0x200000, 10000);
	assert_memory_equal(src, fake_ram_at(&bench->drv, OUT), 10000);
}

static void write_then_fence_lands_in_order(void **state)
{
	struct bench *bench = *state;
	u64 to = RAM(OUT), fence = RAM(OUT + 64);
	u32 dw[] = { 2, LO(to), HI(to), 2, 0x11111111, 0x22222222, 0x33333333,
		     5, LO(fence), HI(fence), 0xfeedface };
	u32 want[] = { 0x11111111, 0x22222222, 0x33333333 };

	run(bench, dw, 11);
	assert_memory_equal(fake_ram_at(&bench->drv, OUT), want, 12);
	assert_int_equal(*(u32 *)fake_ram_at(&bench->drv, OUT + 64), 0xfeedface);
}

static void trap_writes_entry_and_interrupts(void **state)
{
	struct bench *bench = *state;
	struct vkfd_ih_entry entry;
	u32 dw[] = { 6, 0xf1234567 };

	run(bench, dw, 2);
	assert_true(fake_ih_next(&bench->drv, &entry, 1000));
	assert_int_equal(VKFD_IH_CLIENT(entry.header), VKFD_IH_CLIENT_SDMA0);
	assert_int_equal(VKFD_IH_SOURCE(entry.header), VKFD_IH_SRC_SDMA_TRAP);
	assert_int_equal(entry.data[0], 0x1234567);
	assert_int_equal(entry.data[2], 5);
	assert_int_equal(bench->drv.interrupts, 1);
}

static void fill_both_counts_same_dwords(void **state)
{
	struct bench *bench = *state;
	u32 *out = fake_ram_at(&bench->drv, OUT);
	u64 a = RAM(OUT), b = RAM(OUT + 4096);
	u32 dw[] = { 11 | 2u << 30, LO(a), HI(a), 0xa1b2c3d4, 64 - 1,
		     11 | 2u << 30, LO(b), HI(b), 0xa1b2c3d4, 64 - 4 };

	memset(out, 0, 8192);
	run(bench, dw, 10);
	for (int i = 0; i < 16; i++) {
		assert_int_equal(out[i], 0xa1b2c3d4);
		assert_int_equal(out[1024 + i], 0xa1b2c3d4);
	}
	assert_int_equal(out[16], 0);
	assert_int_equal(out[1024 + 16], 0);
}

static void fill_bytes_uses_low_byte(void **state)
{
	struct bench *bench = *state;
	u8 *out = fake_ram_at(&bench->drv, OUT);
	u64 a = RAM(OUT + 1);
	u32 dw[] = { 11, LO(a), HI(a), 0xffffff7e, 10000 };

	memset(out, 0, 16384);
	run(bench, dw, 5);
	assert_int_equal(out[0], 0);
	for (int i = 1; i <= 10001; i++)
		assert_int_equal(out[i], 0x7e);
	assert_int_equal(out[10002], 0);
}

static void rect_copies_rows_and_slices(void **state)
{
	struct bench *bench = *state;
	u8 *src = fake_ram_at(&bench->drv, DATA), *dst = bench->drv.bar0;
	u64 from = RAM(DATA), to = VRAM(0);
	/* elements of 4 bytes; 5 x 3 x 2; pitches 64 and 32, slices 1024 and 512 */
	u32 dw[] = { 1 | 4 << 8 | 2u << 29, LO(from), HI(from), 7 | 2 << 16, 1 | 63 << 13, 1023,
		     LO(to), HI(to), 3 | 1 << 16, 31 << 13, 511, 4 | 2 << 16, 1 };

	fill_random(src, 1 << 20, 3);
	memset(dst, 0, 1 << 16);
	run(bench, dw, 13);
	for (int z = 0; z < 2; z++)
		for (int y = 0; y < 3; y++)
			assert_memory_equal(dst + 4 * (3 + (1 + y) * 32 + z * 512),
					    src + 4 * (7 + (2 + y) * 64 + (1 + z) * 1024), 20);
}

static void atomic_add_returns_sum(void **state)
{
	struct bench *bench = *state;
	u64 *value = fake_ram_at(&bench->drv, OUT), at = RAM(OUT);
	u32 dw[] = { 10 | 47u << 25, LO(at), HI(at), ~0u, ~0u, 0, 0, 0 };

	*value = 5;
	run(bench, dw, 8);
	assert_int_equal(*value, 4);
}

static void timestamps_grow(void **state)
{
	struct bench *bench = *state;
	u64 *out = fake_ram_at(&bench->drv, OUT), a = RAM(OUT), b = RAM(OUT + 8);
	u32 dw[] = { 13 | 2 << 8, LO(a), HI(a), 13 | 2 << 8, LO(b), HI(b) };
	u64 before = gpu_reg_read(bench->drv.gpu, VKFD_REG_CLOCK_LO, 8);

	run(bench, dw, 6);
	assert_true(before < out[0]);
	assert_true(out[0] < out[1]);
	assert_true(out[1] < gpu_reg_read(bench->drv.gpu, VKFD_REG_CLOCK_LO, 8));
}

static void ptepde_writes_entries(void **state)
{
	struct bench *bench = *state;
	u64 *out = (u64 *)(void *)(bench->drv.bar0 + 0x1ff8);
	u64 to = VRAM(0x1ff8);
	u32 dw[] = { 12, LO(to), HI(to), 0x61, 0x80000000, 0x12345000, 0x1, 4096, 0, 599 };

	run(bench, dw, 10);
	for (u64 i = 0; i < 600; i++)
		assert_true(out[i] == (0x8000000000000061ULL | (0x112345000ULL + i * 4096)));
}

static void gart_entry_is_cached_until_flushed(void **state)
{
	struct bench *bench = *state;
	u64 *pte = (u64 *)(void *)(bench->drv.bar0 + FAKE_GART_TABLE);
	u64 page = VKFD_MC_GART_BASE, to = RAM(OUT);
	u32 copy[] = { 1, 3, 0, LO(page), HI(page), LO(to), HI(to) };
	u32 flush[] = { 14, VKFD_REG_GART_FLUSH, 1 };
	u32 *out = fake_ram_at(&bench->drv, OUT);

	*(u32 *)fake_ram_at(&bench->drv, DATA) = 0xaaaa;
	*(u32 *)fake_ram_at(&bench->drv, DATA + 4096) = 0xbbbb;
	*pte = (FAKE_RAM_BUS + DATA) | VKFD_PTE_SYSTEM | FAKE_RW;
	run(bench, copy, 7);
	assert_int_equal(*out, 0xaaaa);
	*pte = (FAKE_RAM_BUS + DATA + 4096) | VKFD_PTE_SYSTEM | FAKE_RW;
	run(bench, copy, 7);
	assert_int_equal(*out, 0xaaaa);
	run(bench, flush, 3);
	run(bench, copy, 7);
	assert_int_equal(*out, 0xbbbb);
}

static void ring_wrap_inside_packets_keeps_data(void **state)
{
	struct bench *bench = *state;
	u32 dw[4 + 30];

	dw[0] = 2;
	for (u32 round = 0; round < 300; round++) {
		u64 to = RAM(OUT + round * 128);
		u32 n = 1 + round % 30;

		dw[1] = LO(to);
		dw[2] = HI(to);
		dw[3] = n - 1;
		for (u32 i = 0; i < n; i++)
			dw[4 + i] = round * 1000 + i;
		run(bench, dw, 4 + n);
		assert_memory_equal(fake_ram_at(&bench->drv, OUT + round * 128), dw + 4, n * 4);
	}
	assert_true(bench->queue.wptr > 4 * bench->queue.ring_bytes);
}

static void nop_count_skips_body(void **state)
{
	struct bench *bench = *state;
	u64 fence = RAM(OUT);
	u32 dw[] = { 0 | 3 << 16, 0xffffffff, 0xffffffff, 0xffffffff, 5, LO(fence), HI(fence), 77 };

	run(bench, dw, 8);
	assert_int_equal(*(u32 *)fake_ram_at(&bench->drv, OUT), 77);
}

static void indirect_runs_ib_once(void **state)
{
	struct bench *bench = *state;
	u64 *value = fake_ram_at(&bench->drv, OUT), at = RAM(OUT), ib = RAM(DATA);
	u32 body[] = { 10 | 47u << 25, LO(at), HI(at), 3, 0, 0, 0, 0, 0 };
	u32 dw[] = { 4, LO(ib), HI(ib), 9, 0, 0, 10 | 47u << 25, LO(at), HI(at), 10, 0, 0, 0, 0 };

	*value = 1;
	memcpy(fake_ram_at(&bench->drv, DATA), body, sizeof(body));
	run(bench, dw, 14);
	assert_int_equal(*value, 14);
}

static void cond_exe_skips_when_different(void **state)
{
	struct bench *bench = *state;
	u32 *flag = fake_ram_at(&bench->drv, DATA), *out = fake_ram_at(&bench->drv, OUT);
	u64 at = RAM(DATA), a = RAM(OUT), b = RAM(OUT + 4);
	u32 dw[] = { 9, LO(at), HI(at), 42, 4, 5, LO(a), HI(a), 1, 5, LO(b), HI(b), 2 };

	*flag = 41;
	memset(out, 0, 8);
	run(bench, dw, 13);
	assert_int_equal(out[0], 0);
	assert_int_equal(out[1], 2);
	*flag = 42;
	run(bench, dw, 13);
	assert_int_equal(out[0], 1);
}

static void poll_waits_for_cpu(void **state)
{
	struct bench *bench = *state;
	_Atomic u32 *flag = fake_ram_at(&bench->drv, DATA);
	u64 at = RAM(DATA);
	u32 dw[] = { 8 | 3u << 28 | 1u << 31, LO(at), HI(at), 7, 0xff, 0xfffu << 16 };

	atomic_store(flag, 0x106);
	fake_emit(&bench->queue, dw, 6);
	fake_submit(&bench->queue);
	fake_sleep_us(20000);
	assert_int_equal(fake_rptr(&bench->queue), 0);
	atomic_store(flag, 0x207);
	assert_true(fake_idle(&bench->queue));
}

static void hdp_flush_form_is_nop(void **state)
{
	struct bench *bench = *state;
	u32 dw[] = { 8, 0, 0x80000000, 0, 0, 0 };

	run(bench, dw, 6);
}

static void unknown_packet_stops_queue_and_reports(void **state)
{
	struct bench *bench = *state;
	struct vkfd_ih_entry entry;
	u32 dw[] = { 0x000000ff };

	fake_emit(&bench->queue, dw, 1);
	fake_submit(&bench->queue);
	assert_true(fake_ih_next(&bench->drv, &entry, 1000));
	assert_int_equal(VKFD_IH_SOURCE(entry.header), VKFD_IH_SRC_BAD_OPCODE);
	assert_int_equal(entry.data[0] & 0x3ff, VKFD_DOORBELL_KERNEL_SDMA);
	assert_int_equal(entry.data[0] >> 10, VKFD_EC_PACKET_UNSUPPORTED);
	assert_int_equal(entry.data[1], 0xff);
	assert_int_equal(entry.data[3], VKFD_QERR_UNKNOWN_PACKET);
	assert_int_equal(fake_stat(&bench->drv, VKFD_STAT_QUEUE_ERRORS), 1);
	assert_int_equal(fake_queue_unmap(&bench->queue), VKFD_KIQ_OK);
	/* Mapped anew, it runs. */
	assert_int_equal(fake_queue_map(&bench->queue, 0), VKFD_KIQ_OK);
	run(bench, (u32[]){ 0 }, 1);
}

static void write_pointer_beyond_ring_stops_queue(void **state)
{
	struct bench *bench = *state;
	struct vkfd_ih_entry entry;

	bench->queue.wptr = bench->queue.ring_bytes + 4;
	fake_submit(&bench->queue);
	assert_true(fake_ih_next(&bench->drv, &entry, 1000));
	assert_int_equal(entry.data[3], VKFD_QERR_POINTER);
}

static void ih_ring_full_waits_in_order(void **state)
{
	struct bench *bench = *state;
	struct vkfd_ih_entry entry;
	u32 total = 1000;

	for (u32 i = 0; i < total; i++) {
		fake_emit(&bench->queue, (u32[]){ 6, i }, 2);
		if (i % 100 == 99) {
			fake_submit(&bench->queue);
			fake_sleep_us(1000);
		}
		if (i > 400)
			assert_true(fake_ih_next(&bench->drv, &entry, 1000));
		if (i > 400)
			assert_int_equal(entry.data[0], i - 401);
	}
	for (u32 i = total - 401; i < total; i++) {
		assert_true(fake_ih_next(&bench->drv, &entry, 1000));
		assert_int_equal(entry.data[0], i);
	}
	assert_true(fake_stat(&bench->drv, VKFD_STAT_IH_FULL) > 0);
	assert_int_equal(fake_stat(&bench->drv, VKFD_STAT_IH_ENTRIES), total);
}

static void reset_drops_queues_keeps_vram(void **state)
{
	struct bench *bench = *state;
	u32 dw[] = { 0 };

	bench->drv.bar0[100] = 42;
	gpu_reg_write(bench->drv.gpu, VKFD_REG_RESET, VKFD_RESET_ENGINES, 4);
	assert_int_equal(fake_reg(&bench->drv, VKFD_REG_IH_CNTL), 0);
	assert_int_equal(bench->drv.bar0[100], 42);
	fake_driver_start(&bench->drv);
	assert_int_equal(fake_queue_unmap(&bench->queue), VKFD_KIQ_BAD_QUEUE);
	assert_int_equal(fake_queue_map(&bench->queue, 0), VKFD_KIQ_OK);
	run(bench, dw, 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(copy_unaligned_ram_to_vram_copies_exact_bytes),
		CASE(copy_broadcast_reaches_both),
		CASE(write_then_fence_lands_in_order),
		CASE(trap_writes_entry_and_interrupts),
		CASE(fill_both_counts_same_dwords),
		CASE(fill_bytes_uses_low_byte),
		CASE(rect_copies_rows_and_slices),
		CASE(atomic_add_returns_sum),
		CASE(timestamps_grow),
		CASE(ptepde_writes_entries),
		CASE(gart_entry_is_cached_until_flushed),
		CASE(ring_wrap_inside_packets_keeps_data),
		CASE(nop_count_skips_body),
		CASE(indirect_runs_ib_once),
		CASE(cond_exe_skips_when_different),
		CASE(poll_waits_for_cpu),
		CASE(hdp_flush_form_is_nop),
		CASE(unknown_packet_stops_queue_and_reports),
		CASE(write_pointer_beyond_ring_stops_queue),
		CASE(ih_ring_full_waits_in_order),
		CASE(reset_drops_queues_keeps_vram),
	};

	return cmocka_run_group_tests_name("sdma", tests, NULL, NULL);
}
