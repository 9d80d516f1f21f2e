/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_SERVER_SERVER_H
#define VKFD_DEVICE_SERVER_SERVER_H

#include "pci/bar.h"

/*
 * One Unix socket and one thread a GPU. A socket serves one client at a time
 * and listens again when it has gone. Sockets are made and listening before
 * the process confines itself; threads start after.
 */
struct server;

/* A GPU as the server sees it; the owner keeps it until server_destroy(). */
struct server_node {
	struct pci_function function;
	struct guest_mem *guest;
};

/**
 * server_create() - Listen on DIR/gpu0.sock, DIR/gpu1.sock, ...
 * @dir:   Existing directory. It becomes the working directory, so that a long
 *	   path does not exceed what a socket address can hold.
 * @nodes: One entry a GPU.
 * @count: Number of GPUs.
 * @log:   Borrowed, may be NULL.
 *
 * Return: the server, or NULL with errno set and nothing left behind.
 */
struct server *server_create(const char *dir, struct server_node *nodes, unsigned int count,
			     struct log *log);

/* Starts the threads. 0 or a positive errno, and then none runs. */
int server_start(struct server *server);

/*
 * Becomes readable when every GPU has had a client and all have gone. A
 * descriptor of the server's own: do not read or close it.
 */
int server_done_fd(const struct server *server);

/* Ends all conversations and threads, then removes the sockets. */
void server_destroy(struct server *server);

#endif
