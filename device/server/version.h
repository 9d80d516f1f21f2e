/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_SERVER_VERSION_H
#define VKFD_DEVICE_SERVER_VERSION_H

#include <stdbool.h>
#include <stddef.h>
#include "server/protocol.h"

/* Result of the negotiation that the rest of a session must respect. */
struct vfu_limits {
	u64 client_max_fds; /* descriptors the client takes in one message */
	bool write_multi;
};

/**
 * vfu_negotiate() - Answer a VERSION message
 * @request: Payload as received.
 * @len:     Its length.
 * @reply:   Payload to send, @room bytes at most.
 * @room:    Size of @reply.
 * @limits:  Filled on success.
 *
 * Offers only what the client proposed, with our values. Unknown capabilities
 * are left out of the answer, which declines them.
 *
 * Return: length of the reply, or 0 if there is no common version or the
 * proposal is malformed: the connection must be closed.
 */
size_t vfu_negotiate(const u8 *request, size_t len, u8 *reply, size_t room, struct vfu_limits *limits);

#endif
