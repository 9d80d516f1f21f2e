// SPDX-License-Identifier: MIT
/*
 * eng_ih_entry.c: which pairs of client and source mean something, and what
 * each field of an entry becomes. Any 32 bytes must be decodable.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "engine/eng_ih_entry.c"

static unsigned int count_kind(enum vkfd_ih_kind kind)
{
	unsigned int count = 0;

	for (u32 client = 0; client < 256; client++)
		for (u32 source = 0; source < 256; source++)
			count += vkfd_ih_classify(client, source) == kind;
	return count;
}

static void classify_knows_each_pair_once(void **state)
{
	(void)state;
	assert_int_equal(count_kind(VKFD_IH_KIND_FAULT), 1);
	assert_int_equal(count_kind(VKFD_IH_KIND_ACCESS_COUNT), 1);
	assert_int_equal(count_kind(VKFD_IH_KIND_DEVICE_ERROR), 1);
	assert_int_equal(count_kind(VKFD_IH_KIND_EVENT32), 1);
	assert_int_equal(count_kind(VKFD_IH_KIND_EVENT28), 5); /* SDMA engines */
	assert_int_equal(count_kind(VKFD_IH_KIND_EVENT24), 1);
	assert_int_equal(count_kind(VKFD_IH_KIND_QUEUE_ERROR), 6);
}

static void classify_refuses_a_source_of_another_client(void **state)
{
	(void)state;
	assert_int_equal(vkfd_ih_classify(VKFD_IH_CLIENT_CP, VKFD_IH_SRC_SDMA_TRAP), VKFD_IH_KIND_UNKNOWN);
	assert_int_equal(vkfd_ih_classify(VKFD_IH_CLIENT_SDMA0, VKFD_IH_SRC_VM_FAULT), VKFD_IH_KIND_UNKNOWN);
	assert_int_equal(vkfd_ih_classify(VKFD_IH_CLIENT_UTCL2, VKFD_IH_SRC_BAD_OPCODE),
			 VKFD_IH_KIND_UNKNOWN);
	assert_int_equal(vkfd_ih_classify(0xff, 0xff), VKFD_IH_KIND_UNKNOWN);
}

static void fault_fields_are_where_the_contract_says(void **state)
{
	u64 va = 0x7fedcba98000;
	struct vkfd_ih_entry entry = {
		.header = VKFD_IH_HEADER(VKFD_IH_CLIENT_UTCL2, 0, VKFD_FAULT_RING_NOT_PRESENT),
		.timestamp_lo = 0x11223344,
		.timestamp_hi = 0xabcd5566,
		.pasid = 0xff1234,
		.data = { (u32)(va >> 12), (u32)(va >> 44) | VKFD_FAULT_WRITE | VKFD_FAULT_RETRY, 77, 9 },
	};
	struct vkfd_fault fault;

	(void)state;
	vkfd_ih_decode_fault(&entry, 4096, &fault);
	assert_true(fault.va == va);
	assert_true(fault.timestamp == 0x556611223344);
	assert_int_equal(fault.ih_ptr, 4096);
	assert_int_equal(fault.pasid, 0x1234);
	assert_int_equal(fault.seq, 77);
	assert_int_equal(fault.queue, 9);
	assert_true(fault.write && fault.retry && fault.not_present);
	assert_false(fault.execute || fault.read_only);
}

static void event_id_keeps_only_valid_bits(void **state)
{
	struct vkfd_ih_entry entry = { .pasid = 3, .data = { 0xffffffff } };
	struct vkfd_event_irq irq;

	(void)state;
	vkfd_ih_decode_event(&entry, 32, &irq);
	assert_int_equal(irq.event_id, 0xffffffff);
	vkfd_ih_decode_event(&entry, 28, &irq);
	assert_int_equal(irq.event_id, 0x0fffffff);
	vkfd_ih_decode_event(&entry, 24, &irq);
	assert_int_equal(irq.event_id, 0x00ffffff);
	assert_int_equal(irq.valid_bits, 24);
}

static void queue_failure_unpacks_doorbell_and_code(void **state)
{
	struct vkfd_ih_entry entry = {
		.pasid = 5,
		.data = { VKFD_BAD_OPCODE_DATA0(1023, VKFD_EC_PACKET_UNSUPPORTED), 0xdead, 4095, 1 },
	};
	struct vkfd_queue_failure failure;

	(void)state;
	vkfd_ih_decode_queue_failure(&entry, &failure);
	assert_int_equal(failure.doorbell, 1023);
	assert_int_equal(failure.code, VKFD_EC_PACKET_UNSUPPORTED);
	assert_int_equal(failure.header, 0xdead);
	assert_int_equal(failure.queue, 4095);
	assert_int_equal(failure.pasid, 5);
}

static void access_fields_are_where_the_contract_says(void **state)
{
	struct vkfd_ih_entry entry = {
		.header = VKFD_IH_HEADER(VKFD_IH_CLIENT_UTCL2, VKFD_IH_SRC_ACCESS_COUNT, 0),
		.pasid = 0xff1234,
		.data = { 0xcba98765, 0xfffffffe, 512, 9 },
	};
	struct vkfd_access_report report;

	(void)state;
	vkfd_ih_decode_access(&entry, &report);
	assert_true(report.va == 0xecba98760000);
	assert_int_equal(report.pasid, 0x1234);
	assert_int_equal(report.requests, 512);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classify_knows_each_pair_once),
		cmocka_unit_test(classify_refuses_a_source_of_another_client),
		cmocka_unit_test(fault_fields_are_where_the_contract_says),
		cmocka_unit_test(access_fields_are_where_the_contract_says),
		cmocka_unit_test(event_id_keeps_only_valid_bits),
		cmocka_unit_test(queue_failure_unpacks_doorbell_and_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
