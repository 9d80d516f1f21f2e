// SPDX-License-Identifier: MIT
/* User queues: contexts, faults and replay, TLB, doorbells by the GPU, isolation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <string.h>
#include "fake_driver.h"

#define LO(x) ((u32)(x))
#define HI(x) ((u32)((u64)(x) >> 32))
#define CTX	7u
#define PASID	0x8007u
#define QUEUE_VA 0x100000000ULL	/* queue memory */
#define DATA_VA	0x7f0000000000ULL
#define DATA	FAKE_RAM_FREE
#define OUT	(FAKE_RAM_FREE + (8u << 20))
#define VRAM_LEAF_2M(offset) (VKFD_HIVE_ADDR(0, offset) | FAKE_RW | VKFD_PDE_PTE)
#define RING(n)	((1u << 20) + (n) * 0x10000u)

struct bench {
	struct fake_ram ram;
	struct fake_driver drv;
	struct fake_queue queue;
	u64 root;
};

static struct fake_queue make_queue(struct bench *bench, u32 n)
{
	struct fake_queue queue = { .drv = &bench->drv, .number = 100 + n, .ctx = CTX,
				    .doorbell = n, .mem = RING(n), .ring_bytes = 4096,
				    .va = QUEUE_VA + n * 0x10000u };

	fake_map_ram(&bench->drv, bench->root, queue.va, queue.mem,
		     FAKE_QUEUE_BYTES(queue.ring_bytes));
	return queue;
}

static struct bench *bench_start(u32 flags, u64 seed)
{
	static struct bench bench;
	struct fake_config config = { .nodes = 1, .seed = seed };

	memset(&bench, 0, sizeof(bench));
	fake_ram_init(&bench.ram);
	fake_driver_init(&bench.drv, &bench.ram, &config);
	bench.root = fake_table(&bench.drv);
	assert_int_equal(fake_ctx_set(&bench.drv, CTX, PASID, flags, bench.root), VKFD_KIQ_OK);
	bench.queue = make_queue(&bench, 0);
	assert_int_equal(fake_queue_map(&bench.queue, 0), VKFD_KIQ_OK);
	return &bench;
}

static int setup_retry(void **state)
{
	*state = bench_start(VKFD_CTX_RETRY, 0);
	return 0;
}

static int setup_seeded(void **state)
{
	*state = bench_start(VKFD_CTX_RETRY, 12345);
	return 0;
}

static int setup_noretry(void **state)
{
	*state = bench_start(0, 0);
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	fake_driver_fini(&bench->drv);
	fake_ram_fini(&bench->ram);
	return 0;
}

static void submit(struct fake_queue *queue, const u32 *dw, u32 n)
{
	fake_emit(queue, dw, n);
	fake_submit(queue);
}

static void submit_copy(struct fake_queue *queue, u64 dst, u64 src, u32 bytes)
{
	u32 dw[] = { 1, bytes - 1, 0, LO(src), HI(src), LO(dst), HI(dst) };

	submit(queue, dw, 7);
}

static u64 fault_va(const struct vkfd_ih_entry *entry)
{
	return (u64)entry->data[0] << 12 | (u64)(entry->data[1] & 0xf) << 44;
}

static u32 ack_page(struct bench *bench, u64 va)
{
	return fake_range(&bench->drv, VKFD_KIQ_FAULT_ACK, CTX, va, va + 4096);
}

static void copy_through_tables_moves_bytes(void **state)
{
	struct bench *bench = *state;
	u8 *src = fake_ram_at(&bench->drv, DATA);

	for (u32 i = 0; i < 3 * 4096; i++)
		src[i] = (u8)(i * 7);
	/* Scattered pages in RAM, one run in VRAM. */
	fake_map_ram(&bench->drv, bench->root, DATA_VA, DATA + 8192, 4096);
	fake_map_ram(&bench->drv, bench->root, DATA_VA + 4096, DATA, 4096);
	fake_map_vram(&bench->drv, bench->root, DATA_VA + 0x100000, 0x300000, 8192);
	submit_copy(&bench->queue, DATA_VA + 0x100000, DATA_VA, 8192);
	assert_true(fake_idle(&bench->queue));
	assert_memory_equal(bench->drv.bar0 + 0x300000, src + 8192, 4096);
	assert_memory_equal(bench->drv.bar0 + 0x301000, src, 4096);
}

static void missing_page_parks_until_acknowledged(void **state)
{
	struct bench *bench = *state;
	struct vkfd_ih_entry entry;

	fake_map_ram(&bench->drv, bench->root, DATA_VA, DATA, 4096);
	memset(fake_ram_at(&bench->drv, DATA), 0x5a, 4096);
	submit_copy(&bench->queue, DATA_VA + 0x10000, DATA_VA, 4096);
	assert_true(fake_ih_next(&bench->drv, &entry, 1000));
	assert_int_equal(VKFD_IH_CLIENT(entry.header), VKFD_IH_CLIENT_UTCL2);
	assert_int_equal(VKFD_IH_SOURCE(entry.header), VKFD_IH_SRC_VM_FAULT);
	assert_int_equal(VKFD_IH_PASID(entry.pasid), PASID);
	assert_true(fault_va(&entry) == DATA_VA + 0x10000);
	assert_int_equal(entry.data[1] & ~0xfu, VKFD_FAULT_RETRY | VKFD_FAULT_WRITE);
	assert_int_equal(entry.data[3], bench->queue.number);
	/* No second report while this one is open, even if the access runs again. */
	assert_int_equal(fake_range(&bench->drv, VKFD_KIQ_TLB_FLUSH, CTX, 0, ~0xfffULL),
			 VKFD_KIQ_OK);
	assert_false(fake_ih_next(&bench->drv, &entry, 20));
	assert_int_equal(fake_stat(&bench->drv, VKFD_STAT_FAULTS_MERGED), 1);
	/* Acknowledged without a page: reported again. */
	assert_int_equal(ack_page(bench, DATA_VA + 0x10000), VKFD_KIQ_OK);
	assert_true(fake_ih_next(&bench->drv, &entry, 1000));
	fake_map_vram(&bench->drv, bench->root, DATA_VA + 0x10000, 0x400000, 4096);
	assert_int_equal(ack_page(bench, DATA_VA + 0x10000), VKFD_KIQ_OK);
	assert_true(fake_idle(&bench->queue));
	assert_int_equal(bench->drv.bar0[0x400fff], 0x5a);
	assert_int_equal(fake_stat(&bench->drv, VKFD_STAT_FAULTS_RETRY), 2);
}

/* Serves every fault of a copy page by page, then counts the atomic's effect. */
static void replay_is_exactly_once(void **state)
{
	struct bench *bench = *state;
	u64 counter = DATA_VA + 0x800000, src = DATA_VA + 5, dst = DATA_VA + 0x100003;
	u32 add[] = { 10 | 47u << 25, LO(counter), HI(counter), 1, 0, 0, 0, 0 };
	u8 *from = fake_ram_at(&bench->drv, DATA), *to = fake_ram_at(&bench->drv, OUT);
	u32 faults = 0, bytes = 5 * 4096;
	struct vkfd_ih_entry entry;

	for (u32 i = 0; i < 6 * 4096; i++)
		from[i] = (u8)(i * 13 + i / 4096);
	memset(to, 0, 8 * 4096);
	*(u64 *)fake_ram_at(&bench->drv, OUT + 0x100000) = 10;
	for (int i = 0; i < 3; i++)
		fake_emit(&bench->queue, add, 8);
	submit_copy(&bench->queue, dst, src, bytes);
	while (fake_ih_next(&bench->drv, &entry, fake_rptr(&bench->queue) ==
						 bench->queue.wptr ? 20 : 500)) {
		u64 va = fault_va(&entry) & ~4095ULL;
		u64 ram = va >= counter ? OUT + 0x100000 :
			  va >= DATA_VA + 0x100000 ? OUT + (va - DATA_VA - 0x100000) :
						     DATA + (va - DATA_VA);

		faults++;
		fake_map_ram(&bench->drv, bench->root, va, ram, 4096);
		assert_int_equal(ack_page(bench, va), VKFD_KIQ_OK);
	}
	assert_true(fake_idle(&bench->queue));
	assert_int_equal(faults, 1 + 6 + 6);
	assert_int_equal(*(u64 *)fake_ram_at(&bench->drv, OUT + 0x100000), 13);
	assert_memory_equal(to + 3, from + 5, bytes);
	assert_int_equal(to[2], 0);
	assert_int_equal(to[3 + bytes], 0);
}

static void unmap_with_parked_access_succeeds(void **state)
{
	struct bench *bench = *state;
	struct vkfd_ih_entry entry;

	submit_copy(&bench->queue, DATA_VA, DATA_VA, 4096);
	assert_true(fake_ih_next(&bench->drv, &entry, 1000));
	assert_int_equal(fake_queue_unmap(&bench->queue), VKFD_KIQ_OK);
	assert_int_equal(ack_page(bench, DATA_VA), VKFD_KIQ_OK);
	assert_int_equal(fake_queue_map(&bench->queue, 0), VKFD_KIQ_OK);
	submit(&bench->queue, (u32[]){ 0 }, 1);
	assert_true(fake_idle(&bench->queue));
}

static void parked_queue_does_not_hold_up_others(void **state)
{
	struct bench *bench = *state;
	struct fake_queue other = make_queue(bench, 1);

	submit_copy(&bench->queue, DATA_VA, DATA_VA, 4096);
	assert_int_equal(fake_queue_map(&other, 0), VKFD_KIQ_OK);
	submit(&other, (u32[]){ 0, 0 }, 2);
	assert_true(fake_idle(&other));
}

static void permission_fault_never_retries(void **state)
{
	struct bench *bench = *state;
	struct vkfd_ih_entry entry;
	u32 write[] = { 2, LO(DATA_VA), HI(DATA_VA), 0, 1 };

	fake_pte(&bench->drv, bench->root, DATA_VA, 0,
		 (FAKE_RAM_BUS + DATA) | VKFD_PTE_SYSTEM | VKFD_PTE_VALID | VKFD_PTE_READABLE);
	submit(&bench->queue, write, 5);
	assert_true(fake_ih_next(&bench->drv, &entry, 1000));
	assert_int_equal(entry.data[1] & ~0xfu, VKFD_FAULT_WRITE);
	assert_int_equal(VKFD_IH_RING_ID(entry.header), VKFD_FAULT_RING_READ_ONLY);
	assert_int_equal(ack_page(bench, DATA_VA), VKFD_KIQ_OK);
	assert_false(fake_ih_next(&bench->drv, &entry, 20));
	assert_int_equal(fake_rptr(&bench->queue), 0);
	assert_int_equal(fake_queue_unmap(&bench->queue), VKFD_KIQ_OK);
}

static void force_no_retry_entry_stops_retrying_context(void **state)
{
	struct bench *bench = *state;
	struct vkfd_ih_entry entry;

	fake_pte(&bench->drv, bench->root, DATA_VA, 0, VKFD_PTE_NORETRY);
	submit_copy(&bench->queue, DATA_VA, DATA_VA, 64);
	assert_true(fake_ih_next(&bench->drv, &entry, 1000));
	assert_int_equal(entry.data[1] & ~0xfu, VKFD_FAULT_READ);
	assert_true(VKFD_IH_RING_ID(entry.header) & VKFD_FAULT_RING_NOT_PRESENT);
}

static void prt_reads_zero_and_drops_writes(void **state)
{
	struct bench *bench = *state;
	u8 *out = fake_ram_at(&bench->drv, OUT);

	memset(out, 0xff, 4096);
	fake_pte(&bench->drv, bench->root, DATA_VA, 0, VKFD_PTE_PRT);
	fake_map_ram(&bench->drv, bench->root, DATA_VA + 4096, OUT, 4096);
	submit_copy(&bench->queue, DATA_VA, DATA_VA + 4096, 4096);
	submit_copy(&bench->queue, DATA_VA + 4096, DATA_VA, 4096);
	assert_true(fake_idle(&bench->queue));
	for (int i = 0; i < 4096; i++)
		assert_int_equal(out[i], 0);
}

static void missing_page_without_retry_halts_queue(void **state)
{
	struct bench *bench = *state;
	struct fake_queue other = make_queue(bench, 1);
	struct vkfd_ih_entry entry;

	submit_copy(&bench->queue, DATA_VA + 0x5000, DATA_VA, 64);
	assert_true(fake_ih_next(&bench->drv, &entry, 1000));
	assert_true(fault_va(&entry) == DATA_VA);
	assert_int_equal(entry.data[1] & ~0xfu, VKFD_FAULT_READ);
	assert_int_equal(fake_stat(&bench->drv, VKFD_STAT_FAULTS_NORETRY), 1);
	fake_map_ram(&bench->drv, bench->root, DATA_VA, DATA, 0x6000);
	assert_int_equal(ack_page(bench, DATA_VA), VKFD_KIQ_OK);
	fake_sleep_us(20000);
	assert_int_equal(fake_rptr(&bench->queue), 0);
	assert_int_equal(fake_queue_map(&other, 1), VKFD_KIQ_OK);
	submit_copy(&other, DATA_VA + 0x5000, DATA_VA, 64);
	assert_true(fake_idle(&other));
	assert_int_equal(fake_queue_unmap(&bench->queue), VKFD_KIQ_OK);
}

static void tlb_keeps_translation_until_flush(void **state)
{
	struct bench *bench = *state;
	u32 *out = fake_ram_at(&bench->drv, OUT);

	*(u32 *)fake_ram_at(&bench->drv, DATA) = 1;
	*(u32 *)fake_ram_at(&bench->drv, DATA + 4096) = 2;
	fake_map_ram(&bench->drv, bench->root, DATA_VA, DATA, 4096);
	fake_map_ram(&bench->drv, bench->root, DATA_VA + 0x200000, OUT, 4096);
	submit_copy(&bench->queue, DATA_VA + 0x200000, DATA_VA, 4);
	assert_true(fake_idle(&bench->queue));
	assert_int_equal(*out, 1);
	fake_map_ram(&bench->drv, bench->root, DATA_VA, DATA + 4096, 4096);
	submit_copy(&bench->queue, DATA_VA + 0x200000, DATA_VA, 4);
	assert_true(fake_idle(&bench->queue));
	assert_int_equal(*out, 1);
	/* A flush beside it changes nothing. */
	assert_int_equal(fake_range(&bench->drv, VKFD_KIQ_TLB_FLUSH, CTX, DATA_VA + 4096,
				    DATA_VA + 8192), VKFD_KIQ_OK);
	submit_copy(&bench->queue, DATA_VA + 0x200000, DATA_VA, 4);
	assert_true(fake_idle(&bench->queue));
	assert_int_equal(*out, 1);
	assert_int_equal(fake_range(&bench->drv, VKFD_KIQ_TLB_FLUSH, CTX, DATA_VA,
				    DATA_VA + 4096), VKFD_KIQ_OK);
	submit_copy(&bench->queue, DATA_VA + 0x200000, DATA_VA, 4);
	assert_true(fake_idle(&bench->queue));
	assert_int_equal(*out, 2);
}

/* A new table under an old directory entry: after the flush nobody uses the old one. */
static void replaced_page_table_is_seen_after_flush(void **state)
{
	struct bench *bench = *state;
	u32 *out = fake_ram_at(&bench->drv, OUT);
	u64 table = fake_table(&bench->drv);
	u64 entry = (FAKE_RAM_BUS + DATA + 4096) | VKFD_PTE_SYSTEM | FAKE_RW;

	*(u32 *)fake_ram_at(&bench->drv, DATA) = 1;
	*(u32 *)fake_ram_at(&bench->drv, DATA + 4096) = 2;
	fake_map_ram(&bench->drv, bench->root, DATA_VA, DATA, 4096);
	fake_map_ram(&bench->drv, bench->root, DATA_VA + 0x200000, OUT, 4096);
	submit_copy(&bench->queue, DATA_VA + 0x200000, DATA_VA, 4);
	assert_true(fake_idle(&bench->queue));
	assert_int_equal(*out, 1);
	memcpy(bench->drv.bar0 + VKFD_HIVE_OFFSET(table), &entry, 8);
	fake_pte(&bench->drv, bench->root, DATA_VA, 1, table | VKFD_PTE_VALID);
	assert_int_equal(fake_range(&bench->drv, VKFD_KIQ_TLB_FLUSH, CTX, DATA_VA,
				    DATA_VA + 0x200000), VKFD_KIQ_OK);
	submit_copy(&bench->queue, DATA_VA + 0x200000, DATA_VA, 4);
	assert_true(fake_idle(&bench->queue));
	assert_int_equal(*out, 2);
}

/*
 * A copy of many megabytes reads page tables that move it from one half of RAM
 * to the other with a flush between: after the flush, the old half is quiet.
 */
static void flush_waits_for_accesses_in_flight(void **state)
{
	struct bench *bench = *state;
	u64 dst = DATA_VA + 0x10000000, mib4 = 4u << 20;

	fake_map_ram(&bench->drv, bench->root, DATA_VA, DATA, mib4);
	memset(fake_ram_at(&bench->drv, DATA), 0x77, mib4);
	for (int round = 0; round < 20; round++) {
		u8 *old = fake_ram_at(&bench->drv, OUT);

		fake_map_ram(&bench->drv, bench->root, dst, OUT, mib4);
		fake_range(&bench->drv, VKFD_KIQ_TLB_FLUSH, CTX, dst, dst + mib4);
		submit_copy(&bench->queue, dst, DATA_VA, (u32)mib4);
		fake_sleep_us(50u * (u32)round);
		fake_map_ram(&bench->drv, bench->root, dst, OUT + mib4, mib4);
		fake_range(&bench->drv, VKFD_KIQ_TLB_FLUSH, CTX, dst, dst + mib4);
		memset(old, 0, mib4);
		assert_true(fake_idle(&bench->queue));
		for (u64 i = 0; i < mib4; i += 64)
			assert_int_equal(old[i], 0);
	}
}

static void big_leaves_and_true_fragments_translate(void **state)
{
	struct bench *bench = *state;
	u64 huge = 0x40000000000ULL, giant = 0x50000000000ULL;
	u64 *value = (u64 *)(void *)(bench->drv.bar0 + 0x812340);

	fake_map_ram(&bench->drv, bench->root, DATA_VA, OUT, 4096);
	fake_pte(&bench->drv, bench->root, huge, 1, VRAM_LEAF_2M(0x800000));
	fake_pte(&bench->drv, bench->root, giant, 2, VRAM_LEAF_2M(0));
	*value = 0x1122334455667788ULL;
	submit_copy(&bench->queue, DATA_VA, huge + 0x12340, 8);
	submit_copy(&bench->queue, DATA_VA + 8, giant + 0x812340, 8);
	assert_true(fake_idle(&bench->queue));
	assert_true(*(u64 *)fake_ram_at(&bench->drv, OUT) == *value);
	assert_true(*(u64 *)fake_ram_at(&bench->drv, OUT + 8) == *value);
}

static void gpu_store_rings_doorbell_of_other_queue(void **state)
{
	struct bench *bench = *state;
	struct fake_queue other = make_queue(bench, 3);
	u64 bar = 0xf000000000ULL, bell = DATA_VA + 0x10000, wptr = other.va + other.ring_bytes + 64;
	u64 frame = bar + CTX * VKFD_DOORBELL_FRAME_BYTES;
	u32 dw[] = { 2, LO(wptr), HI(wptr), 1, 4, 0, 2, LO(bell + 24), HI(bell + 24), 1, 4, 0 };

	gpu_set_bar(bench->drv.gpu, VKFD_BAR_DOORBELL, bar, VKFD_DOORBELL_BAR_BYTES);
	fake_pte(&bench->drv, bench->root, bell, 0, frame | VKFD_PTE_SYSTEM | FAKE_RW);
	assert_int_equal(fake_queue_map(&other, 1), VKFD_KIQ_OK);
	fake_emit(&other, (u32[]){ 0 }, 1);
	submit(&bench->queue, dw, 12);
	assert_true(fake_idle(&bench->queue));
	assert_true(fake_idle(&other));
	assert_int_equal(gpu_doorbell_read(bench->drv.gpu, CTX * VKFD_DOORBELL_FRAME_BYTES + 24, 8), 4);
}

static void doorbell_halves_act_on_second(void **state)
{
	struct bench *bench = *state;
	u64 at = CTX * VKFD_DOORBELL_FRAME_BYTES;
	_Atomic u64 *wptr = fake_ram_at(&bench->drv, bench->queue.mem + 4096 + 64);

	fake_emit(&bench->queue, (u32[]){ 0 }, 1);
	/* Consume the look that mapping causes. */
	fake_sleep_us(20000);
	atomic_store(wptr, 4);
	gpu_doorbell_write(bench->drv.gpu, at, 4, 4);
	fake_sleep_us(20000);
	assert_int_equal(fake_rptr(&bench->queue), 0);
	gpu_doorbell_write(bench->drv.gpu, at + 4, 0, 4);
	assert_true(fake_idle(&bench->queue));
}

static void privileged_packet_stops_user_queue(void **state)
{
	struct bench *bench = *state;
	struct vkfd_ih_entry entry;

	submit(&bench->queue, (u32[]){ 14, VKFD_REG_GART_FLUSH, 1 }, 3);
	assert_true(fake_ih_next(&bench->drv, &entry, 1000));
	assert_int_equal(entry.data[3], VKFD_QERR_PRIVILEGED);
	assert_int_equal(VKFD_IH_PASID(entry.pasid), PASID);
}

static void suspended_queue_keeps_half_done_packet(void **state)
{
	struct bench *bench = *state;
	struct vkfd_kiq_cmd cmd = fake_queue_cmd(&bench->queue, VKFD_KIQ_QUEUE_UPDATE, 0);
	struct vkfd_ih_entry entry;

	fake_map_ram(&bench->drv, bench->root, DATA_VA, DATA, 8192);
	fake_map_ram(&bench->drv, bench->root, DATA_VA + 0x10000, OUT, 4096);
	memset(fake_ram_at(&bench->drv, DATA), 0x42, 8192);
	submit_copy(&bench->queue, DATA_VA + 0x10000, DATA_VA, 8192);
	assert_true(fake_ih_next(&bench->drv, &entry, 1000));
	cmd.queue.percent = 0;
	assert_int_equal(fake_kiq(&bench->drv, &cmd), VKFD_KIQ_OK);
	fake_map_ram(&bench->drv, bench->root, DATA_VA + 0x11000, OUT + 4096, 4096);
	memset(fake_ram_at(&bench->drv, OUT), 0, 8192);
	assert_int_equal(ack_page(bench, DATA_VA + 0x11000), VKFD_KIQ_OK);
	fake_sleep_us(20000);
	assert_int_equal(*(u8 *)fake_ram_at(&bench->drv, OUT + 4096), 0);
	cmd.queue.percent = 100;
	assert_int_equal(fake_kiq(&bench->drv, &cmd), VKFD_KIQ_OK);
	assert_true(fake_idle(&bench->queue));
	/* The first page was done before and is not done again. */
	assert_int_equal(*(u8 *)fake_ram_at(&bench->drv, OUT), 0);
	assert_int_equal(*(u8 *)fake_ram_at(&bench->drv, OUT + 8191), 0x42);
}

static void resumed_queue_goes_on_at_stored_pointer(void **state)
{
	struct bench *bench = *state;
	struct vkfd_kiq_cmd cmd = fake_queue_cmd(&bench->queue, VKFD_KIQ_QUEUE_MAP, 0);
	u32 fence[] = { 5, LO(DATA_VA), HI(DATA_VA), 99 };

	fake_map_ram(&bench->drv, bench->root, DATA_VA, OUT, 4096);
	submit(&bench->queue, (u32[]){ 0, 0, 0 }, 3);
	assert_true(fake_idle(&bench->queue));
	assert_int_equal(fake_queue_unmap(&bench->queue), VKFD_KIQ_OK);
	/* Rung while unmapped. */
	submit(&bench->queue, fence, 4);
	cmd.queue.flags = VKFD_QUEUE_RESUME;
	assert_int_equal(fake_kiq(&bench->drv, &cmd), VKFD_KIQ_OK);
	assert_true(fake_idle(&bench->queue));
	assert_int_equal(*(u32 *)fake_ram_at(&bench->drv, OUT), 99);
}

/* Once the command is done, not one byte more is written. */
static void unmap_in_the_middle_of_a_copy_stops_it(void **state)
{
	struct bench *bench = *state;
	u64 dst = DATA_VA + 0x10000000, mib4 = 4u << 20;
	u8 *out = fake_ram_at(&bench->drv, OUT);

	fake_map_ram(&bench->drv, bench->root, DATA_VA, DATA, mib4);
	fake_map_ram(&bench->drv, bench->root, dst, OUT, mib4);
	memset(fake_ram_at(&bench->drv, DATA), 0x77, mib4);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 8; i++)
			submit_copy(&bench->queue, dst, DATA_VA, (u32)mib4);
		fake_sleep_us(100u * (u32)round);
		assert_int_equal(fake_queue_unmap(&bench->queue), VKFD_KIQ_OK);
		memset(out, 0, mib4);
		fake_sleep_us(500);
		for (u64 i = 0; i < mib4; i += 64)
			assert_int_equal(out[i], 0);
		assert_int_equal(fake_queue_map(&bench->queue, 0), VKFD_KIQ_OK);
	}
}

static void ninth_queue_on_engine_is_refused(void **state)
{
	struct bench *bench = *state;

	for (u32 n = 1; n < VKFD_SDMA_QUEUES_PER_ENGINE; n++) {
		struct fake_queue queue = make_queue(bench, n);

		assert_int_equal(fake_queue_map(&queue, 0), VKFD_KIQ_OK);
	}
	struct fake_queue last = make_queue(bench, 9);

	assert_int_equal(fake_queue_map(&last, 0), VKFD_KIQ_BUSY);
	assert_int_equal(fake_queue_map(&last, 2), VKFD_KIQ_OK);
}

/* Endless polls and copies on one engine: everybody gets done. */
static void polling_queue_does_not_starve_others(void **state)
{
	struct bench *bench = *state;
	struct fake_queue other = make_queue(bench, 1);
	u32 poll[] = { 8 | 3u << 28 | 1u << 31, LO(DATA_VA), HI(DATA_VA), 7, ~0u, 0xfffu << 16 };

	fake_map_ram(&bench->drv, bench->root, DATA_VA, OUT, 8192);
	*(u32 *)fake_ram_at(&bench->drv, OUT) = 0;
	submit(&bench->queue, poll, 6);
	assert_int_equal(fake_queue_map(&other, 0), VKFD_KIQ_OK);
	for (int i = 0; i < 50; i++)
		submit_copy(&other, DATA_VA + 4096, DATA_VA, 1024);
	submit(&other, (u32[]){ 5, LO(DATA_VA), HI(DATA_VA), 7 }, 4);
	assert_true(fake_idle(&other));
	assert_true(fake_idle(&bench->queue));
}

static u32 ctx_busy(struct bench *bench, u32 ctx)
{
	struct vkfd_kiq_cmd cmd = { .op = VKFD_KIQ_CTX_BUSY, .ctx.ctx = ctx };

	return fake_kiq(&bench->drv, &cmd);
}

/* The engine's thread goes to sleep a moment after the last read pointer. */
static void wait_busy(struct bench *bench, u32 status)
{
	for (int i = 0; i < 5000 && ctx_busy(bench, CTX) != status; i++)
		fake_sleep_us(1000);
	assert_int_equal(ctx_busy(bench, CTX), status);
}

static u32 percent(struct bench *bench, u32 percent)
{
	struct vkfd_kiq_cmd cmd = fake_queue_cmd(&bench->queue, VKFD_KIQ_QUEUE_UPDATE, 0);

	cmd.queue.percent = percent;
	return fake_kiq(&bench->drv, &cmd);
}

static void context_is_busy_until_its_packets_are_done(void **state)
{
	struct bench *bench = *state;
	u32 poll[] = { 8 | 3u << 28 | 1u << 31, LO(DATA_VA), HI(DATA_VA), 7, ~0u, 0xfffu << 16 };

	fake_map_ram(&bench->drv, bench->root, DATA_VA, DATA, 4096);
	assert_int_equal(fake_ctx_set(&bench->drv, CTX + 1, PASID + 1, 0, bench->root), VKFD_KIQ_OK);
	submit_copy(&bench->queue, DATA_VA + 8, DATA_VA, 8);
	assert_true(fake_idle(&bench->queue));
	wait_busy(bench, VKFD_KIQ_OK);
	/* A poll has work as long as it lasts, and as long as it may run. */
	submit(&bench->queue, poll, 6);
	wait_busy(bench, VKFD_KIQ_HAS_WORK);
	assert_int_equal(ctx_busy(bench, CTX + 1), VKFD_KIQ_OK);
	assert_int_equal(percent(bench, 0), VKFD_KIQ_OK);
	assert_int_equal(ctx_busy(bench, CTX), VKFD_KIQ_OK);
	assert_int_equal(percent(bench, 100), VKFD_KIQ_OK);
	assert_int_equal(ctx_busy(bench, CTX), VKFD_KIQ_HAS_WORK);
	*(u32 *)fake_ram_at(&bench->drv, DATA) = 7;
	assert_true(fake_idle(&bench->queue));
	wait_busy(bench, VKFD_KIQ_OK);
	/* So has an access that waits for its page. */
	submit_copy(&bench->queue, DATA_VA + 0x100000, DATA_VA, 8);
	wait_busy(bench, VKFD_KIQ_HAS_WORK);
	assert_int_equal(ctx_busy(bench, 0), VKFD_KIQ_BAD_CTX);
	assert_int_equal(ctx_busy(bench, CTX + 2), VKFD_KIQ_BAD_CTX);
	assert_int_equal(ctx_busy(bench, VKFD_MAX_CONTEXTS), VKFD_KIQ_BAD_CTX);
}

static void suspensions_are_counted_once(void **state)
{
	static const u32 steps[] = { 50, 0, 0, 100, 100, 0 };
	struct bench *bench = *state;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		assert_int_equal(percent(bench, steps[i]), VKFD_KIQ_OK);
	assert_int_equal(fake_stat(&bench->drv, VKFD_STAT_QUEUE_SUSPENDS), 2);
	assert_int_equal(fake_stat(&bench->drv, VKFD_STAT_QUEUE_RESUMES), 1);
}

static void poll_that_runs_out_of_retries_is_an_error(void **state)
{
	struct bench *bench = *state;
	struct vkfd_ih_entry entry;
	u32 poll[] = { 8 | 3u << 28 | 1u << 31, LO(DATA_VA), HI(DATA_VA), 7, ~0u, 3u << 16 };

	fake_map_ram(&bench->drv, bench->root, DATA_VA, OUT, 4096);
	*(u32 *)fake_ram_at(&bench->drv, OUT) = 0;
	submit(&bench->queue, poll, 6);
	assert_true(fake_ih_next(&bench->drv, &entry, 1000));
	assert_int_equal(entry.data[3], VKFD_QERR_POLL_TIMEOUT);
}

/* A ring whose pages come and go faults like any memory. */
static void missing_ring_and_pointers_fault_and_recover(void **state)
{
	struct bench *bench = *state;
	struct fake_queue queue = make_queue(bench, 2);
	struct vkfd_ih_entry entry;
	u32 faults = 0;

	fake_pte(&bench->drv, bench->root, queue.va, 0, 0);
	fake_pte(&bench->drv, bench->root, queue.va + 4096, 0, 0);
	assert_int_equal(fake_queue_map(&queue, 0), VKFD_KIQ_OK);
	submit(&queue, (u32[]){ 0 }, 1);
	while (fake_ih_next(&bench->drv, &entry, 100)) {
		u64 va = fault_va(&entry);

		faults++;
		fake_map_ram(&bench->drv, bench->root, va, queue.mem + (va - queue.va), 4096);
		assert_int_equal(ack_page(bench, va), VKFD_KIQ_OK);
	}
	assert_int_equal(faults, 2);
	assert_true(fake_idle(&queue));
}

static void bus_address_without_ram_halts_queue(void **state)
{
	struct bench *bench = *state;
	struct vkfd_ih_entry entry;

	fake_pte(&bench->drv, bench->root, DATA_VA, 0,
		 0x1000 | VKFD_PTE_SYSTEM | FAKE_RW);
	submit_copy(&bench->queue, DATA_VA + 8, DATA_VA, 8);
	assert_true(fake_ih_next(&bench->drv, &entry, 1000));
	assert_false(entry.data[1] & VKFD_FAULT_RETRY);
	assert_true(fault_va(&entry) == DATA_VA);
}

static void unlinked_node_does_not_answer(void **state)
{
	struct bench *bench = *state;
	struct vkfd_ih_entry entry;

	fake_pte(&bench->drv, bench->root, DATA_VA, 0, VKFD_HIVE_ADDR(1, 0) | FAKE_RW);
	submit_copy(&bench->queue, DATA_VA, DATA_VA, 8);
	assert_true(fake_ih_next(&bench->drv, &entry, 1000));
	assert_false(entry.data[1] & VKFD_FAULT_RETRY);
}

static void copy_block(struct bench *bench, u64 src)
{
	submit_copy(&bench->queue, DATA_VA + 0x100000, src, 65536);
	assert_true(fake_idle(&bench->queue));
}

static void block_of_ram_is_reported_at_the_access_limit(void **state)
{
	struct bench *bench = *state;
	struct fake_driver *drv = &bench->drv;
	struct vkfd_ih_entry entry;

	fake_map_ram(drv, bench->root, DATA_VA, DATA, 0x20000);
	fake_map_vram(drv, bench->root, DATA_VA + 0x100000, 0x300000, 65536);
	copy_block(bench, DATA_VA + 65536);
	gpu_reg_write(drv->gpu, VKFD_REG_ACCESS_LIMIT, 2048, 4);
	copy_block(bench, DATA_VA + 65536);
	copy_block(bench, DATA_VA);
	assert_int_equal(fake_stat(drv, VKFD_STAT_IH_ENTRIES), 0);
	copy_block(bench, DATA_VA + 65536);
	assert_true(fake_ih_next(drv, &entry, 1000));
	assert_int_equal(VKFD_IH_CLIENT(entry.header), VKFD_IH_CLIENT_UTCL2);
	assert_int_equal(VKFD_IH_SOURCE(entry.header), VKFD_IH_SRC_ACCESS_COUNT);
	assert_int_equal(VKFD_IH_PASID(entry.pasid), PASID);
	assert_true(fault_va(&entry) == DATA_VA + 65536);
	assert_int_equal(entry.data[2], 2048);
	gpu_reg_write(drv->gpu, VKFD_REG_ACCESS_LIMIT, 0, 4);
	for (u32 i = 0; i < 4; i++)
		copy_block(bench, DATA_VA);
	assert_int_equal(fake_stat(drv, VKFD_STAT_IH_ENTRIES), 1);
}

static void nothing_is_counted_after_a_reset(void **state)
{
	struct bench *bench = *state;
	struct fake_driver *drv = &bench->drv;

	gpu_reg_write(drv->gpu, VKFD_REG_ACCESS_LIMIT, 1, 4);
	gpu_reg_write(drv->gpu, VKFD_REG_RESET, VKFD_RESET_ENGINES, 4);
	assert_int_equal(fake_reg(drv, VKFD_REG_ACCESS_LIMIT), 0);
	fake_driver_start(drv);
	assert_int_equal(fake_ctx_set(drv, CTX, PASID, VKFD_CTX_RETRY, bench->root), VKFD_KIQ_OK);
	assert_int_equal(fake_queue_map(&bench->queue, 0), VKFD_KIQ_OK);
	fake_map_ram(drv, bench->root, DATA_VA, DATA, 0x20000);
	fake_map_vram(drv, bench->root, DATA_VA + 0x100000, 0x300000, 65536);
	copy_block(bench, DATA_VA);
	assert_int_equal(fake_stat(drv, VKFD_STAT_IH_ENTRIES), 0);
}

#define RETRY(name) cmocka_unit_test_setup_teardown(name, setup_retry, teardown)
#define SEEDED(name) { #name "_seeded", name, setup_seeded, teardown, NULL }
#define NORETRY(name) cmocka_unit_test_setup_teardown(name, setup_noretry, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RETRY(copy_through_tables_moves_bytes),
		RETRY(missing_page_parks_until_acknowledged),
		RETRY(replay_is_exactly_once),
		SEEDED(replay_is_exactly_once),
		RETRY(unmap_with_parked_access_succeeds),
		RETRY(parked_queue_does_not_hold_up_others),
		RETRY(permission_fault_never_retries),
		RETRY(force_no_retry_entry_stops_retrying_context),
		RETRY(prt_reads_zero_and_drops_writes),
		NORETRY(missing_page_without_retry_halts_queue),
		RETRY(tlb_keeps_translation_until_flush),
		RETRY(replaced_page_table_is_seen_after_flush),
		RETRY(flush_waits_for_accesses_in_flight),
		RETRY(big_leaves_and_true_fragments_translate),
		RETRY(gpu_store_rings_doorbell_of_other_queue),
		RETRY(doorbell_halves_act_on_second),
		NORETRY(privileged_packet_stops_user_queue),
		RETRY(suspended_queue_keeps_half_done_packet),
		RETRY(resumed_queue_goes_on_at_stored_pointer),
		RETRY(unmap_in_the_middle_of_a_copy_stops_it),
		RETRY(ninth_queue_on_engine_is_refused),
		RETRY(polling_queue_does_not_starve_others),
		SEEDED(polling_queue_does_not_starve_others),
		RETRY(context_is_busy_until_its_packets_are_done),
		RETRY(suspensions_are_counted_once),
		RETRY(poll_that_runs_out_of_retries_is_an_error),
		RETRY(missing_ring_and_pointers_fault_and_recover),
		RETRY(bus_address_without_ram_halts_queue),
		RETRY(unlinked_node_does_not_answer),
		RETRY(block_of_ram_is_reported_at_the_access_limit),
		RETRY(nothing_is_counted_after_a_reset),
	};

	return cmocka_run_group_tests_name("user_queue", tests, NULL, NULL);
}
