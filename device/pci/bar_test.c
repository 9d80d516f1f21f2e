// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "pci/bar.h"
#include "pci/fake_gpu.h"
#include "vkfd_hw/pci.h"

#define VRAM_BYTES (64ull << 20)

static struct pci_function function;
static struct vram vram;

static void raise_msi(void *opaque)
{
	(void)opaque;
	msi_raise(&function.msi);
}

static int setup(void **state)
{
	const struct gpu_config config = { .nodes = 1, .vram_bytes = VRAM_BYTES };
	const struct gpu_host host = { .raise_msi = raise_msi };

	(void)state;
	assert_int_equal(vram_init(&vram, VRAM_BYTES), 0);
	pci_function_init(&function, &vram, NULL);
	function.gpu = gpu_create(&config, NULL, &vram, &host);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	gpu_destroy(function.gpu);
	pci_function_fini(&function);
	vram_fini(&vram);
	return 0;
}

static void config_write(u32 offset, u32 value, size_t bytes)
{
	assert_true(pci_config_access(&function, offset, (u8 *)&value, bytes, true));
}

static bool bar(unsigned int index, u64 offset, void *data, size_t len, bool write)
{
	return pci_bar_access(&function, index, offset, data, len, write);
}

static void bar_decode_changes_reach_the_gpu_once(void **state)
{
	(void)state;
	config_write(PCI_BASE_ADDRESS_0, 0x80000000, 4);
	config_write(PCI_BASE_ADDRESS_4, 0xfe000000, 4);
	assert_int_equal(function.gpu->bar_calls, 0);
	config_write(PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	assert_int_equal(function.gpu->bar_calls, 2);
	assert_int_equal(function.gpu->bar[0], 0x80000000);
	assert_int_equal(function.gpu->bar[4], 0xfe000000);
	config_write(PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	assert_int_equal(function.gpu->bar_calls, 2);
	config_write(PCI_COMMAND, 0, 2);
	assert_int_equal(function.gpu->bar[0], 0);
	assert_int_equal(function.gpu->bar[4], 0);
}

static void bar_flr_resets_engines_and_decode(void **state)
{
	(void)state;
	config_write(PCI_BASE_ADDRESS_0, 0x80000000, 4);
	config_write(PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	config_write(0x50 + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR, 2);
	assert_int_equal(function.gpu->resets, 1);
	assert_int_equal(function.gpu->bar[0], 0);
	config_write(PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	assert_int_equal(function.gpu->bar[0], 0x80000000);
}

static void bar_access_is_cut_into_aligned_pieces(void **state)
{
	u8 out[13], in[13];

	(void)state;
	for (u8 i = 0; i < sizeof(out); i++)
		out[i] = (u8)(0xa0 + i);
	/* 1 + 2 + 8 + 2 bytes from offset 5 */
	assert_true(bar(VKFD_BAR_REGS, 5, out, 13, true));
	assert_int_equal(function.gpu->accesses, 4);
	assert_true(bar(VKFD_BAR_REGS, 5, in, 13, false));
	assert_memory_equal(in, out, 13);
	function.gpu->accesses = 0;
	assert_true(bar(VKFD_BAR_REGS, 0x100, out, 8, true));
	assert_int_equal(function.gpu->accesses, 1);
	assert_int_equal(function.gpu->last_bytes, 8);
}

static void bar_access_outside_is_refused_and_counted(void **state)
{
	u8 buf[16] = { 0 };

	(void)state;
	assert_false(bar(VKFD_BAR_REGS, VKFD_REGS_BAR_BYTES - 4, buf, 8, false));
	assert_false(bar(VKFD_BAR_REGS, ~0ull - 3, buf, 8, true));
	assert_false(bar(1, 0, buf, 4, false));
	assert_false(bar(5, 0, buf, 4, true));
	assert_false(bar(6, 0, buf, 4, false));
	assert_false(bar(0, VRAM_BYTES, buf, 1, true));
	assert_int_equal(function.odd_accesses, 6);
	assert_int_equal(function.gpu->accesses, 0);
}

static void bar_vram_is_memory(void **state)
{
	u64 word = 0x1122334455667788ull, seen = 0;
	u8 bulk[100], back[100];

	(void)state;
	assert_true(bar(0, VRAM_BYTES - 8, &word, 8, true));
	assert_true(bar(0, VRAM_BYTES - 8, &seen, 8, false));
	assert_int_equal(seen, word);
	memset(bulk, 0x5a, sizeof(bulk));
	assert_true(bar(0, 3, bulk, sizeof(bulk), true));
	assert_true(bar(0, 3, back, sizeof(back), false));
	assert_memory_equal(bulk, back, sizeof(bulk));
}

static u64 event_count(int fd)
{
	u64 count = 0;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

static void msi_without_eventfd_stays_pending(void **state)
{
	int fd = eventfd(0, EFD_NONBLOCK);

	(void)state;
	msi_raise(&function.msi);
	msi_raise(&function.msi);
	msi_set_eventfd(&function.msi, fd);
	assert_int_equal(event_count(fd), 1);
	assert_int_equal(event_count(fd), 0);
	msi_raise(&function.msi);
	assert_int_equal(event_count(fd), 1);
}

static void msi_pending_is_gone_after_reset(void **state)
{
	int fd = eventfd(0, EFD_NONBLOCK);

	(void)state;
	msi_raise(&function.msi);
	pci_function_reset(&function);
	msi_set_eventfd(&function.msi, fd);
	assert_int_equal(event_count(fd), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bar_decode_changes_reach_the_gpu_once, setup, teardown),
		cmocka_unit_test_setup_teardown(bar_flr_resets_engines_and_decode, setup, teardown),
		cmocka_unit_test_setup_teardown(bar_access_is_cut_into_aligned_pieces, setup, teardown),
		cmocka_unit_test_setup_teardown(bar_access_outside_is_refused_and_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(bar_vram_is_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(msi_without_eventfd_stays_pending, setup, teardown),
		cmocka_unit_test_setup_teardown(msi_pending_is_gone_after_reset, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
