// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "pci/config.h"
#include "vkfd_hw/pci.h"

#define VRAM_BYTES (512ull << 20)

static struct pci_config config;

static int setup(void **state)
{
	(void)state;
	pci_config_init(&config, VRAM_BYTES);
	return 0;
}

static u32 get(u64 offset, size_t bytes)
{
	u32 value = 0;

	assert_true(pci_config_read(&config, offset, &value, bytes));
	return value;
}

static unsigned int set(u64 offset, u32 value, size_t bytes)
{
	unsigned int effects;

	assert_true(pci_config_write(&config, offset, &value, bytes, &effects));
	return effects;
}

/* Offset of a capability, following the list as a guest does. */
static u32 find_cap(u32 id)
{
	u32 at = get(PCI_CAPABILITY_LIST, 1);

	for (int i = 0; at && i < 48; i++, at = get(at + 1, 1)) {
		if (get(at, 1) == id)
			return at;
	}
	fail_msg("no capability %u", id);
	return 0;
}

static void config_identity_is_read_only(void **state)
{
	(void)state;
	for (u32 offset = 0; offset < PCI_CONFIG_BYTES; offset += 4)
		set(offset, 0xffffffff, 4);
	assert_int_equal(get(PCI_VENDOR_ID, 2), VKFD_PCI_VENDOR_ID);
	assert_int_equal(get(PCI_DEVICE_ID, 2), VKFD_PCI_DEVICE_ID);
	assert_int_equal(get(PCI_CLASS_REVISION, 4), 0x12000002);
	assert_int_equal(get(PCI_SUBSYSTEM_VENDOR_ID, 2), VKFD_PCI_VENDOR_ID);
	assert_int_equal(get(PCI_HEADER_TYPE, 1), 0);
	assert_int_equal(get(PCI_INTERRUPT_PIN, 1), 0);
	assert_int_equal(get(PCI_ROM_ADDRESS, 4), 0);
	assert_int_equal(get(0x100, 4), 0);
}

static void config_sizing_reports_each_bar(void **state)
{
	(void)state;
	for (u32 bar = 0; bar < PCI_BARS; bar++)
		set(PCI_BASE_ADDRESS_0 + 4 * bar, 0xffffffff, 4);
	assert_int_equal(get(PCI_BASE_ADDRESS_0, 4), 0xe000000c);
	assert_int_equal(get(PCI_BASE_ADDRESS_1, 4), 0xffffffff);
	assert_int_equal(get(PCI_BASE_ADDRESS_2, 4), 0xff80000c);
	assert_int_equal(get(PCI_BASE_ADDRESS_3, 4), 0xffffffff);
	assert_int_equal(get(PCI_BASE_ADDRESS_4, 4), 0xffff0000);
	assert_int_equal(get(PCI_BASE_ADDRESS_5, 4), 0);
}

static void config_sizing_of_vram_above_4g(void **state)
{
	(void)state;
	pci_config_init(&config, 64ull << 30);
	set(PCI_BASE_ADDRESS_0, 0xffffffff, 4);
	set(PCI_BASE_ADDRESS_1, 0xffffffff, 4);
	assert_int_equal(get(PCI_BASE_ADDRESS_0, 4), 0x0000000c);
	assert_int_equal(get(PCI_BASE_ADDRESS_1, 4), 0xfffffff0);
}

static void config_bar_answers_only_when_memory_is_enabled(void **state)
{
	(void)state;
	assert_int_equal(set(PCI_BASE_ADDRESS_0, 0x80000000, 4), PCI_EFFECT_DECODE);
	set(PCI_BASE_ADDRESS_1, 0xff, 4);
	assert_int_equal(pci_config_bar(&config, 0), 0);
	assert_int_equal(set(PCI_COMMAND, PCI_COMMAND_MEMORY, 2), PCI_EFFECT_DECODE);
	assert_int_equal(pci_config_bar(&config, 0), 0xff80000000ull);
	assert_int_equal(pci_config_bar(&config, 1), 0);
	assert_int_equal(pci_config_bar(&config, VKFD_BAR_REGS), 0);
	set(PCI_BASE_ADDRESS_0, 0xffffffff, 4);
	set(PCI_BASE_ADDRESS_1, 0xffffffff, 4);
	assert_int_equal(pci_config_bar(&config, 0), 0);
}

static void config_status_bits_clear_by_one(void **state)
{
	(void)state;
	config.value[PCI_STATUS + 1] = 0xf9;
	set(PCI_STATUS, 0x4010, 2);
	assert_int_equal(get(PCI_STATUS, 2), 0xb910);
	set(PCI_STATUS + 1, 0x00, 1);
	assert_int_equal(get(PCI_STATUS, 2), 0xb910);
	set(PCI_STATUS, 0xffff, 2);
	assert_int_equal(get(PCI_STATUS, 2), 0x0010);
}

static void config_capabilities_describe_msi_and_endpoint(void **state)
{
	u32 msi = find_cap(PCI_CAP_ID_MSI);
	u32 exp = find_cap(PCI_CAP_ID_EXP);

	(void)state;
	/* One vector with a 64-bit address and no mask bits. */
	assert_int_equal(get(msi + PCI_MSI_FLAGS, 2), PCI_MSI_FLAGS_64BIT);
	assert_int_equal((get(exp + PCI_EXP_FLAGS, 2) & PCI_EXP_FLAGS_TYPE) >> 4, PCI_EXP_TYPE_ENDPOINT);
	assert_true(get(exp + PCI_EXP_DEVCAP, 4) & PCI_EXP_DEVCAP_FLR);
	assert_false(pci_config_msi_enabled(&config));
	set(msi + PCI_MSI_FLAGS, 0xffff, 2);
	assert_true(pci_config_msi_enabled(&config));
	assert_int_equal(get(msi + PCI_MSI_FLAGS, 2), PCI_MSI_FLAGS_64BIT | PCI_MSI_FLAGS_ENABLE);
	set(msi + PCI_MSI_ADDRESS_LO, 0xfee01003, 4);
	assert_int_equal(get(msi + PCI_MSI_ADDRESS_LO, 4), 0xfee01000);
}

/* QEMU 11.1 aborts when a vfio-user device that has MSI-X is unplugged. */
static void config_has_no_msix(void **state)
{
	(void)state;
	for (u32 at = get(PCI_CAPABILITY_LIST, 1); at; at = get(at + 1, 1))
		assert_int_not_equal(get(at, 1), PCI_CAP_ID_MSIX);
}

static void config_flr_is_asked_once_and_keeps_bars(void **state)
{
	u32 devctl = find_cap(PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL;

	(void)state;
	set(PCI_BASE_ADDRESS_0, 0x80000000, 4);
	set(PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	assert_int_equal(set(devctl, 0x2910, 2) & PCI_EFFECT_FLR, 0);
	assert_int_equal(set(devctl, PCI_EXP_DEVCTL_BCR_FLR, 2), PCI_EFFECT_FLR);
	assert_int_equal(get(devctl, 2) & PCI_EXP_DEVCTL_BCR_FLR, 0);
	assert_int_equal(set(devctl + 1, 0x80, 1), PCI_EFFECT_FLR);
	pci_config_flr(&config);
	assert_int_equal(get(PCI_COMMAND, 2), 0);
	assert_int_equal(get(PCI_BASE_ADDRESS_0, 4), 0x8000000c);
	pci_config_reset(&config);
	assert_int_equal(get(PCI_BASE_ADDRESS_0, 4), 0x0000000c);
}

static void config_access_outside_is_refused(void **state)
{
	unsigned int effects;
	u8 buf[8] = { 0 };

	(void)state;
	assert_true(pci_config_read(&config, 4088, buf, 8));
	assert_false(pci_config_read(&config, 4089, buf, 8));
	assert_false(pci_config_read(&config, ~0ull - 3, buf, 8));
	assert_false(pci_config_write(&config, 4096, buf, 1, &effects));
	assert_int_equal(effects, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(config_identity_is_read_only, setup),
		cmocka_unit_test_setup(config_sizing_reports_each_bar, setup),
		cmocka_unit_test_setup(config_sizing_of_vram_above_4g, setup),
		cmocka_unit_test_setup(config_bar_answers_only_when_memory_is_enabled, setup),
		cmocka_unit_test_setup(config_status_bits_clear_by_one, setup),
		cmocka_unit_test_setup(config_capabilities_describe_msi_and_endpoint, setup),
		cmocka_unit_test_setup(config_has_no_msix, setup),
		cmocka_unit_test_setup(config_flr_is_asked_once_and_keeps_bars, setup),
		cmocka_unit_test_setup(config_access_outside_is_refused, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
