// SPDX-License-Identifier: MIT
/* Real sockets and threads: clients come, go, misbehave; the server ends. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "pci/fake_gpu.h"
#include "server/protocol.h"
#include "server/server.h"
#include "vkfd_hw/pci.h"

#define VRAM_BYTES (64ull << 20)
#define GPUS	   2u

static char dir[] = "/tmp/vkfd-server-XXXXXX";
static struct server_node node[GPUS];
static struct vram vram[GPUS];
static struct server *server;

static void raise_msi(void *opaque)
{
	msi_raise(&((struct server_node *)opaque)->function.msi);
}

static int setup(void **state)
{
	(void)state;
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	assert_non_null(mkdtemp(dir));
	for (unsigned int i = 0; i < GPUS; i++) {
		const struct gpu_config config = { .node = i, .nodes = GPUS, .vram_bytes = VRAM_BYTES };
		const struct gpu_host host = { .raise_msi = raise_msi, .opaque = &node[i] };

		assert_int_equal(vram_init(&vram[i], VRAM_BYTES), 0);
		node[i].guest = guest_mem_create();
		pci_function_init(&node[i].function, &vram[i], NULL);
		node[i].function.gpu = gpu_create(&config, node[i].guest, &vram[i], &host);
	}
	server = server_create(dir, node, GPUS, NULL);
	assert_non_null(server);
	assert_int_equal(server_start(server), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	server_destroy(server);
	assert_int_equal(access("gpu0.sock", F_OK), -1);
	for (unsigned int i = 0; i < GPUS; i++) {
		gpu_destroy(node[i].function.gpu);
		pci_function_fini(&node[i].function);
		guest_mem_destroy(node[i].guest);
		vram_fini(&vram[i]);
	}
	assert_int_equal(chdir("/"), 0);
	return rmdir(dir);
}

static int client(unsigned int index)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const struct timeval limit = { .tv_sec = 5 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "gpu%u.sock", index);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

static void send_message(int fd, u16 command, u32 flags, const void *payload, size_t len)
{
	const struct vfu_header header = {
		.id = 7, .command = command, .size = (u32)(sizeof(header) + len), .flags = flags
	};

	assert_int_equal(send(fd, &header, sizeof(header), MSG_NOSIGNAL), sizeof(header));
	if (len)
		assert_int_equal(send(fd, payload, len, MSG_NOSIGNAL), len);
}

/* Payload length of the answer; *received gets a descriptor that came along, or -1. */
static size_t receive_message(int fd, struct vfu_header *header, void *payload, size_t room, int *received)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { .iov_base = header, .iov_len = sizeof(*header) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	struct cmsghdr *c;
	size_t len;

	assert_int_equal(recvmsg(fd, &msg, MSG_WAITALL), sizeof(*header));
	c = CMSG_FIRSTHDR(&msg);
	*received = -1;
	if (c)
		memcpy(received, CMSG_DATA(c), sizeof(*received));
	assert_int_equal(header->id, 7);
	assert_int_equal(header->flags & VFU_FLAG_TYPE, VFU_TYPE_REPLY);
	len = header->size - sizeof(*header);
	assert_true(len <= room);
	if (len)
		assert_int_equal(recv(fd, payload, len, MSG_WAITALL), len);
	return len;
}

static void hello(int fd)
{
	const struct vfu_version version = { 0, 0 };
	struct vfu_header header;
	u8 payload[256];
	int received;

	send_message(fd, VFU_VERSION, 0, &version, sizeof(version));
	assert_true(receive_message(fd, &header, payload, sizeof(payload), &received) > sizeof(version));
	assert_int_equal(header.flags & VFU_FLAG_ERROR, 0);
}

static bool closed(int fd)
{
	u8 byte;

	return recv(fd, &byte, 1, 0) <= 0;
}

static bool readable(int fd, int ms)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	return poll(&pollfd, 1, ms) == 1;
}

static void server_passes_vram_to_a_client(void **state)
{
	struct vfu_region_info info = { .argsz = sizeof(info) };
	struct vfu_header header;
	int fd = client(1), memory;
	u64 value = 0;
	u8 *map;

	(void)state;
	hello(fd);
	send_message(fd, VFU_DEVICE_GET_REGION_INFO, 0, &info, sizeof(info));
	assert_int_equal(receive_message(fd, &header, &info, sizeof(info), &memory), sizeof(info));
	assert_true(memory >= 0);
	map = mmap(NULL, info.size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, (off_t)info.offset);
	assert_ptr_not_equal(map, MAP_FAILED);
	memset(map + VRAM_BYTES - 8, 0x5a, 8);
	assert_int_equal(vram_load(&vram[1], VRAM_BYTES - 8, &value, 8), MEM_OK);
	assert_int_equal(value, 0x5a5a5a5a5a5a5a5aull);
	/* A client cannot take the memory from under us. */
	assert_int_equal(ftruncate(memory, 4096), -1);
	munmap(map, info.size);
	close(memory);
	close(fd);
}

static void server_posted_writes_are_done_before_the_next_answer(void **state)
{
	struct {
		struct vfu_region_access access;
		u64 data;
	} write = { { .offset = 0x40, .region = VKFD_BAR_REGS, .count = 8 }, 0 };
	struct vfu_region_access read = { .offset = 0x40, .region = VKFD_BAR_REGS, .count = 8 };
	struct vfu_header header;
	int fd = client(0), received;
	u8 payload[24];
	u64 value;

	(void)state;
	hello(fd);
	for (write.data = 1; write.data <= 1000; write.data++)
		send_message(fd, VFU_REGION_WRITE, VFU_FLAG_NO_REPLY, &write, sizeof(write));
	/* Also a refused one gives no answer. */
	write.access.region = 99;
	send_message(fd, VFU_REGION_WRITE, VFU_FLAG_NO_REPLY, &write, sizeof(write));
	send_message(fd, VFU_REGION_READ, 0, &read, sizeof(read));
	assert_int_equal(receive_message(fd, &header, payload, sizeof(payload), &received), 24);
	memcpy(&value, payload + 16, 8);
	assert_int_equal(value, 1000);
	close(fd);
}

static void server_errors_carry_a_number_and_no_payload(void **state)
{
	struct vfu_header header;
	int fd = client(0), received;
	u8 payload[16] = { 0 };

	(void)state;
	hello(fd);
	send_message(fd, 14, 0, payload, sizeof(payload));
	assert_int_equal(receive_message(fd, &header, payload, sizeof(payload), &received), 0);
	assert_true(header.flags & VFU_FLAG_ERROR);
	assert_int_equal(header.error, ENOTSUP);
	close(fd);
}

static void server_closes_on_broken_streams(void **state)
{
	struct vfu_header header = { .command = VFU_VERSION, .size = 15 };
	int fd;

	(void)state;
	fd = client(0);
	send(fd, &header, sizeof(header), MSG_NOSIGNAL);
	assert_true(closed(fd));
	close(fd);
	fd = client(0);
	header.size = 0xffffffff;
	send(fd, &header, sizeof(header), MSG_NOSIGNAL);
	assert_true(closed(fd));
	close(fd);
	fd = client(0);
	send_message(fd, VFU_DEVICE_RESET, 0, NULL, 0);
	assert_true(closed(fd));
	close(fd);
	/* The next client is served as if nothing had been. */
	fd = client(0);
	hello(fd);
	close(fd);
}

static void server_takes_messages_in_pieces(void **state)
{
	const struct vfu_version version = { 0, 0 };
	const struct vfu_header header = {
		.id = 7, .command = VFU_VERSION, .size = sizeof(header) + sizeof(version)
	};
	struct vfu_header answer;
	u8 message[sizeof(header) + sizeof(version)], payload[256];
	int fd = client(0), received;

	(void)state;
	memcpy(message, &header, sizeof(header));
	memcpy(message + sizeof(header), &version, sizeof(version));
	for (size_t i = 0; i < sizeof(message); i++) {
		assert_int_equal(send(fd, message + i, 1, 0), 1);
		usleep(1000);
	}
	assert_true(receive_message(fd, &answer, payload, sizeof(payload), &received) > 4);
	close(fd);
}

static void server_is_done_when_every_gpu_had_a_client(void **state)
{
	int first = client(0), second;

	(void)state;
	hello(first);
	close(first);
	assert_false(readable(server_done_fd(server), 100));
	first = client(0);
	hello(first);
	second = client(1);
	hello(second);
	close(second);
	assert_false(readable(server_done_fd(server), 100));
	close(first);
	assert_true(readable(server_done_fd(server), 5000));
}

static void server_ends_while_clients_talk(void **state)
{
	int idle = client(0), busy = client(1);
	const struct vfu_header half = { .command = VFU_DMA_MAP, .size = 48 };

	(void)state;
	hello(idle);
	hello(busy);
	send(busy, &half, sizeof(half), MSG_NOSIGNAL);
	/* teardown destroys the server now: neither thread may hang */
	close(dup(idle));
}

static void server_takes_the_place_of_one_that_was_killed(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX, .sun_path = "gpu0.sock" };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	server_destroy(server);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
	assert_int_equal(access("gpu0.sock", F_OK), 0);
	server = server_create(dir, node, GPUS, NULL);
	assert_non_null(server);
	assert_int_equal(server_start(server), 0);
	fd = client(0);
	hello(fd);
	close(fd);
}

static void server_leaves_one_that_lives_alone(void **state)
{
	int fd;

	(void)state;
	assert_null(server_create(dir, node, GPUS, NULL));
	assert_int_equal(errno, EADDRINUSE);
	fd = client(0);
	hello(fd);
	close(fd);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(server_passes_vram_to_a_client),
		CASE(server_posted_writes_are_done_before_the_next_answer),
		CASE(server_errors_carry_a_number_and_no_payload),
		CASE(server_closes_on_broken_streams),
		CASE(server_takes_messages_in_pieces),
		CASE(server_is_done_when_every_gpu_had_a_client),
		CASE(server_ends_while_clients_talk),
		CASE(server_takes_the_place_of_one_that_was_killed),
		CASE(server_leaves_one_that_lives_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
