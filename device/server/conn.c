// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "server/conn.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

struct fd_control {
	_Alignas(struct cmsghdr) char bytes[CMSG_SPACE(VFU_MAX_FDS * sizeof(int))];
};

/* False when we are to stop. */
static bool wait_for(const struct vfu_conn *conn, short events)
{
	struct pollfd fds[2] = {
		{ .fd = conn->fd, .events = events },
		{ .fd = conn->stop, .events = POLLIN },
	};

	while (poll(fds, 2, -1) < 0) {
		if (errno != EINTR)
			return false;
	}
	return !fds[1].revents;
}

/* Adds the descriptors of one receive call. False: more than a message may carry. */
static bool take_fds(struct vfu_request *request, struct msghdr *msg)
{
	bool fit = !(msg->msg_flags & MSG_CTRUNC);

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t count;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (request->fds < VFU_MAX_FDS) {
				request->fd[request->fds++] = fd;
			} else {
				close(fd);
				fit = false;
			}
		}
	}
	return fit;
}

static enum vfu_conn_status receive_bytes(const struct vfu_conn *conn, struct vfu_request *request,
					  void *dst, size_t len)
{
	u8 *at = dst;

	while (len) {
		struct fd_control control;
		struct iovec iov = { .iov_base = at, .iov_len = len };
		struct msghdr msg = {
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control.bytes,
			.msg_controllen = sizeof(control.bytes),
		};
		ssize_t got = recvmsg(conn->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

		if (got > 0) {
			if (!take_fds(request, &msg))
				return VFU_CONN_BROKEN;
			at += got;
			len -= (size_t)got;
		} else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
			/* In the middle of a message this is the same loss. */
			return VFU_CONN_CLOSED;
		} else if (!wait_for(conn, POLLIN)) {
			return VFU_CONN_CLOSED;
		}
	}
	return VFU_CONN_OK;
}

enum vfu_conn_status vfu_conn_receive(const struct vfu_conn *conn, struct vfu_request *request)
{
	struct vfu_header *header = &request->header;
	enum vfu_conn_status status;

	request->fds = 0;
	request->len = 0;
	status = receive_bytes(conn, request, header, sizeof(*header));
	if (status != VFU_CONN_OK)
		return status;
	if (header->size < sizeof(*header) || header->size - sizeof(*header) > VFU_MAX_PAYLOAD_BYTES)
		return VFU_CONN_BROKEN;
	request->len = header->size - sizeof(*header);
	return receive_bytes(conn, request, request->payload, request->len);
}

void vfu_request_close_fds(struct vfu_request *request)
{
	for (unsigned int i = 0; i < request->fds; i++) {
		if (request->fd[i] >= 0)
			close(request->fd[i]);
	}
	request->fds = 0;
}

static void attach_fd(struct msghdr *msg, struct fd_control *control, int fd)
{
	struct cmsghdr *c;

	msg->msg_control = control->bytes;
	msg->msg_controllen = CMSG_SPACE(sizeof(fd));
	c = CMSG_FIRSTHDR(msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
}

/* Drops @sent bytes from the front. */
static void advance(struct msghdr *msg, size_t sent)
{
	while (msg->msg_iovlen && sent >= msg->msg_iov->iov_len) {
		sent -= msg->msg_iov->iov_len;
		msg->msg_iov++;
		msg->msg_iovlen--;
	}
	if (msg->msg_iovlen) {
		msg->msg_iov->iov_base = (u8 *)msg->msg_iov->iov_base + sent;
		msg->msg_iov->iov_len -= sent;
	}
}

static enum vfu_conn_status send_all(const struct vfu_conn *conn, struct msghdr *msg)
{
	while (msg->msg_iovlen) {
		ssize_t sent = sendmsg(conn->fd, msg, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent >= 0) {
			/* Descriptors travel with the first byte. */
			msg->msg_control = NULL;
			msg->msg_controllen = 0;
			advance(msg, (size_t)sent);
		} else if (errno != EAGAIN && errno != EINTR) {
			return VFU_CONN_CLOSED;
		} else if (!wait_for(conn, POLLOUT)) {
			return VFU_CONN_CLOSED;
		}
	}
	return VFU_CONN_OK;
}

enum vfu_conn_status vfu_conn_reply(const struct vfu_conn *conn, const struct vfu_request *request,
				    const struct vfu_reply *reply, int err)
{
	struct vfu_header header = {
		.id = request->header.id,
		.command = request->header.command,
		.flags = VFU_TYPE_REPLY | (err ? VFU_FLAG_ERROR : 0),
		.error = (u32)err,
	};
	size_t len = err ? 0 : reply->len;
	struct iovec iov[2] = {
		{ .iov_base = &header, .iov_len = sizeof(header) },
		{ .iov_base = reply->payload, .iov_len = len },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = len ? 2 : 1 };
	struct fd_control control;

	header.size = (u32)(sizeof(header) + len);
	if (!err && reply->fd >= 0) {
		memset(&control, 0, sizeof(control));
		attach_fd(&msg, &control, reply->fd);
	}
	return send_all(conn, &msg);
}

enum vfu_conn_status vfu_conn_serve(const struct vfu_conn *conn, struct vfu_session *session,
				    struct vfu_request *request, struct vfu_reply *reply)
{
	enum vfu_conn_status status;

	do {
		int err;

		status = vfu_conn_receive(conn, request);
		if (status != VFU_CONN_OK) {
			vfu_request_close_fds(request);
			break;
		}
		err = vfu_session_handle(session, request, reply);
		vfu_request_close_fds(request);
		if (err < 0)
			return VFU_CONN_BROKEN;
		if (!(request->header.flags & VFU_FLAG_NO_REPLY))
			status = vfu_conn_reply(conn, request, reply, err);
	} while (status == VFU_CONN_OK && !atomic_load(conn->stopping));
	return status;
}
