// SPDX-License-Identifier: MIT
/* PM4 packets one by one: headers, data, order, IBs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "cp/fake_pm4.h"

static struct fake_compute *bench_of(void **state)
{
	return *state;
}

static int setup(void **state)
{
	*state = fake_compute_start(0, 0);
	return 0;
}

static int setup_seeded(void **state)
{
	*state = fake_compute_start(VKFD_CTX_RETRY, 4711);
	return 0;
}

static int teardown(void **state)
{
	fake_compute_stop(*state);
	return 0;
}

/* The queue stopped with @error, told once. */
static void expect_error(struct fake_compute *bench, u32 error, u32 header)
{
	struct vkfd_ih_entry entry;

	assert_true(fake_ih_next(&bench->drv, &entry, 2000));
	assert_int_equal(VKFD_IH_CLIENT(entry.header), VKFD_IH_CLIENT_CP);
	assert_int_equal(VKFD_IH_SOURCE(entry.header), VKFD_IH_SRC_BAD_OPCODE);
	assert_int_equal(VKFD_IH_PASID(entry.pasid), FAKE_PASID);
	assert_int_equal(entry.data[0], 0 | VKFD_EC_PACKET_UNSUPPORTED << 10);
	assert_int_equal(entry.data[1], header);
	assert_int_equal(entry.data[2], bench->queue.number);
	assert_int_equal(entry.data[3], error);
	assert_false(fake_ih_next(&bench->drv, &entry, 5));
	assert_int_equal(fake_stat(&bench->drv, VKFD_STAT_QUEUE_ERRORS), 1);
	assert_int_equal(fake_cq_unmap(&bench->queue), VKFD_KIQ_OK);
	assert_int_equal(fake_cq_map(&bench->queue), VKFD_KIQ_OK);
}

/* --- headers ----------------------------------------------------------- */

static void nop_with_count_3fff_is_one_dword(void **state)
{
	struct fake_compute *bench = bench_of(state);

	RUN(&bench->queue, NOP1);
	assert_true(fake_cq_idle(&bench->queue));
	assert_int_equal(fake_cq_rptr(&bench->queue), 1);
	RUN(&bench->queue, NOP1, NOP1, WRITE1(DATA(0), 7));
	assert_true(fake_wait32(data32(bench, 0), 7));
}

static void nop_skips_its_body(void **state)
{
	struct fake_compute *bench = bench_of(state);

	/* Bodies that would be errors; type 2 fillers between. */
	RUN(&bench->queue, 0xc0001000, 0, 0x80000000, 0xc0021002, 1, 2, 3, 0x80000000,
	    WRITE1(DATA(0), 8));
	assert_true(fake_wait32(data32(bench, 0), 8));
	assert_true(fake_cq_idle(&bench->queue));
	assert_int_equal(fake_stat(&bench->drv, VKFD_STAT_COMPUTE_PACKETS), 5);
}

static void header_bits_of_shader_type_and_predicate_are_ignored(void **state)
{
	struct fake_compute *bench = bench_of(state);

	RUN(&bench->queue, WRITE_DATA(1) | 3, TO_MEMORY, ADDR(DATA(0)), 9);
	assert_true(fake_wait32(data32(bench, 0), 9));
}

static void types_0_and_1_stop_queue(void **state)
{
	struct fake_compute *bench = bench_of(state);

	RUN(&bench->queue, 0x00001000, 0);
	expect_error(bench, VKFD_QERR_UNKNOWN_PACKET, 0x00001000);
}

static void type_1_stops_queue(void **state)
{
	struct fake_compute *bench = bench_of(state);

	RUN(&bench->queue, 0x40001000, 0);
	expect_error(bench, VKFD_QERR_UNKNOWN_PACKET, 0x40001000);
}

static void unknown_opcode_stops_queue_where_it_is(void **state)
{
	struct fake_compute *bench = bench_of(state);

	RUN(&bench->queue, NOP1, 0xc0009900, 0, WRITE1(DATA(0), 1));
	expect_error(bench, VKFD_QERR_UNKNOWN_PACKET, 0xc0009900);
	assert_int_equal(*data32(bench, 0), 0);
}

struct bad_packet {
	u32 n;
	u32 dw[9];
};

static void malformed_packets_stop_queue(void **state)
{
	static const struct bad_packet bad[] = {
		{ 7, { 0xc0054900, 0x514, 0 } },			/* RELEASE_MEM of 7 */
		{ 8, { RELEASE_MEM, 0x514, 4u << 29, 0x100 } },		/* perf counter */
		{ 8, { RELEASE_MEM, 0x514, 5u << 24 } },		/* conditional interrupt */
		{ 8, { RELEASE_MEM, 0x514, 2u << 29, 0x104 } },		/* 64 bits, misaligned */
		{ 8, { RELEASE_MEM, 0x514, 1u << 29 | 2u << 16, 0x100 } }, /* dst_sel */
		{ 7, { WAIT_MEM, 3, 0, 0, 0, 0, 0 } },			/* register space */
		{ 7, { WAIT_MEM, 3 | 1 << 4 | 1 << 6 } },		/* write-wait-write */
		{ 7, { WAIT_MEM, 7 | 1 << 4, LO(FAKE_DATA_VA), HI(FAKE_DATA_VA) } },
		{ 5, { WRITE_DATA(1), 0, 0, 0, 0 } },			/* to a register */
		{ 4, { WRITE_DATA(0), TO_MEMORY, 0, 0 } },		/* nothing to write */
		{ 6, { COPY_DATA, 0 | 5 << 8, 0, 0, 0, 0 } },		/* from a register */
		{ 6, { COPY_DATA, 5 | 5 << 8 | 1 << 16, 0, 0, 4, 0 } },
		{ 7, { DMA_DATA, 1 << 20, 0, 0, 0, 0, 4 } },		/* to GDS */
		{ 9, { ATOMIC_MEM, 0 } },				/* no such operation */
		{ 9, { ATOMIC_MEM, 47, 4 } },				/* misaligned */
		{ 3, { 0xc0014600, 7 } },				/* EVENT_WRITE of 3 */
		{ 4, { IB, 0, 0, 1 << 20 | 8 } },			/* chain out of the ring */
	};
	struct fake_compute *bench = bench_of(state);

	for (u32 i = 0; i < COUNT(bad); i++) {
		struct vkfd_ih_entry entry;

		fake_cq_run(&bench->queue, bad[i].dw, bad[i].n);
		assert_true(fake_ih_next(&bench->drv, &entry, 2000));
		assert_int_equal(entry.data[3], VKFD_QERR_MALFORMED);
		assert_int_equal(entry.data[1], bad[i].dw[0]);
		assert_int_equal(fake_cq_unmap(&bench->queue), VKFD_KIQ_OK);
		assert_int_equal(fake_cq_map(&bench->queue), VKFD_KIQ_OK);
	}
}

/* --- moving data ------------------------------------------------------- */

static void write_data_stores_dwords_in_order(void **state)
{
	struct fake_compute *bench = bench_of(state);
	u32 dw[4 + 300] = { WRITE_DATA(300), TO_MEMORY, ADDR(DATA(0x1ffc)) };

	for (u32 i = 0; i < 300; i++)
		dw[4 + i] = i * 3 + 1;
	fake_cq_run(&bench->queue, dw, COUNT(dw));
	assert_true(fake_cq_idle(&bench->queue));
	for (u32 i = 0; i < 300; i++)
		assert_int_equal(data32(bench, 0x1ffc)[i], i * 3 + 1);
	assert_int_equal(data32(bench, 0x1ffc)[300], 0);
}

static void write_data_to_one_address_keeps_last(void **state)
{
	struct fake_compute *bench = bench_of(state);

	RUN(&bench->queue, WRITE_DATA(3), TO_MEMORY | 1 << 16, ADDR(DATA(8)), 1, 2, 3);
	assert_true(fake_wait32(data32(bench, 8), 3));
	assert_int_equal(*data32(bench, 12), 0);
}

static void copy_data_moves_memory_immediate_and_clock(void **state)
{
	struct fake_compute *bench = bench_of(state);

	*data64(bench, 0) = 0x1122334455667788ULL;
	RUN(&bench->queue, COPY_DATA, 1 | 5 << 8, ADDR(DATA(0)), ADDR(DATA(0x10)), COPY_DATA,
	    1 | 5 << 8 | 1 << 16, ADDR(DATA(0)), ADDR(DATA(0x18)), COPY_DATA,
	    5 | 2 << 8 | 1 << 16, 0xaa, 0xbb, ADDR(DATA(0x20)), COPY_DATA, 9 | 5 << 8 | 1 << 16, 0,
	    0, ADDR(DATA(0x28)));
	assert_true(fake_cq_idle(&bench->queue));
	assert_true(*data64(bench, 0x10) == 0x55667788);
	assert_true(*data64(bench, 0x18) == 0x1122334455667788ULL);
	assert_true(*data64(bench, 0x20) == 0xbb000000aaULL);
	assert_int_not_equal(*data64(bench, 0x28), 0);
}

static void dma_data_copies_and_fills(void **state)
{
	struct fake_compute *bench = bench_of(state);
	volatile u8 *bytes = (volatile u8 *)data32(bench, 0);

	for (u32 i = 0; i < 9000; i++)
		bytes[i] = (u8)(i * 11);
	RUN(&bench->queue, DMA_DATA, 0, ADDR(DATA(3)), ADDR(DATA(0x8001)), 8000, DMA_DATA,
	    2u << 29 | 3 << 20, 0x04030201, 0, ADDR(DATA(0x10001)), 5000);
	assert_true(fake_cq_idle(&bench->queue));
	for (u32 i = 0; i < 8000; i++)
		assert_int_equal(bytes[0x8001 + i], bytes[3 + i]);
	for (u32 i = 0; i < 5000; i++)
		assert_int_equal(bytes[0x10001 + i], 1 + i % 4);
	assert_int_equal(bytes[0x10001 + 5000], 0);
}

static void atomic_mem_adds_and_loops_until_compare_matches(void **state)
{
	struct fake_compute *bench = bench_of(state);

	*data64(bench, 0) = 5;
	*data64(bench, 8) = 1;
	RUN(&bench->queue, ATOMIC_MEM, 47, ADDR(DATA(0)), 3, 1, 0, 0, 0, ATOMIC_MEM,
	    40 | 1 << 8, ADDR(DATA(8)), 9, 0, 2, 0, 0, WRITE1(DATA(16), 1));
	assert_true(fake_wait64(data64(bench, 0), 0x100000008ULL));
	fake_sleep_us(5000);
	assert_int_equal(*data32(bench, 16), 0);
	*data64(bench, 8) = 2;
	assert_true(fake_wait32(data32(bench, 16), 1));
	assert_true(*data64(bench, 8) == 9);
}

/* --- order and signals --------------------------------------------------- */

static void release_mem_stores_before_its_interrupt(void **state)
{
	struct fake_compute *bench = bench_of(state);

	for (u32 i = 1; i <= 200; i++) {
		struct vkfd_ih_entry entry;

		RUN(&bench->queue, RELEASE_MEM, 0x514, 2u << 24 | 1u << 29, ADDR(DATA(0)), i, 0, i);
		assert_true(fake_ih_next(&bench->drv, &entry, 2000));
		assert_int_equal(*data32(bench, 0), i);
		assert_int_equal(VKFD_IH_CLIENT(entry.header), VKFD_IH_CLIENT_CP);
		assert_int_equal(VKFD_IH_SOURCE(entry.header), VKFD_IH_SRC_CP_EOP);
		assert_int_equal(VKFD_IH_PASID(entry.pasid), FAKE_PASID);
		assert_int_equal(entry.data[0], i);
	}
}

static void release_mem_stores_64_bits_and_clock(void **state)
{
	struct fake_compute *bench = bench_of(state);
	u64 before = gpu_reg_read(bench->drv.gpu, VKFD_REG_CLOCK_LO, 8), first, second;
	struct vkfd_ih_entry entry;

	RUN(&bench->queue, RELEASE_MEM, 0x514, 2u << 29, ADDR(DATA(0)), 1, 2, 0, RELEASE_MEM, 0x514,
	    3u << 29 | 1 << 16, ADDR(DATA(8)), 0, 0, 0, RELEASE_MEM, 0x528, 3u << 29 | 3u << 24,
	    ADDR(DATA(16)), 0, 0, 9);
	assert_true(fake_cq_idle(&bench->queue));
	assert_true(*data64(bench, 0) == 0x200000001ULL);
	first = *data64(bench, 8);
	second = *data64(bench, 16);
	assert_true(before < first && first < second);
	/* "Confirm without interrupt" and "none" say nothing. */
	assert_false(fake_ih_next(&bench->drv, &entry, 5));
}

static void empty_release_mem_interrupts_with_context_0(void **state)
{
	struct fake_compute *bench = bench_of(state);
	struct vkfd_ih_entry entry;

	RUN(&bench->queue, RELEASE_MEM, 0x514, 1u << 24, 0, 0, 0, 0, 0);
	assert_true(fake_ih_next(&bench->drv, &entry, 2000));
	assert_int_equal(entry.data[0], 0);
	assert_true(fake_cq_idle(&bench->queue));
}

/* More interrupts than the ring holds: none is lost or doubled. */
static void release_mem_survives_a_full_interrupt_ring(void **state)
{
	struct fake_compute *bench = bench_of(state);
	const u32 rounds = 3 * FAKE_IH_BYTES / VKFD_IH_ENTRY_BYTES;
	struct vkfd_ih_entry entry;

	for (u32 i = 1; i <= 100; i++) {
		u32 dw[] = { RELEASE_MEM, 0x514, 2u << 24 | 1u << 29, ADDR(DATA(0)), i, 0, i };

		fake_cq_emit(&bench->queue, dw, COUNT(dw));
	}
	for (u32 total = 100; total < rounds; total++) {
		fake_cq_submit(&bench->queue);
		assert_true(fake_ih_next(&bench->drv, &entry, 2000));
		assert_int_equal(entry.data[0], total - 99);
		RUN(&bench->queue, RELEASE_MEM, 0x514, 2u << 24 | 1u << 29, ADDR(DATA(0)), total + 1,
		    0, total + 1);
	}
	for (u32 i = rounds - 99; i <= rounds; i++) {
		assert_true(fake_ih_next(&bench->drv, &entry, 2000));
		assert_int_equal(entry.data[0], i);
	}
	assert_int_equal(*data32(bench, 0), rounds);
}

static void wait_reg_mem_compares_masked_unsigned(void **state)
{
	/* function, memory, reference: all must pass at once */
	static const u32 met[][3] = { { 0, 0, 1 }, { 1, 1, 2 }, { 2, 2, 2 }, { 3, 5, 5 },
				      { 4, 5, 6 }, { 5, 7, 7 }, { 6, 0x80000000, 7 } };
	struct fake_compute *bench = bench_of(state);

	for (u32 i = 0; i < COUNT(met); i++) {
		*data32(bench, 0) = met[i][1] | 0x100;
		RUN(&bench->queue, WAIT_MEM, met[i][0] | 1 << 4, ADDR(DATA(0)), met[i][2],
		    ~0x100u, 4, WRITE1(DATA(4), i + 1));
		assert_true(fake_wait32(data32(bench, 4), i + 1));
	}
}

static void wait_reg_mem_blocks_its_queue_only(void **state)
{
	struct fake_compute *bench = bench_of(state);
	struct fake_compute_queue other = fake_cq(bench, 1, VKFD_QUEUE_PM4);

	assert_int_equal(fake_cq_map(&other), VKFD_KIQ_OK);
	RUN(&bench->queue, WAIT_MEM, WAIT_EQUAL | 3 << 6, ADDR(DATA(0)), 1, ~0u, 4,
	    WRITE1(DATA(4), 1));
	for (u32 i = 1; i <= 50; i++) {
		RUN(&other, WRITE1(DATA(8), i));
		assert_true(fake_cq_idle(&other));
		assert_int_equal(*data32(bench, 8), i);
	}
	assert_int_equal(*data32(bench, 4), 0);
	/* The other queue satisfies it. */
	RUN(&other, WRITE1(DATA(0), 1));
	assert_true(fake_wait32(data32(bench, 4), 1));
}

static void pred_exec_skips_for_other_dies(void **state)
{
	struct fake_compute *bench = bench_of(state);

	RUN(&bench->queue, PRED_EXEC, 2u << 24 | 5, WRITE1(DATA(0), 1), PRED_EXEC, 1u << 24 | 5,
	    WRITE1(DATA(4), 1));
	assert_true(fake_wait32(data32(bench, 4), 1));
	assert_int_equal(*data32(bench, 0), 0);
}

static void ordering_packets_without_work_pass(void **state)
{
	struct fake_compute *bench = bench_of(state);

	RUN(&bench->queue, EVENT_WRITE, 7 | 4 << 8, 0xc0024600, 0x35, 0, 0, 0xc0004200, 0,
	    ACQUIRE_MEM, 0x28c00000, ~0u, 0xff, 0, 0, 4, WRITE1(DATA(0), 1));
	assert_true(fake_wait32(data32(bench, 0), 1));
	assert_true(fake_cq_idle(&bench->queue));
}

/* --- indirect buffers ---------------------------------------------------- */

static void ib_runs_then_ring_goes_on(void **state)
{
	struct fake_compute *bench = bench_of(state);
	u32 ib[] = { WRITE1(DATA(0), 1), 0xc0001000, 0, WRITE1(DATA(4), 2) };

	put(bench, 0x1000, ib, COUNT(ib));
	RUN(&bench->queue, IB, ADDR(DATA(0x1000)), COUNT(ib) | 1 << 23 | 5 << 24,
	    COPY_DATA, 1 | 5 << 8, ADDR(DATA(4)), ADDR(DATA(8)));
	assert_true(fake_wait32(data32(bench, 8), 2));
	assert_int_equal(*data32(bench, 0), 1);
	assert_true(fake_cq_idle(&bench->queue));
}

static void rptr_stays_on_ib_packet_until_its_end(void **state)
{
	struct fake_compute *bench = bench_of(state);
	u32 ib[] = { WAIT_MEM, WAIT_EQUAL, ADDR(DATA(0)), 1, ~0u, 4, NOP1 };

	put(bench, 0x1000, ib, COUNT(ib));
	RUN(&bench->queue, NOP1, IB, ADDR(DATA(0x1000)), COUNT(ib) | 1 << 23);
	fake_sleep_us(20000);
	assert_int_equal(fake_cq_rptr(&bench->queue), 1);
	*data32(bench, 0) = 1;
	assert_true(fake_cq_idle(&bench->queue));
}

static void ib_nests_once_and_chains(void **state)
{
	struct fake_compute *bench = bench_of(state);
	u32 inner[] = { WRITE1(DATA(4), 2) };
	u32 chained[] = { WRITE1(DATA(8), 3) };
	u32 outer[] = { WRITE1(DATA(0), 1), IB, ADDR(DATA(0x2000)), COUNT(inner) | 1 << 23,
			IB, ADDR(DATA(0x3000)), COUNT(chained) | 1 << 23 | 1 << 20,
			WRITE1(DATA(12), 4) };

	put(bench, 0x1000, outer, COUNT(outer));
	put(bench, 0x2000, inner, COUNT(inner));
	put(bench, 0x3000, chained, COUNT(chained));
	RUN(&bench->queue, IB, ADDR(DATA(0x1000)), COUNT(outer) | 1 << 23, WRITE1(DATA(16), 5));
	assert_true(fake_wait32(data32(bench, 16), 5));
	assert_int_equal(*data32(bench, 0), 1);
	assert_int_equal(*data32(bench, 4), 2);
	assert_int_equal(*data32(bench, 8), 3);
	/* Behind a chain nothing comes back. */
	assert_int_equal(*data32(bench, 12), 0);
}

static void ib_nested_too_deep_stops_queue(void **state)
{
	struct fake_compute *bench = bench_of(state);
	u32 ib[] = { IB, ADDR(DATA(0x1000)), 4 | 1 << 23 };

	put(bench, 0x1000, ib, COUNT(ib));
	RUN(&bench->queue, IB, ADDR(DATA(0x1000)), 4 | 1 << 23);
	expect_error(bench, VKFD_QERR_MALFORMED, IB);
}

static void ib_that_ends_in_a_packet_stops_queue(void **state)
{
	struct fake_compute *bench = bench_of(state);
	u32 ib[] = { WRITE1(DATA(0), 1) };

	put(bench, 0x1000, ib, COUNT(ib));
	RUN(&bench->queue, IB, ADDR(DATA(0x1000)), 4 | 1 << 23);
	expect_error(bench, VKFD_QERR_MALFORMED, WRITE_DATA(1));
	assert_int_equal(*data32(bench, 0), 0);
}

/* An IB that chains to itself for ever: others run, unmap returns. */
static void endless_chain_harms_nobody(void **state)
{
	struct fake_compute *bench = bench_of(state);
	struct fake_compute_queue other = fake_cq(bench, 1, VKFD_QUEUE_PM4);
	u32 ib[] = { IB, ADDR(DATA(0x1000)), 4 | 1 << 23 | 1 << 20 };

	put(bench, 0x1000, ib, COUNT(ib));
	RUN(&bench->queue, IB, ADDR(DATA(0x1000)), 4 | 1 << 23);
	assert_int_equal(fake_cq_map(&other), VKFD_KIQ_OK);
	RUN(&other, WRITE1(DATA(0), 1));
	assert_true(fake_wait32(data32(bench, 0), 1));
	assert_int_equal(fake_cq_unmap(&bench->queue), VKFD_KIQ_OK);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define SEEDED(name) cmocka_unit_test_setup_teardown(name, setup_seeded, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(nop_with_count_3fff_is_one_dword),
		CASE(nop_skips_its_body),
		CASE(header_bits_of_shader_type_and_predicate_are_ignored),
		CASE(types_0_and_1_stop_queue),
		CASE(type_1_stops_queue),
		CASE(unknown_opcode_stops_queue_where_it_is),
		CASE(malformed_packets_stop_queue),
		CASE(write_data_stores_dwords_in_order),
		CASE(write_data_to_one_address_keeps_last),
		CASE(copy_data_moves_memory_immediate_and_clock),
		CASE(dma_data_copies_and_fills),
		CASE(atomic_mem_adds_and_loops_until_compare_matches),
		CASE(release_mem_stores_before_its_interrupt),
		SEEDED(release_mem_stores_before_its_interrupt),
		CASE(release_mem_stores_64_bits_and_clock),
		CASE(empty_release_mem_interrupts_with_context_0),
		CASE(release_mem_survives_a_full_interrupt_ring),
		CASE(wait_reg_mem_compares_masked_unsigned),
		CASE(wait_reg_mem_blocks_its_queue_only),
		CASE(pred_exec_skips_for_other_dies),
		CASE(ordering_packets_without_work_pass),
		CASE(ib_runs_then_ring_goes_on),
		CASE(rptr_stays_on_ib_packet_until_its_end),
		CASE(ib_nests_once_and_chains),
		CASE(ib_nested_too_deep_stops_queue),
		CASE(ib_that_ends_in_a_packet_stops_queue),
		CASE(endless_chain_harms_nobody),
	};

	return cmocka_run_group_tests_name("pm4", tests, NULL, NULL);
}
