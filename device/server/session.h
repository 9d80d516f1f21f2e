/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_SERVER_SESSION_H
#define VKFD_DEVICE_SERVER_SESSION_H

#include "pci/bar.h"
#include "server/protocol.h"
#include "server/version.h"

/*
 * One client's conversation with one GPU: what every command does. No sockets
 * here: a request comes in whole, an answer goes out whole.
 */
struct vfu_session {
	struct pci_function *function; /* borrowed */
	struct guest_mem *guest;       /* borrowed */
	struct log *log;	       /* borrowed, may be NULL */
	struct vfu_limits limits;
	bool negotiated;
};

struct vfu_request {
	struct vfu_header header;
	u8 *payload; /* header.size - sizeof(header) bytes */
	size_t len;
	int fd[VFU_MAX_FDS]; /* a handler that keeps one puts -1 here */
	unsigned int fds;
};

struct vfu_reply {
	u8 *payload; /* VFU_MAX_PAYLOAD_BYTES of room */
	size_t len;
	int fd; /* -1: none; stays the device's */
};

void vfu_session_init(struct vfu_session *session, struct pci_function *function,
		      struct guest_mem *guest, struct log *log);

/*
 * The client is gone: engines stop, guest memory and eventfds are let go,
 * configuration space is as at power on.
 */
void vfu_session_end(struct vfu_session *session);

/**
 * vfu_session_handle() - Carry out one command
 * @session: The conversation.
 * @request: What came; descriptors not taken are still the caller's.
 * @reply:   Filled when 0 is returned.
 *
 * Return: 0, a positive errno for an error reply, or -1 if the client broke
 * the protocol so that the connection must be closed.
 */
int vfu_session_handle(struct vfu_session *session, struct vfu_request *request,
		       struct vfu_reply *reply);

#endif
