// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "server/server.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/conn.h"

struct endpoint {
	struct server *server;
	struct server_node *node;
	unsigned int index;
	int listener; /* -1: not listening */
	char path[32]; /* relative to the socket directory */
	pthread_t thread;
	bool running;
	/* Lent to the conversation, one at a time. */
	u8 *rx;
	u8 *tx;
};

struct server {
	struct log *log;
	unsigned int count;
	int stop; /* eventfd, readable: threads leave */
	int done; /* eventfd, readable: nobody needs us any more */
	atomic_bool stopping;
	pthread_mutex_t lock; /* guards the two below */
	unsigned int connected;
	unsigned int served; /* bit n: GPU n has had a client */
	struct endpoint endpoint[];
};

static void wake(int fd)
{
	const u64 one = 1;

	/* The counter cannot be full: this is its only increment. */
	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

static void client_came(struct endpoint *endpoint)
{
	struct server *server = endpoint->server;

	pthread_mutex_lock(&server->lock);
	server->connected++;
	server->served |= 1u << endpoint->index;
	pthread_mutex_unlock(&server->lock);
	log_line(server->log, "gpu%u: client connected", endpoint->index);
}

static void client_left(struct endpoint *endpoint, enum vfu_conn_status status)
{
	struct server *server = endpoint->server;
	bool done;

	log_line(server->log, "gpu%u: %s", endpoint->index,
		 status == VFU_CONN_BROKEN ? "client broke the protocol, connection closed" :
					     "client gone");
	pthread_mutex_lock(&server->lock);
	server->connected--;
	done = !server->connected && server->served == (1u << server->count) - 1;
	pthread_mutex_unlock(&server->lock);
	if (done)
		wake(server->done);
}

static void serve_client(struct endpoint *endpoint, int fd)
{
	struct server *server = endpoint->server;
	struct vfu_conn conn = { .fd = fd, .stop = server->stop, .stopping = &server->stopping };
	struct vfu_request request = { .payload = endpoint->rx };
	struct vfu_reply reply = { .payload = endpoint->tx };
	struct vfu_session session;
	enum vfu_conn_status status;

	client_came(endpoint);
	vfu_session_init(&session, &endpoint->node->function, endpoint->node->guest, server->log);
	status = vfu_conn_serve(&conn, &session, &request, &reply);
	vfu_session_end(&session);
	close(fd);
	client_left(endpoint, status);
}

/* A new connection, or -1 when the server stops. */
static int next_client(struct endpoint *endpoint)
{
	struct pollfd fds[2] = {
		{ .fd = endpoint->listener, .events = POLLIN },
		{ .fd = endpoint->server->stop, .events = POLLIN },
	};

	for (;;) {
		int fd;

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return -1;
		if (fds[1].revents)
			return -1;
		fd = accept4(endpoint->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			return fd;
		/* The client gave up, or we are short of descriptors: no reason to end. */
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
			poll(&fds[1], 1, 100);
	}
}

static void *endpoint_main(void *arg)
{
	struct endpoint *endpoint = arg;
	int fd;

	while ((fd = next_client(endpoint)) >= 0)
		serve_client(endpoint, fd);
	return NULL;
}

/* What a GPU process that was killed left behind: a socket that refuses everybody. */
static bool socket_is_stale(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool stale;

	if (fd < 0)
		return false;
	stale = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) && errno == ECONNREFUSED;
	close(fd);
	return stale;
}

/* Only this user may connect, whatever the umask was. */
static int bind_private(int fd, const struct sockaddr_un *addr)
{
	mode_t mask = umask(077);
	int err = bind(fd, (const struct sockaddr *)addr, sizeof(*addr));

	umask(mask);
	return err;
}

static int listen_at(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err, failed;

	if (fd < 0)
		return -1;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	err = bind_private(fd, &addr);
	if (err && errno == EADDRINUSE && socket_is_stale(&addr)) {
		unlink(path);
		err = bind_private(fd, &addr);
	}
	if (!err && !listen(fd, 1))
		return fd;
	failed = errno;
	if (!err)
		unlink(path);
	close(fd);
	errno = failed;
	return -1;
}

static bool endpoint_open(struct endpoint *endpoint)
{
	snprintf(endpoint->path, sizeof(endpoint->path), "gpu%u.sock", endpoint->index);
	endpoint->rx = malloc(VFU_MAX_PAYLOAD_BYTES);
	endpoint->tx = malloc(VFU_MAX_PAYLOAD_BYTES);
	if (!endpoint->rx || !endpoint->tx)
		return false;
	endpoint->listener = listen_at(endpoint->path);
	return endpoint->listener >= 0;
}

static void endpoint_close(struct endpoint *endpoint)
{
	if (endpoint->listener >= 0) {
		close(endpoint->listener);
		unlink(endpoint->path);
	}
	free(endpoint->rx);
	free(endpoint->tx);
}

struct server *server_create(const char *dir, struct server_node *nodes, unsigned int count,
			     struct log *log)
{
	struct server *server = calloc(1, sizeof(*server) + count * sizeof(server->endpoint[0]));
	bool ok;
	int err;

	if (!server)
		return NULL;
	server->log = log;
	server->count = count;
	pthread_mutex_init(&server->lock, NULL);
	for (unsigned int i = 0; i < count; i++) {
		server->endpoint[i].server = server;
		server->endpoint[i].node = &nodes[i];
		server->endpoint[i].index = i;
		server->endpoint[i].listener = -1;
	}
	server->stop = eventfd(0, EFD_CLOEXEC);
	server->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ok = server->stop >= 0 && server->done >= 0 && !chdir(dir);
	for (unsigned int i = 0; ok && i < count; i++)
		ok = endpoint_open(&server->endpoint[i]);
	if (ok)
		return server;
	err = errno;
	server_destroy(server);
	errno = err;
	return NULL;
}

static void stop_threads(struct server *server)
{
	atomic_store(&server->stopping, true);
	wake(server->stop);
	for (unsigned int i = 0; i < server->count; i++) {
		if (server->endpoint[i].running)
			pthread_join(server->endpoint[i].thread, NULL);
		server->endpoint[i].running = false;
	}
}

int server_start(struct server *server)
{
	for (unsigned int i = 0; i < server->count; i++) {
		struct endpoint *endpoint = &server->endpoint[i];
		int err = pthread_create(&endpoint->thread, NULL, endpoint_main, endpoint);

		if (err) {
			stop_threads(server);
			return err;
		}
		endpoint->running = true;
	}
	return 0;
}

int server_done_fd(const struct server *server)
{
	return server->done;
}

void server_destroy(struct server *server)
{
	stop_threads(server);
	for (unsigned int i = 0; i < server->count; i++)
		endpoint_close(&server->endpoint[i]);
	if (server->stop >= 0)
		close(server->stop);
	if (server->done >= 0)
		close(server->done);
	pthread_mutex_destroy(&server->lock);
	free(server);
}
