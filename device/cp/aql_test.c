// SPDX-License-Identifier: MIT
/* AQL queues: slots, packets, signals, scratch negotiation, errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "cp/fake_kernels.h"

/* Layout of the data. */
#define DESCRIPTOR(n)	(0x4000u + (n) * 64)
#define SIGNAL(n)	(0x5000u + (n) * 64)
#define MAILBOX(n)	(0x6000u + (n) * 8)
#define KERNARG		0x7000u
#define VALUE(bench, n)	data64(bench, SIGNAL(n) + 8)
#define BARRIER		(1u << 8)
#define RSRC1		0xc0003u	/* 32 VGPRs */
#define SLOTS		64u

struct bench {
	struct fake_compute *fake;
	struct fake_compute_queue queue;
};

static struct bench *start(u32 flags, u64 seed)
{
	static struct bench bench;

	bench.fake = fake_compute_start(flags, seed);
	bench.queue = fake_cq(bench.fake, 1, VKFD_QUEUE_AQL);
	assert_int_equal(fake_cq_map(&bench.queue), VKFD_KIQ_OK);
	return &bench;
}

static int setup(void **state)
{
	*state = start(0, 0);
	return 0;
}

static int setup_retry(void **state)
{
	*state = start(VKFD_CTX_RETRY, 0);
	return 0;
}

static int setup_seeded(void **state)
{
	*state = start(VKFD_CTX_RETRY, 31337);
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	fake_compute_stop(bench->fake);
	return 0;
}

/* A field of the amd_queue_t around the pointers. */
static void queue_field(struct bench *bench, u32 offset, const void *value, size_t bytes)
{
	memcpy(fake_ram_at(&bench->fake->drv, bench->queue.mem + bench->queue.ring_bytes + offset),
	       value, bytes);
}

static void queue_field32(struct bench *bench, u32 offset, u32 value)
{
	queue_field(bench, offset, &value, 4);
}

static void queue_field64(struct bench *bench, u32 offset, u64 value)
{
	queue_field(bench, offset, &value, 8);
}

/* A kernel descriptor in slot @n for code in page @n. Its address. */
static u64 descriptor(struct bench *bench, u32 n, const struct vkfd_kernel_descriptor *about)
{
	struct vkfd_kernel_descriptor code = *about;

	code.entry_offset = (s64)(CODE_VA(n) - DATA(DESCRIPTOR(n)));
	memcpy(fake_ram_at(&bench->fake->drv, FAKE_DATA + DESCRIPTOR(n)), &code, sizeof(code));
	return DATA(DESCRIPTOR(n));
}

/* Test kernels take their data from s[0:1]: the kernarg pointer itself. */
static struct vkfd_aql_dispatch dispatch(struct bench *bench, u32 n, u32 items)
{
	struct vkfd_kernel_descriptor code = { .rsrc1 = RSRC1, .rsrc2 = 2 << 1 | 1 << 7, .rsrc3 = 7,
					       .properties = VKFD_KERNEL_KERNARG_PTR };
	struct vkfd_aql_dispatch packet = { .header = VKFD_AQL_DISPATCH, .setup = 1,
					    .group = { 64 }, .grid = { items },
					    .kernel = descriptor(bench, n, &code),
					    .kernarg = DATA(0) };

	return packet;
}

static u64 signal_new(struct bench *bench, u32 n, u64 value)
{
	struct vkfd_amd_signal signal = { .kind = 1, .value = value };

	memcpy(fake_ram_at(&bench->fake->drv, FAKE_DATA + SIGNAL(n)), &signal, sizeof(signal));
	return DATA(SIGNAL(n));
}

/* One that somebody sleeps on. */
static u64 signal_mail(struct bench *bench, u32 n, u64 value, u32 event)
{
	u64 va = signal_new(bench, n, value);
	struct vkfd_amd_signal *signal = fake_ram_at(&bench->fake->drv, FAKE_DATA + SIGNAL(n));

	signal->mailbox = DATA(MAILBOX(event));
	signal->event_id = event;
	*data64(bench->fake, MAILBOX(event)) = ~0ULL;
	return va;
}

static void submit(struct bench *bench, const void *packet)
{
	fake_cq_packet(&bench->queue, packet);
	fake_cq_submit(&bench->queue);
}

static u8 slot_type(struct bench *bench, u64 index)
{
	return *(u8 *)fake_ram_at(&bench->fake->drv,
				  bench->queue.mem + index % SLOTS * VKFD_AQL_PACKET_BYTES);
}

static void expect_error(struct bench *bench, u32 code)
{
	struct vkfd_ih_entry entry;

	assert_true(fake_ih_next(&bench->fake->drv, &entry, 2000));
	assert_int_equal(VKFD_IH_CLIENT(entry.header), VKFD_IH_CLIENT_CP);
	assert_int_equal(VKFD_IH_SOURCE(entry.header), VKFD_IH_SRC_BAD_OPCODE);
	assert_int_equal(entry.data[0], bench->queue.doorbell | code << 10);
	assert_int_equal(entry.data[2], bench->queue.number);
	assert_int_equal(fake_cq_unmap(&bench->queue), VKFD_KIQ_OK);
	assert_int_equal(fake_cq_map(&bench->queue), VKFD_KIQ_OK);
}

/* --- dispatch and completion ------------------------------------------------ */

static void kernel_runs_and_completes(void **state)
{
	struct bench *bench = *state;
	struct vkfd_aql_dispatch packet;

	CODE(bench->fake, 0, kernel_count);
	packet = dispatch(bench, 0, 100);
	packet.completion = signal_new(bench, 0, 1);
	submit(bench, &packet);
	assert_true(fake_wait64(VALUE(bench->fake, 0), 0));
	assert_int_equal(*data32(bench->fake, 0), 100);
	assert_true(fake_cq_idle(&bench->queue));
	assert_int_equal(slot_type(bench, 0), VKFD_AQL_INVALID);
	assert_int_equal(fake_stat(&bench->fake->drv, VKFD_STAT_GROUPS), 2);
	/* Not asked for. */
	assert_true(*data64(bench->fake, SIGNAL(0) + 0x20) == 0);
}

static void three_dimensions_with_partial_groups(void **state)
{
	struct bench *bench = *state;
	struct vkfd_aql_dispatch packet;

	CODE(bench->fake, 0, kernel_count);
	packet = dispatch(bench, 0, 0);
	packet.setup = 3;
	memcpy(packet.group, (u16[]){ 8, 4, 3 }, 6);
	memcpy(packet.grid, (u32[]){ 19, 5, 7 }, 12);
	packet.completion = signal_new(bench, 0, 1);
	submit(bench, &packet);
	assert_true(fake_wait64(VALUE(bench->fake, 0), 0));
	assert_int_equal(*data32(bench->fake, 0), 19 * 5 * 7);
	assert_int_equal(fake_stat(&bench->fake->drv, VKFD_STAT_GROUPS), 3 * 2 * 3);
}

/* The kernel stores the SGPRs it began with; s[8:9] is its kernarg pointer. */
static void sgprs_are_dense_and_in_order(void **state)
{
	struct bench *bench = *state;
	struct vkfd_kernel_descriptor code = { .rsrc1 = RSRC1, .rsrc3 = 7, .properties = 0x7f,
					       .rsrc2 = 1 | 15 << 1 | 0xf << 7 };
	u32 program[3 + 3 * 20 + 3] = { 0xc0060604, 0, 0x7e000280 }, n = 3;
	struct vkfd_aql_dispatch packet;
	u32 srd[4] = { 1, 2, 3, 4 }, expect[20] = { 1, 2, 3, 4 };

	program[n++] = 0xbf8cc07f;
	for (u32 i = 0; i < 20; i++) {
		program[n++] = 0x7e020200 | i;		/* v_mov_b32 v1, s[i] */
		program[n++] = 0xdc708000 | i * 4;	/* global_store_dword v0, v1, s[24:25] */
		program[n++] = 0x00180100;
	}
	program[n++] = 0xbf810000;
	CODE(bench->fake, 0, program);
	packet = dispatch(bench, 0, 64);
	packet.kernel = descriptor(bench, 0, &code);
	packet.private_bytes = 16;
	packet.kernarg = DATA(KERNARG);
	packet.completion = signal_new(bench, 0, 1);
	*data64(bench->fake, KERNARG) = DATA(0x100);
	queue_field(bench, VKFD_AMD_QUEUE_SCRATCH_SRD, srd, sizeof(srd));
	queue_field64(bench, VKFD_AMD_QUEUE_SCRATCH_BASE, 0x123456789000);
	queue_field32(bench, VKFD_AMD_QUEUE_SCRATCH_LANE, 16);
	queue_field32(bench, VKFD_AMD_QUEUE_TMPRING, 32 | 2 << 12);
	submit(bench, &packet);
	assert_true(fake_wait64(VALUE(bench->fake, 0), 0));
	memcpy(expect + 4, (u64[]){ bench->queue.va, bench->queue.va + bench->queue.ring_bytes,
				    DATA(KERNARG), 0, 0x123456789000 }, 40);
	expect[14] = 16;		/* private segment size */
	expect[18] = 1u << 31 | 1;	/* first wave, of one */
	expect[19] = 0;			/* scratch slot 0 */
	for (u32 i = 0; i < 20; i++)
		assert_int_equal(data32(bench->fake, 0x100)[i], expect[i]);
}

static void mailbox_is_written_before_the_interrupt(void **state)
{
	struct bench *bench = *state;
	struct vkfd_aql_dispatch packet;

	CODE(bench->fake, 0, kernel_count);
	packet = dispatch(bench, 0, 64);
	for (u32 i = 1; i <= 100; i++) {
		struct vkfd_ih_entry entry;

		packet.completion = signal_mail(bench, 0, 1, 5);
		submit(bench, &packet);
		assert_true(fake_ih_next(&bench->fake->drv, &entry, 2000));
		assert_int_equal(VKFD_IH_SOURCE(entry.header), VKFD_IH_SRC_CP_EOP);
		assert_int_equal(entry.data[0], 5);
		assert_true(*data64(bench->fake, MAILBOX(5)) == 5);
		assert_true(*VALUE(bench->fake, 0) == 0);
		assert_int_equal(*data32(bench->fake, 0), i * 64);
	}
}

static void profiling_stamps_start_and_end(void **state)
{
	struct bench *bench = *state;
	u64 before = gpu_reg_read(bench->fake->drv.gpu, VKFD_REG_CLOCK_LO, 8);
	struct vkfd_aql_barrier barrier = { .header = VKFD_AQL_BARRIER_AND | BARRIER };
	struct vkfd_aql_dispatch packet;
	u64 start_ts, end_ts;

	queue_field32(bench, VKFD_AMD_QUEUE_PROPERTIES, VKFD_AMD_QUEUE_PROFILING);
	CODE(bench->fake, 0, kernel_iterate);
	packet = dispatch(bench, 0, 640);
	packet.completion = signal_new(bench, 0, 1);
	submit(bench, &packet);
	barrier.completion = signal_new(bench, 1, 1);
	submit(bench, &barrier);
	assert_true(fake_wait64(VALUE(bench->fake, 1), 0));
	start_ts = *data64(bench->fake, SIGNAL(0) + 0x20);
	end_ts = *data64(bench->fake, SIGNAL(0) + 0x28);
	assert_true(before < start_ts && start_ts < end_ts);
	assert_true(*data64(bench->fake, SIGNAL(1) + 0x20) > end_ts);
	assert_true(*data64(bench->fake, SIGNAL(1) + 0x28) >
		    *data64(bench->fake, SIGNAL(1) + 0x20));
}

/* The ring is used many times over; one signal counts all of it, raced by the host. */
static void ring_reuse_and_racing_signals_stay_exact(void **state)
{
	struct bench *bench = *state;
	const u32 packets = 1000;
	_Atomic u64 *value = (_Atomic u64 *)VALUE(bench->fake, 0);
	struct vkfd_aql_dispatch packet;

	CODE(bench->fake, 0, kernel_count);
	packet = dispatch(bench, 0, 70);
	packet.completion = signal_new(bench, 0, 0);
	for (u32 i = 0; i < packets; i++) {
		while (bench->queue.wptr - fake_cq_rptr(&bench->queue) >= SLOTS)
			fake_sleep_us(50);
		submit(bench, &packet);
		atomic_fetch_add(value, 3);
	}
	assert_true(fake_cq_idle(&bench->queue));
	assert_true(fake_wait64(VALUE(bench->fake, 0), packets * 2));
	assert_int_equal(*data32(bench->fake, 0), packets * 70);
	for (u32 i = 0; i < SLOTS; i++)
		assert_int_equal(slot_type(bench, i), VKFD_AQL_INVALID);
	assert_int_equal(fake_stat(&bench->fake->drv, VKFD_STAT_COMPUTE_PACKETS), packets);
}

/* A producer reserved a slot, another one behind it rang first. */
static void invalid_slot_holds_up_later_packets(void **state)
{
	struct bench *bench = *state;
	struct vkfd_aql_dispatch packet;
	u64 bell = FAKE_CTX * VKFD_DOORBELL_FRAME_BYTES + bench->queue.doorbell * 8ULL;

	CODE(bench->fake, 0, kernel_count);
	packet = dispatch(bench, 0, 64);
	bench->queue.wptr = 1;
	submit(bench, &packet);
	fake_sleep_us(10000);
	assert_int_equal(*data32(bench->fake, 0), 0);
	bench->queue.wptr = 0;
	fake_cq_packet(&bench->queue, &packet);
	bench->queue.wptr = 2;
	gpu_doorbell_write(bench->fake->drv.gpu, bell, 0, 8);
	assert_true(fake_wait32(data32(bench->fake, 0), 128));
	assert_true(fake_cq_idle(&bench->queue));
}

/* As kfdtest creates one: pointers anywhere, no amd_queue_t around them. */
static void idle_queue_reads_no_queue_structure(void **state)
{
	struct bench *bench = *state;
	struct fake_compute_queue other = fake_cq(bench->fake, 2, VKFD_QUEUE_AQL);
	struct vkfd_kiq_cmd cmd = fake_cq_cmd(&other, VKFD_KIQ_QUEUE_MAP);
	struct vkfd_ih_entry entry;

	cmd.queue.rptr_va = FAKE_HOLE_VA;
	assert_int_equal(fake_kiq(&bench->fake->drv, &cmd), VKFD_KIQ_OK);
	assert_false(fake_ih_next(&bench->fake->drv, &entry, 20));
	assert_int_equal(fake_cq_unmap(&other), VKFD_KIQ_OK);
}

/* --- barriers ------------------------------------------------------------------ */

static void barrier_bit_waits_for_all_before(void **state)
{
	struct bench *bench = *state;
	struct vkfd_aql_dispatch spin, count;

	CODE(bench->fake, 0, kernel_spin);
	CODE(bench->fake, 1, kernel_count);
	spin = dispatch(bench, 0, 64);
	count = dispatch(bench, 1, 64);
	count.kernarg = DATA(0x100);
	submit(bench, &spin);
	/* Without the bit kernels overlap. */
	submit(bench, &count);
	assert_true(fake_wait32(data32(bench->fake, 0x100), 64));
	count.header |= BARRIER;
	submit(bench, &count);
	fake_sleep_us(20000);
	assert_int_equal(*data32(bench->fake, 0x100), 64);
	*data32(bench->fake, 0) = 1;
	assert_true(fake_wait32(data32(bench->fake, 0x100), 128));
	assert_true(fake_cq_idle(&bench->queue));
}

static void barrier_and_waits_for_all_its_signals(void **state)
{
	struct bench *bench = *state;
	struct vkfd_aql_barrier barrier = { .header = VKFD_AQL_BARRIER_AND };

	barrier.signal[0] = signal_new(bench, 0, 1);
	barrier.signal[4] = signal_new(bench, 1, 7);
	barrier.completion = signal_new(bench, 2, 1);
	submit(bench, &barrier);
	*VALUE(bench->fake, 0) = 0;
	fake_sleep_us(5000);
	assert_true(*VALUE(bench->fake, 2) == 1);
	*VALUE(bench->fake, 1) = 0;
	assert_true(fake_wait64(VALUE(bench->fake, 2), 0));
	/* None: met. */
	barrier = (struct vkfd_aql_barrier){ .header = VKFD_AQL_BARRIER_AND };
	barrier.completion = signal_new(bench, 3, 1);
	submit(bench, &barrier);
	assert_true(fake_wait64(VALUE(bench->fake, 3), 0));
}

static void barrier_or_waits_for_one(void **state)
{
	struct bench *bench = *state;
	struct vkfd_aql_barrier barrier = { .header = VKFD_AQL_BARRIER_OR };

	barrier.signal[1] = signal_new(bench, 0, 1);
	barrier.signal[3] = signal_new(bench, 1, 7);
	barrier.completion = signal_new(bench, 2, 1);
	submit(bench, &barrier);
	fake_sleep_us(5000);
	assert_true(*VALUE(bench->fake, 2) == 1);
	*VALUE(bench->fake, 1) = 0;
	assert_true(fake_wait64(VALUE(bench->fake, 2), 0));
	assert_true(*VALUE(bench->fake, 0) == 1);
	barrier = (struct vkfd_aql_barrier){ .header = VKFD_AQL_BARRIER_OR };
	barrier.completion = signal_new(bench, 3, 1);
	submit(bench, &barrier);
	assert_true(fake_wait64(VALUE(bench->fake, 3), 0));
}

static void barrier_value_compares_signed_and_masked(void **state)
{
	/* condition, value that waits, value that passes; reference -5 */
	static const s64 rows[][3] = { { 0, -4, -5 }, { 1, -5, 3 }, { 2, -5, -6 }, { 3, -6, -5 } };
	struct bench *bench = *state;

	for (u32 i = 0; i < COUNT(rows); i++) {
		struct vkfd_aql_barrier_value packet = {
			.header = VKFD_AQL_VENDOR, .format = VKFD_AQL_VENDOR_BARRIER_VALUE,
			.signal = signal_new(bench, 0, (u64)rows[i][1]), .value = (u64)-5LL,
			.mask = ~0ULL, .condition = (u32)rows[i][0],
			.completion = signal_new(bench, 1, 1),
		};

		submit(bench, &packet);
		fake_sleep_us(3000);
		assert_true(*VALUE(bench->fake, 1) == 1);
		*VALUE(bench->fake, 0) = (u64)rows[i][2];
		assert_true(fake_wait64(VALUE(bench->fake, 1), 0));
	}
}

static void vendor_pm4_ib_runs_then_completes(void **state)
{
	struct bench *bench = *state;
	u32 ib[] = { ACQUIRE_MEM, 0x28c00000, ~0u, 0xff, 0, 0, 4, WRITE1(DATA(0), 9) };
	struct vkfd_aql_pm4_ib packet = {
		.header = VKFD_AQL_VENDOR | BARRIER, .format = VKFD_AQL_VENDOR_PM4_IB,
		.ib = { IB, ADDR(DATA(0x1000)), COUNT(ib) | 1 << 23 }, .remaining = 10,
		.completion = signal_new(bench, 0, 1),
	};

	put(bench->fake, 0x1000, ib, COUNT(ib));
	for (u32 i = 0; i < 3; i++) {
		*VALUE(bench->fake, 0) = 1;
		submit(bench, &packet);
		assert_true(fake_wait64(VALUE(bench->fake, 0), 0));
		assert_int_equal(*data32(bench->fake, 0), 9);
	}
	assert_true(fake_cq_idle(&bench->queue));
}

/* --- scratch ------------------------------------------------------------------- */

#define EVENT 9u

static struct vkfd_aql_dispatch scratch_dispatch(struct bench *bench)
{
	struct vkfd_kernel_descriptor code = { .rsrc1 = RSRC1, .rsrc2 = 1 | 2 << 1 | 1 << 7,
					       .rsrc3 = 7, .properties = VKFD_KERNEL_KERNARG_PTR };
	struct vkfd_aql_dispatch packet;

	CODE(bench->fake, 0, kernel_count);
	packet = dispatch(bench, 0, 256);
	packet.kernel = descriptor(bench, 0, &code);
	packet.private_bytes = 100;
	packet.completion = signal_new(bench, 0, 1);
	queue_field64(bench, VKFD_AMD_QUEUE_INACTIVE, signal_mail(bench, 1, 0, EVENT));
	return packet;
}

static void give_scratch(struct bench *bench)
{
	queue_field32(bench, VKFD_AMD_QUEUE_TMPRING, 8 | 7 << 12);
	queue_field32(bench, VKFD_AMD_QUEUE_SCRATCH_LANE, 112);
	*VALUE(bench->fake, 1) = 0;
}

static void scratch_is_asked_for_and_the_packet_retried(void **state)
{
	struct bench *bench = *state;
	struct vkfd_aql_dispatch packet = scratch_dispatch(bench);
	struct vkfd_ih_entry entry;

	submit(bench, &packet);
	assert_true(fake_ih_next(&bench->fake->drv, &entry, 2000));
	assert_int_equal(entry.data[0], EVENT);
	assert_true(*VALUE(bench->fake, 1) == VKFD_AMD_QUEUE_NEED_SCRATCH);
	assert_true(*data64(bench->fake, MAILBOX(EVENT)) == EVENT);
	/* The runtime finds the packet at the read index. */
	assert_int_equal(fake_cq_rptr(&bench->queue), 0);
	assert_int_equal(slot_type(bench, 0), VKFD_AQL_DISPATCH);
	fake_sleep_us(5000);
	assert_int_equal(*data32(bench->fake, 0), 0);
	give_scratch(bench);
	assert_true(fake_wait64(VALUE(bench->fake, 0), 0));
	assert_int_equal(*data32(bench->fake, 0), 256);
}

static void scratch_once_is_given_back(void **state)
{
	struct bench *bench = *state;
	struct vkfd_aql_dispatch packet = scratch_dispatch(bench);
	struct vkfd_ih_entry entry;

	give_scratch(bench);
	queue_field32(bench, VKFD_AMD_QUEUE_PROPERTIES, VKFD_AMD_QUEUE_SCRATCH_ONCE);
	submit(bench, &packet);
	assert_true(fake_ih_next(&bench->fake->drv, &entry, 2000));
	assert_true(*VALUE(bench->fake, 0) == 0);
	assert_true(*VALUE(bench->fake, 1) == VKFD_AMD_QUEUE_SCRATCH_DONE);
	/* Stalled until the runtime took it. */
	packet.completion = signal_new(bench, 2, 1);
	submit(bench, &packet);
	fake_sleep_us(5000);
	assert_true(*VALUE(bench->fake, 2) == 1);
	queue_field32(bench, VKFD_AMD_QUEUE_PROPERTIES, 0);
	*VALUE(bench->fake, 1) = 0;
	assert_true(fake_wait64(VALUE(bench->fake, 2), 0));
}

static void unmap_while_stalled_returns(void **state)
{
	struct bench *bench = *state;
	struct vkfd_aql_dispatch packet = scratch_dispatch(bench);
	struct vkfd_ih_entry entry;

	submit(bench, &packet);
	assert_true(fake_ih_next(&bench->fake->drv, &entry, 2000));
	*VALUE(bench->fake, 1) = ~0ULL;
	fake_sleep_us(2000);
	assert_int_equal(fake_cq_unmap(&bench->queue), VKFD_KIQ_OK);
}

/* --- faults and errors ---------------------------------------------------------- */

/* Descriptor, code, data and signal are missing at first. */
static void every_page_of_a_dispatch_may_be_missing(void **state)
{
	struct bench *bench = *state;
	struct vkfd_aql_dispatch packet;
	struct vkfd_ih_entry entry;
	u32 served = 0;

	memcpy(fake_ram_at(&bench->fake->drv, CODE_RAM(0)), kernel_count, sizeof(kernel_count));
	packet = dispatch(bench, 0, 640);
	packet.completion = signal_new(bench, 0, 1);
	for (u32 page = 0; page < 8; page++)
		fake_pte(&bench->fake->drv, bench->fake->root, DATA(page * 4096), 0, 0);
	fake_range(&bench->fake->drv, VKFD_KIQ_TLB_FLUSH, FAKE_CTX, 0, ~0xfffULL);
	submit(bench, &packet);
	while (*VALUE(bench->fake, 0) || served < 4) {
		u64 va;

		if (!fake_ih_next(&bench->fake->drv, &entry, 100))
			continue;
		assert_int_equal(VKFD_IH_SOURCE(entry.header), VKFD_IH_SRC_VM_FAULT);
		va = fault_va(&entry);
		if (va == CODE_VA(0))
			CODE(bench->fake, 0, kernel_count);
		else
			fake_map_ram(&bench->fake->drv, bench->fake->root, va,
				     FAKE_DATA + (va - FAKE_DATA_VA), 4096);
		assert_int_equal(ack_page(bench->fake, va), VKFD_KIQ_OK);
		served++;
	}
	assert_int_equal(served, 4);
	assert_int_equal(*data32(bench->fake, 0), 640);
	assert_true(fake_cq_idle(&bench->queue));
}

static void bad_packets_stop_queue_with_their_code(void **state)
{
	struct bench *bench = *state;
	struct vkfd_aql_dispatch good, bad;
	struct vkfd_aql_pm4_ib vendor = { .header = VKFD_AQL_VENDOR, .format = 7 };

	CODE(bench->fake, 0, kernel_count);
	good = dispatch(bench, 0, 64);
#define BAD(code, ...)                                                                    \
	do {                                                                              \
		bad = good;                                                               \
		__VA_ARGS__;                                                              \
		submit(bench, &bad);                                                      \
		expect_error(bench, code);                                                \
	} while (0)
	BAD(VKFD_EC_DISPATCH_DIM, bad.setup = 0);
	BAD(VKFD_EC_DISPATCH_DIM, bad.grid[0] = 0);
	BAD(VKFD_EC_DISPATCH_DIM, bad.setup = 2);
	BAD(VKFD_EC_DISPATCH_DIM, bad.setup = 3; bad.group[0] = bad.group[1] = bad.group[2] = 1;
	    bad.grid[0] = bad.grid[1] = bad.grid[2] = ~0u);
	BAD(VKFD_EC_DISPATCH_GROUP_SIZE, bad.group[0] = 1025);
	BAD(VKFD_EC_DISPATCH_GROUP_SIZE, bad.group[0] = 0);
	BAD(VKFD_EC_DISPATCH_LDS, bad.group_bytes = 65537);
	BAD(VKFD_EC_DISPATCH_LDS, bad.group_bytes = ~0u);
	BAD(VKFD_EC_DISPATCH_CODE, bad.kernel = 0);
	BAD(VKFD_EC_PACKET_UNSUPPORTED, bad.header = VKFD_AQL_AGENT_DISPATCH);
	BAD(VKFD_EC_PACKET_UNSUPPORTED, bad.header = 99);
	submit(bench, &vendor);
	expect_error(bench, VKFD_EC_PACKET_VENDOR);
	vendor.format = VKFD_AQL_VENDOR_PM4_IB;
	submit(bench, &vendor);
	expect_error(bench, VKFD_EC_PACKET_VENDOR);
	good.completion = signal_new(bench, 0, 1);
	submit(bench, &good);
	assert_true(fake_wait64(VALUE(bench->fake, 0), 0));
}

static void too_many_registers_stop_queue(void **state)
{
	struct bench *bench = *state;
	struct vkfd_kernel_descriptor code = { .rsrc1 = 0x3f, .rsrc2 = 2 << 1, .rsrc3 = 63 };
	struct vkfd_aql_dispatch packet = dispatch(bench, 0, 1024);

	packet.group[0] = 1024;
	packet.kernel = descriptor(bench, 0, &code);
	submit(bench, &packet);
	expect_error(bench, VKFD_EC_DISPATCH_REGISTERS);
}

static void suspend_and_resume_of_kernels_stay_exact(void **state)
{
	struct bench *bench = *state;
	struct vkfd_aql_dispatch packet;

	CODE(bench->fake, 0, kernel_iterate);
	packet = dispatch(bench, 0, 64 * 20);
	packet.completion = signal_new(bench, 0, 0);
	for (u32 i = 0; i < 100; i++) {
		submit(bench, &packet);
		assert_int_equal(fake_cq_percent(&bench->queue, 0), VKFD_KIQ_OK);
		assert_int_equal(fake_cq_percent(&bench->queue, 100), VKFD_KIQ_OK);
		if (i % 32 == 31)
			assert_true(fake_cq_idle(&bench->queue));
	}
	assert_true(fake_wait64(VALUE(bench->fake, 0), (u64)-100LL));
	assert_int_equal(*data32(bench->fake, 0), 100 * 64 * 20 * ITERATIONS);
}

static void set_handler(struct bench *bench, u64 tba)
{
	struct vkfd_kiq_cmd cmd = { .op = VKFD_KIQ_CTX_TRAP };

	cmd.trap.ctx = FAKE_CTX;
	cmd.trap.tba = tba;
	assert_int_equal(fake_kiq(&bench->fake->drv, &cmd), VKFD_KIQ_OK);
}

/* No kernel's descriptor asks for traps; its handler finds the packet's index. */
static void kernels_trap_into_the_handler(void **state)
{
	static const u32 kernel[] = {
		0xbf920002,		/* s_trap 2 */
		0xbf810000,		/* s_endpgm */
	};
	static const u32 handler[] = {
		0x7e000280,		/* v_mov_b32 v0, 0 */
		0x7e040272,		/* v_mov_b32 v2, ttmp6 */
		0xdd088000, 0x00000200,	/* global_atomic_add v0, v2, s[0:1] */
		0x806c846c,		/* s_add_u32 ttmp0, ttmp0, 4 */
		0x826d806d,		/* s_addc_u32 ttmp1, ttmp1, 0 */
		0xbe801f6c,		/* s_rfe_b64 ttmp[0:1] */
	};
	struct bench *bench = *state;
	struct vkfd_aql_dispatch packet;

	CODE(bench->fake, 0, kernel);
	packet = dispatch(bench, 0, 64);
	packet.completion = signal_new(bench, 0, 4);
	set_handler(bench, CODE(bench->fake, 1, handler));
	for (u32 i = 0; i < 4; i++)
		submit(bench, &packet);
	assert_true(fake_wait64(VALUE(bench->fake, 0), 0));
	assert_int_equal(*data32(bench->fake, 0), 64 * (0 + 1 + 2 + 3));
	set_handler(bench, 0);
	submit(bench, &packet);
	expect_error(bench, VKFD_EC_WAVE_ABORT);
	assert_int_equal(*data32(bench->fake, 0), 64 * (0 + 1 + 2 + 3));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define RETRY(name) cmocka_unit_test_setup_teardown(name, setup_retry, teardown)
#define SEEDED(name) cmocka_unit_test_setup_teardown(name, setup_seeded, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(kernel_runs_and_completes),
		CASE(three_dimensions_with_partial_groups),
		CASE(sgprs_are_dense_and_in_order),
		CASE(mailbox_is_written_before_the_interrupt),
		SEEDED(mailbox_is_written_before_the_interrupt),
		CASE(profiling_stamps_start_and_end),
		CASE(ring_reuse_and_racing_signals_stay_exact),
		SEEDED(ring_reuse_and_racing_signals_stay_exact),
		CASE(invalid_slot_holds_up_later_packets),
		CASE(idle_queue_reads_no_queue_structure),
		CASE(barrier_bit_waits_for_all_before),
		SEEDED(barrier_bit_waits_for_all_before),
		CASE(barrier_and_waits_for_all_its_signals),
		CASE(barrier_or_waits_for_one),
		CASE(barrier_value_compares_signed_and_masked),
		CASE(vendor_pm4_ib_runs_then_completes),
		CASE(scratch_is_asked_for_and_the_packet_retried),
		CASE(scratch_once_is_given_back),
		CASE(unmap_while_stalled_returns),
		RETRY(every_page_of_a_dispatch_may_be_missing),
		SEEDED(every_page_of_a_dispatch_may_be_missing),
		CASE(bad_packets_stop_queue_with_their_code),
		CASE(too_many_registers_stop_queue),
		CASE(kernels_trap_into_the_handler),
		CASE(suspend_and_resume_of_kernels_stay_exact),
		SEEDED(suspend_and_resume_of_kernels_stay_exact),
	};

	return cmocka_run_group_tests_name("aql", tests, NULL, NULL);
}
