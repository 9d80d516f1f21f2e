/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_SERVER_CONN_H
#define VKFD_DEVICE_SERVER_CONN_H

#include <stdatomic.h>
#include "server/session.h"

/*
 * A stream socket that carries vfio-user messages and descriptors. Waiting
 * ends early when the stop descriptor becomes readable; a client that never
 * stops talking is cut off between two messages.
 */
struct vfu_conn {
	int fd;			     /* owned by the caller */
	int stop;		     /* borrowed; wakes a wait */
	const atomic_bool *stopping; /* borrowed; set before stop, read between messages */
};

enum vfu_conn_status {
	VFU_CONN_OK,
	VFU_CONN_CLOSED, /* by the client, or we are to stop */
	VFU_CONN_BROKEN, /* not a message: the stream cannot be trusted any more */
};

/*
 * One message into request->payload, which has VFU_MAX_PAYLOAD_BYTES of room.
 * Whatever the result, request->fd[] holds what was received.
 */
enum vfu_conn_status vfu_conn_receive(const struct vfu_conn *conn, struct vfu_request *request);
void vfu_request_close_fds(struct vfu_request *request);

/* The answer to @request: @err is 0 or a positive errno. */
enum vfu_conn_status vfu_conn_reply(const struct vfu_conn *conn, const struct vfu_request *request,
				    const struct vfu_reply *reply, int err);

/* Handles messages until the connection ends. @request and @reply lend their payload buffers. */
enum vfu_conn_status vfu_conn_serve(const struct vfu_conn *conn, struct vfu_session *session,
				    struct vfu_request *request, struct vfu_reply *reply);

#endif
