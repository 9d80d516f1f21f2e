// SPDX-License-Identifier: MIT
/* Each command of the protocol, well formed and not, without a socket. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pci/fake_gpu.h"
#include "server/session.h"
#include "vkfd_hw/pci.h"

#define VRAM_BYTES (64ull << 20)
#define MSI	   VFIO_PCI_MSI_IRQ_INDEX

static struct pci_function function;
static struct vram vram;
static struct guest_mem *guest;
static struct vfu_session session;
static struct vfu_request request;
static struct vfu_reply reply;

static void raise_msi(void *opaque)
{
	(void)opaque;
	msi_raise(&function.msi);
}

/* Sends @len bytes of @payload as @command, with the descriptors set before. */
static int handle(u16 command, const void *payload, size_t len)
{
	request.header = (struct vfu_header){ .command = command,
					      .size = (u32)(sizeof(request.header) + len) };
	request.len = len;
	if (len)
		memcpy(request.payload, payload, len);
	return vfu_session_handle(&session, &request, &reply);
}

static int setup(void **state)
{
	static const struct vfu_version version = { 0, 0 };
	const struct gpu_config config = { .nodes = 1, .vram_bytes = VRAM_BYTES };
	const struct gpu_host host = { .raise_msi = raise_msi };

	(void)state;
	assert_int_equal(vram_init(&vram, VRAM_BYTES), 0);
	guest = guest_mem_create();
	pci_function_init(&function, &vram, NULL);
	function.gpu = gpu_create(&config, guest, &vram, &host);
	request.payload = malloc(VFU_MAX_PAYLOAD_BYTES);
	reply.payload = malloc(VFU_MAX_PAYLOAD_BYTES);
	request.fds = 0;
	vfu_session_init(&session, &function, guest, NULL);
	assert_int_equal(handle(VFU_VERSION, &version, sizeof(version)), 0);
	session.limits.write_multi = true;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	vfu_session_end(&session);
	gpu_destroy(function.gpu);
	pci_function_fini(&function);
	guest_mem_destroy(guest);
	vram_fini(&vram);
	free(request.payload);
	free(reply.payload);
	return 0;
}

static void session_needs_version_first_and_once(void **state)
{
	const struct vfu_version version = { 0, 0 };

	(void)state;
	assert_int_equal(handle(VFU_VERSION, &version, sizeof(version)), EINVAL);
	vfu_session_init(&session, &function, guest, NULL);
	assert_int_equal(handle(VFU_DEVICE_RESET, NULL, 0), -1);
	assert_int_equal(handle(VFU_VERSION, &version, 3), EINVAL);
}

static void session_refuses_unknown_commands_and_replies(void **state)
{
	u8 zeros[64] = { 0 };

	(void)state;
	assert_int_equal(handle(0, zeros, 64), ENOTSUP);
	assert_int_equal(handle(VFU_DEVICE_GET_REGION_IO_FDS, zeros, 64), ENOTSUP);
	assert_int_equal(handle(11, zeros, 64), ENOTSUP);
	assert_int_equal(handle(0xffff, zeros, 64), ENOTSUP);
	request.header = (struct vfu_header){ .command = VFU_DEVICE_RESET, .flags = VFU_TYPE_REPLY };
	assert_int_equal(vfu_session_handle(&session, &request, &reply), -1);
}

static void session_short_payloads_are_refused(void **state)
{
	static const size_t need[VFU_COMMANDS] = {
		[VFU_DMA_MAP] = 32,	    [VFU_DMA_UNMAP] = 24,	    [VFU_DEVICE_GET_INFO] = 16,
		[VFU_DEVICE_GET_REGION_INFO] = 32, [VFU_DEVICE_GET_IRQ_INFO] = 16, [VFU_DEVICE_SET_IRQS] = 20,
		[VFU_REGION_READ] = 16,	    [VFU_REGION_WRITE] = 16,	    [VFU_REGION_WRITE_MULTI] = 8,
	};
	u8 ones[32];

	(void)state;
	memset(ones, 0xff, sizeof(ones));
	for (u16 command = 0; command < VFU_COMMANDS; command++) {
		for (size_t len = 0; len < need[command]; len++)
			assert_int_equal(handle(command, ones, len), EINVAL);
	}
}

static void session_describes_the_device(void **state)
{
	struct vfu_device_info info = { .argsz = sizeof(info) };

	(void)state;
	assert_int_equal(handle(VFU_DEVICE_GET_INFO, &info, sizeof(info)), 0);
	assert_int_equal(reply.len, sizeof(info));
	memcpy(&info, reply.payload, sizeof(info));
	assert_int_equal(info.flags, VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI);
	assert_int_equal(info.regions, VFIO_PCI_NUM_REGIONS);
	assert_int_equal(info.irqs, VFIO_PCI_MSIX_IRQ_INDEX + 1);
	info.argsz = 8;
	assert_int_equal(handle(VFU_DEVICE_GET_INFO, &info, sizeof(info)), EINVAL);
}

static void session_maps_only_vram(void **state)
{
	static const u64 bytes[] = { VRAM_BYTES,	  0, VKFD_DOORBELL_BAR_BYTES, 0,
				     VKFD_REGS_BAR_BYTES, 0, 0, PCI_CONFIG_BYTES, 0 };

	(void)state;
	for (u32 i = 0; i < 12; i++) {
		struct vfu_region_info info = { .argsz = sizeof(info), .index = i };
		int err = handle(VFU_DEVICE_GET_REGION_INFO, &info, sizeof(info));

		assert_int_equal(err, i < 9 ? 0 : EINVAL);
		if (err)
			continue;
		memcpy(&info, reply.payload, sizeof(info));
		assert_int_equal(info.size, bytes[i]);
		assert_int_equal(reply.fd, i ? -1 : vram.fd);
		assert_int_equal(info.flags, i == 0 ? 7 : bytes[i] ? 3 : 0);
	}
}

static void session_has_msi_only(void **state)
{
	(void)state;
	for (u32 i = 0; i < 7; i++) {
		struct vfu_irq_info info = { .argsz = sizeof(info), .index = i };
		int err = handle(VFU_DEVICE_GET_IRQ_INFO, &info, sizeof(info));

		assert_int_equal(err, i <= VFIO_PCI_MSIX_IRQ_INDEX ? 0 : i < VFIO_PCI_NUM_IRQS ? ENOTTY : EINVAL);
		if (err)
			continue;
		memcpy(&info, reply.payload, sizeof(info));
		assert_int_equal(info.count, i == MSI ? VKFD_MSI_VECTORS : 0);
	}
}

static int map_file(int fd, u64 address, u64 size, u64 offset, u32 flags)
{
	const struct vfu_dma_map map = {
		.argsz = sizeof(map), .flags = flags, .offset = offset, .address = address, .size = size
	};
	int err;

	request.fds = fd >= 0;
	request.fd[0] = fd;
	err = handle(VFU_DMA_MAP, &map, sizeof(map));
	request.fds = 0;
	return err;
}

static int unmap(u64 address, u64 size, u32 flags)
{
	const struct vfu_dma_unmap gone = {
		.argsz = sizeof(gone), .flags = flags, .address = address, .size = size
	};

	return handle(VFU_DMA_UNMAP, &gone, sizeof(gone));
}

static void session_dma_regions_come_and_go(void **state)
{
	int fd = memfd_create("ram", 0);
	u64 value;

	(void)state;
	assert_int_equal(ftruncate(fd, 0x10000), 0);
	assert_int_equal(map_file(fd, 0x1000, 0x2000, 0x1000, 3), 0);
	assert_int_equal(map_file(fd, 0x2000, 0x1000, 0, 3), EEXIST);
	assert_int_equal(map_file(fd, 0x8000, 0x1000, 0x10000, 3), EINVAL);
	assert_int_equal(map_file(fd, 0x8000, 0x1000, 0, 7), EINVAL);
	assert_int_equal(map_file(-1, 0x20000, 0x1000, 0, 3), 0);
	assert_int_equal(guest_mem_store(guest, 0x1008, 42, 8), MEM_OK);
	assert_int_equal(pread(fd, &value, 8, 0x1008), 8);
	assert_int_equal(value, 42);
	assert_int_equal(guest_mem_load(guest, 0x20000, &value, 8), MEM_UNMAPPED);
	assert_int_equal(unmap(0x1000, 0x1000, 0), EINVAL);
	assert_int_equal(unmap(0x1000, 0x2000, 0), 0);
	assert_int_equal(reply.len, sizeof(struct vfu_dma_unmap));
	assert_int_equal(unmap(0x1000, 0x2000, 0), ENOENT);
	assert_int_equal(unmap(0, 0x1000, VFIO_DMA_UNMAP_FLAG_ALL), EINVAL);
	assert_int_equal(unmap(0, 0, VFIO_DMA_UNMAP_FLAG_ALL), 0);
	assert_int_equal(map_file(-1, 0x20000, 0x1000, 0, 3), 0);
	close(fd);
}

static int access_region(u16 command, u32 region, u64 offset, void *data, u32 count, size_t sent)
{
	struct vfu_region_access access = { .offset = offset, .region = region, .count = count };
	u8 message[256];

	memcpy(message, &access, sizeof(access));
	memcpy(message + sizeof(access), data, sent);
	return handle(command, message, sizeof(access) + sent);
}

static void session_region_accesses_are_bounded(void **state)
{
	u32 value = 0xabcd1234;

	(void)state;
	assert_int_equal(access_region(VFU_REGION_WRITE, VKFD_BAR_REGS, 8, &value, 4, 4), 0);
	assert_int_equal(reply.len, sizeof(struct vfu_region_access));
	value = 0;
	assert_int_equal(access_region(VFU_REGION_READ, VKFD_BAR_REGS, 8, &value, 4, 0), 0);
	assert_int_equal(reply.len, sizeof(struct vfu_region_access) + 4);
	memcpy(&value, reply.payload + sizeof(struct vfu_region_access), 4);
	assert_int_equal(value, 0xabcd1234);

	assert_int_equal(access_region(VFU_REGION_WRITE, VKFD_BAR_REGS, 8, &value, 8, 4), EINVAL);
	assert_int_equal(access_region(VFU_REGION_WRITE, VKFD_BAR_REGS, 8, &value, 0, 0), EINVAL);
	assert_int_equal(access_region(VFU_REGION_READ, 0, 0, &value, VFU_MAX_XFER_BYTES + 1, 0), EINVAL);
	assert_int_equal(access_region(VFU_REGION_READ, 0, 0, &value, ~0u, 0), EINVAL);
	assert_int_equal(access_region(VFU_REGION_READ, 0, ~0ull, &value, 4, 0), EINVAL);
	assert_int_equal(access_region(VFU_REGION_READ, 6, 0, &value, 4, 0), EINVAL);
	assert_int_equal(access_region(VFU_REGION_READ, 8, 0, &value, 4, 0), EINVAL);
	assert_int_equal(access_region(VFU_REGION_READ, ~0u, 0, &value, 4, 0), EINVAL);
	assert_int_equal(access_region(VFU_REGION_READ, 7, 4093, &value, 4, 0), EINVAL);
	assert_int_equal(access_region(VFU_REGION_READ, 0, 0, &value, VFU_MAX_XFER_BYTES, 0), 0);
}

static void session_multi_write_stops_at_the_bad_one(void **state)
{
	struct {
		u64 count;
		struct vfu_multi_write write[3];
	} multi = { .count = 3 };

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		multi.write[i] = (struct vfu_multi_write){
			.offset = 8 * i, .region = VKFD_BAR_REGS, .count = 4, .data = { (u8)(i + 1) }
		};
	}
	assert_int_equal(handle(VFU_REGION_WRITE_MULTI, &multi, sizeof(multi)), 0);
	assert_int_equal(function.gpu->reg[16], 3);
	multi.write[1].count = 9;
	multi.write[2].data[0] = 9;
	assert_int_equal(handle(VFU_REGION_WRITE_MULTI, &multi, sizeof(multi)), EINVAL);
	assert_int_equal(function.gpu->reg[16], 3);
	multi.count = 4;
	assert_int_equal(handle(VFU_REGION_WRITE_MULTI, &multi, sizeof(multi)), EINVAL);
	multi.count = ~0ull;
	assert_int_equal(handle(VFU_REGION_WRITE_MULTI, &multi, sizeof(multi)), EINVAL);
	session.limits.write_multi = false;
	multi.count = 1;
	assert_int_equal(handle(VFU_REGION_WRITE_MULTI, &multi, sizeof(multi)), EINVAL);
}

static int set_irqs(u32 flags, u32 index, u32 start, u32 count, const int *fds)
{
	const struct vfu_irq_set set = {
		.argsz = sizeof(set), .flags = flags, .index = index, .start = start, .count = count
	};
	int err;

	request.fds = fds ? count : 0;
	for (u32 i = 0; i < request.fds; i++)
		request.fd[i] = fds[i];
	err = handle(VFU_DEVICE_SET_IRQS, &set, sizeof(set));
	for (u32 i = 0; i < request.fds; i++)
		assert_true((request.fd[i] == -1) == !err);
	request.fds = 0;
	return err;
}

static u64 event_count(int fd)
{
	u64 count = 0;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

static void session_interrupts_follow_eventfds(void **state)
{
	const u32 trigger = VFIO_IRQ_SET_ACTION_TRIGGER;
	int mine = eventfd(0, EFD_NONBLOCK), given = dup(mine);
	u64 value = 1;

	(void)state;
	assert_int_equal(set_irqs(VFIO_IRQ_SET_DATA_EVENTFD | trigger, MSI, 0, 1, &given), 0);
	assert_int_equal(access_region(VFU_REGION_WRITE, VKFD_BAR_DOORBELL, 8, &value, 8, 8), 0);
	assert_int_equal(event_count(mine), 1);
	assert_int_equal(set_irqs(VFIO_IRQ_SET_DATA_NONE | trigger, MSI, 0, 1, NULL), 0);
	assert_int_equal(event_count(mine), 1);
	/* Without a descriptor the vector is taken away; its interrupt waits. */
	assert_int_equal(set_irqs(VFIO_IRQ_SET_DATA_EVENTFD | trigger, MSI, 0, 1, NULL), 0);
	assert_int_equal(access_region(VFU_REGION_WRITE, VKFD_BAR_DOORBELL, 8, &value, 8, 8), 0);
	assert_int_equal(event_count(mine), 0);
	given = dup(mine);
	assert_int_equal(set_irqs(VFIO_IRQ_SET_DATA_EVENTFD | trigger, MSI, 0, 1, &given), 0);
	assert_int_equal(event_count(mine), 1);
	assert_int_equal(set_irqs(VFIO_IRQ_SET_DATA_NONE | trigger, MSI, 0, 0, NULL), 0);
	assert_int_equal(function.msi.fd, -1);
	close(mine);
}

static void session_bad_interrupt_settings_change_nothing(void **state)
{
	const u32 trigger = VFIO_IRQ_SET_ACTION_TRIGGER, event = VFIO_IRQ_SET_DATA_EVENTFD;
	int fd = eventfd(0, 0), bad = -7;

	(void)state;
	assert_int_equal(set_irqs(event | trigger, MSI, 1, 1, &fd), EINVAL);
	assert_int_equal(set_irqs(event | trigger, MSI, ~0u, 1, &fd), EINVAL);
	assert_int_equal(set_irqs(event | trigger, 0, 0, 1, &fd), EINVAL);
	assert_int_equal(set_irqs(event | trigger, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, &fd), EINVAL);
	assert_int_equal(set_irqs(event | VFIO_IRQ_SET_ACTION_MASK, MSI, 0, 1, &fd), EINVAL);
	assert_int_equal(set_irqs(event, MSI, 0, 1, &fd), EINVAL);
	assert_int_equal(set_irqs(event | 1 | trigger, MSI, 0, 1, &fd), EINVAL);
	assert_int_equal(set_irqs(event | trigger, MSI, 0, 1, &bad), EINVAL);
	assert_int_equal(set_irqs(VFIO_IRQ_SET_DATA_BOOL | trigger, MSI, 0, 1, NULL), EINVAL);
	assert_int_equal(set_irqs(VFIO_IRQ_SET_DATA_NONE | trigger, MSI, 0, ~0u, NULL), EINVAL);
	assert_int_equal(function.msi.fd, -1);
	close(fd);
}

static void session_end_lets_everything_go(void **state)
{
	int fd = memfd_create("ram", 0), event = eventfd(0, EFD_NONBLOCK);
	u32 command = PCI_COMMAND_MEMORY, address = 0x80000000;
	unsigned int resets = function.gpu->resets;
	u64 value;

	(void)state;
	assert_int_equal(ftruncate(fd, 0x1000), 0);
	assert_int_equal(map_file(fd, 0, 0x1000, 0, 3), 0);
	assert_int_equal(set_irqs(VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, MSI, 0, 1, &event),
			 0);
	assert_int_equal(access_region(VFU_REGION_WRITE, 7, PCI_BASE_ADDRESS_0, &address, 4, 4), 0);
	assert_int_equal(access_region(VFU_REGION_WRITE, 7, PCI_COMMAND, &command, 2, 2), 0);
	assert_int_equal(function.gpu->bar[0], address);
	vfu_session_end(&session);
	assert_int_equal(function.gpu->resets, resets + 1);
	assert_int_equal(function.gpu->bar[0], 0);
	assert_int_equal(function.msi.fd, -1);
	assert_int_equal(guest_mem_load(guest, 0, &value, 8), MEM_UNMAPPED);
	close(fd);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(session_needs_version_first_and_once),
		CASE(session_refuses_unknown_commands_and_replies),
		CASE(session_short_payloads_are_refused),
		CASE(session_describes_the_device),
		CASE(session_maps_only_vram),
		CASE(session_has_msi_only),
		CASE(session_dma_regions_come_and_go),
		CASE(session_region_accesses_are_bounded),
		CASE(session_multi_write_stops_at_the_bad_one),
		CASE(session_interrupts_follow_eventfds),
		CASE(session_bad_interrupt_settings_change_nothing),
		CASE(session_end_lets_everything_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
