// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "mmu/fault.h"

static const struct fault_origin origin = { .ctx = 0x13, .pasid = 0x8001, .queue = 9, .sequence = 77 };

static void retry_write_carries_everything(void **state)
{
	struct mmu_fault fault = { 0x7fed12345abcULL, VKFD_FAULT_WRITE, MMU_NOT_PRESENT, true };
	struct ih_event event = fault_event(&fault, &origin);

	(void)state;
	assert_int_equal(event.client, VKFD_IH_CLIENT_UTCL2);
	assert_int_equal(event.source, VKFD_IH_SRC_VM_FAULT);
	assert_int_equal(event.pasid, 0x8001);
	assert_int_equal(event.data[0], 0xfed12345);
	assert_int_equal(event.data[1], 0x7 | VKFD_FAULT_WRITE | VKFD_FAULT_RETRY);
	assert_int_equal(event.data[2], 77);
	assert_int_equal(event.data[3], 9);
	assert_int_equal(event.ring, VKFD_FAULT_RING_NOT_PRESENT);
}

static void write_to_read_only_says_so(void **state)
{
	struct mmu_fault fault = { 0x1000, VKFD_FAULT_WRITE, MMU_PERMISSION, false };
	struct ih_event event = fault_event(&fault, &origin);

	(void)state;
	assert_int_equal(event.data[1], VKFD_FAULT_WRITE);
	assert_int_equal(event.ring, VKFD_FAULT_RING_READ_ONLY);
}

static void upper_half_address_keeps_48_bits(void **state)
{
	struct mmu_fault fault = { 0xffffabcdef012000ULL, VKFD_FAULT_READ, MMU_NOT_PRESENT, false };
	struct ih_event event = fault_event(&fault, &origin);

	(void)state;
	assert_int_equal(event.data[0], 0xbcdef012);
	assert_int_equal(event.data[1], 0xa | VKFD_FAULT_READ);
	assert_int_equal(event.ring, VKFD_FAULT_RING_NOT_PRESENT | VKFD_FAULT_RING_READ);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(retry_write_carries_everything),
		cmocka_unit_test(write_to_read_only_says_so),
		cmocka_unit_test(upper_half_address_keeps_48_bits),
	};

	return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
