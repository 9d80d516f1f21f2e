// SPDX-License-Identifier: MIT
/*
 * A client that sends anything: the input is a message stream, cut where it
 * likes, with descriptors attached. The real receive loop reads it from a
 * socket; the GPU is the fake of pci/. The input starts with a valid VERSION
 * when its first byte is odd.
 */
#define _GNU_SOURCE
#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pci/fake_gpu.h"
#include "server/conn.h"
#include "util/fuzz.h"

#define VRAM_BYTES   (64ull << 20)
#define GUEST_BYTES  (1u << 20)
#define MAX_MESSAGES 64

/* What lives as long as the process; a session leaves no trace in it. */
struct bench {
	struct pci_function function;
	struct vram vram;
	struct guest_mem *guest;
	struct gpu *gpu;
	struct vfu_request request;
	struct vfu_reply reply;
	int ram;
	int stop;
};

static void ignore_msi(void *opaque)
{
	msi_raise(&((struct bench *)opaque)->function.msi);
}

static struct bench *bench_get(void)
{
	static struct bench bench;
	const struct gpu_config config = { .nodes = 1, .vram_bytes = VRAM_BYTES };
	const struct gpu_host host = { .raise_msi = ignore_msi, .opaque = &bench };

	if (bench.gpu)
		return &bench;
	assert(!vram_init(&bench.vram, VRAM_BYTES));
	bench.guest = guest_mem_create();
	pci_function_init(&bench.function, &bench.vram, NULL);
	bench.gpu = gpu_create(&config, bench.guest, &bench.vram, &host);
	bench.function.gpu = bench.gpu;
	bench.request.payload = malloc(VFU_MAX_PAYLOAD_BYTES);
	bench.reply.payload = malloc(VFU_MAX_PAYLOAD_BYTES);
	bench.ram = memfd_create("ram", 0);
	bench.stop = eventfd(0, 0);
	assert(bench.guest && bench.request.payload && bench.reply.payload);
	assert(bench.ram >= 0 && bench.stop >= 0 && !ftruncate(bench.ram, GUEST_BYTES));
	return &bench;
}

static void send_bytes(int fd, const void *data, size_t len, const int *fds, unsigned int count)
{
	char control[CMSG_SPACE(16 * sizeof(int))] = { 0 };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)data, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (count) {
		struct cmsghdr *c;

		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(c), fds, count * sizeof(int));
	}
	/* A full socket cuts the message short: also a case. */
	if (sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return;
}

static void send_version(int fd)
{
	static const char text[] = "{\"capabilities\":{\"max_msg_fds\":8,\"write_multiple\":true}}";
	struct vfu_version version = { 0, 0 };
	struct vfu_header header = { .command = VFU_VERSION,
				     .size = sizeof(header) + sizeof(version) + sizeof(text) };
	u8 message[sizeof(header) + sizeof(version) + sizeof(text)];

	memcpy(message, &header, sizeof(header));
	memcpy(message + sizeof(header), &version, sizeof(version));
	memcpy(message + sizeof(header) + sizeof(version), text, sizeof(text));
	send_bytes(fd, message, sizeof(message), NULL, 0);
}

/*
 * Records: flags (1 byte: low bits number of descriptors, bit 7 "raw": header
 * comes from the input), command (1), length (2), payload.
 */
static size_t send_record(const struct bench *bench, int fd, const u8 *data, size_t len)
{
	struct vfu_header header = { .command = data[1] };
	unsigned int fds = data[0] & 0xf;
	int event[16];
	u8 message[sizeof(header) + 4096];
	u16 count;

	memcpy(&count, data + 2, sizeof(count));
	if (count > len - 4)
		count = (u16)(len - 4);
	if (count > 4096)
		count = 4096;
	for (unsigned int i = 0; i < fds; i++)
		event[i] = header.command == VFU_DMA_MAP ? dup(bench->ram) : eventfd(0, EFD_NONBLOCK);
	header.size = (u32)sizeof(header) + count;
	header.flags = data[0] & 0x40 ? VFU_FLAG_NO_REPLY : 0;
	memcpy(message, &header, sizeof(header));
	memcpy(message + sizeof(header), data + 4, count);
	if (data[0] & 0x80)
		send_bytes(fd, data + 4, count, event, fds);
	else
		send_bytes(fd, message, header.size, event, fds);
	for (unsigned int i = 0; i < fds; i++)
		close(event[i]);
	return 4u + count;
}

/* The client takes every answer, or the server would wait for it for ever. */
static void *drain(void *arg)
{
	const int *fd = arg;
	static u8 sink[65536];

	while (read(*fd, sink, sizeof(sink)) > 0)
		;
	return NULL;
}

/* Descriptors must not pile up: the next one free is the same before and after. */
static int next_fd(void)
{
	int fd = dup(0);

	assert(fd >= 0);
	close(fd);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct bench *bench = bench_get();
	atomic_bool stopping = false;
	struct vfu_session session;
	struct vfu_conn conn;
	int pair[2], before = next_fd();
	pthread_t reader;
	u64 value;

	assert(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	if (len && data[0] & 1)
		send_version(pair[0]);
	for (int i = 0; len >= 4 && i < MAX_MESSAGES; i++) {
		size_t used = send_record(bench, pair[0], data, len);

		data += used;
		len -= used;
	}
	shutdown(pair[0], SHUT_WR);
	assert(!pthread_create(&reader, NULL, drain, &pair[0]));

	conn = (struct vfu_conn){ .fd = pair[1], .stop = bench->stop, .stopping = &stopping };
	vfu_session_init(&session, &bench->function, bench->guest, NULL);
	vfu_conn_serve(&conn, &session, &bench->request, &bench->reply);
	vfu_session_end(&session);
	close(pair[1]);
	pthread_join(reader, NULL);
	close(pair[0]);
	assert(guest_mem_load(bench->guest, 0, &value, 8) == MEM_UNMAPPED);
	assert(next_fd() == before);
	return 0;
}
