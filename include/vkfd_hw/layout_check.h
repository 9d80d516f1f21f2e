/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_HW_LAYOUT_CHECK_H
#define VKFD_HW_LAYOUT_CHECK_H

#include "addr.h"
#include "aql.h"
#include "doorbell.h"
#include "ih.h"
#include "kiq.h"
#include "pci.h"
#include "pm4.h"
#include "pte.h"
#include "regs.h"
#include "sdma.h"

/* Included once by each side: the layouts both sides must agree on. */
static_assert(sizeof(struct vkfd_ih_entry) == VKFD_IH_ENTRY_BYTES, "IH entry is 8 dwords");
static_assert(offsetof(struct vkfd_ih_entry, data) == 16, "IH source data");
static_assert(sizeof(struct vkfd_kiq_cmd) == VKFD_KIQ_CMD_BYTES, "KIQ command is 128 bytes");
static_assert(offsetof(struct vkfd_kiq_cmd, queue) == 8, "KIQ payload");
static_assert(offsetof(struct vkfd_kiq_queue, ring) == 32, "KIQ queue pointers");
static_assert(sizeof(struct vkfd_kiq_queue) == 88, "KIQ queue payload");
static_assert(sizeof(struct vkfd_kiq_trap) == 24, "KIQ trap handler payload");
static_assert(offsetof(struct vkfd_kiq_ack, status) == 8, "KIQ ack status");
static_assert(sizeof(struct vkfd_aql_dispatch) == VKFD_AQL_PACKET_BYTES, "AQL dispatch");
static_assert(offsetof(struct vkfd_aql_dispatch, kernel) == 32, "AQL kernel object");
static_assert(sizeof(struct vkfd_aql_barrier) == VKFD_AQL_PACKET_BYTES, "AQL barrier");
static_assert(sizeof(struct vkfd_aql_pm4_ib) == VKFD_AQL_PACKET_BYTES, "AQL PM4 IB");
static_assert(sizeof(struct vkfd_aql_barrier_value) == VKFD_AQL_PACKET_BYTES, "AQL barrier value");
static_assert(offsetof(struct vkfd_aql_barrier_value, condition) == 32, "AQL barrier value");
static_assert(sizeof(struct vkfd_amd_signal) == 64, "AMD signal");
static_assert(offsetof(struct vkfd_amd_signal, event_id) == 24, "AMD signal event");
static_assert(sizeof(struct vkfd_kernel_descriptor) == 64, "kernel descriptor");
static_assert(offsetof(struct vkfd_kernel_descriptor, rsrc3) == 44, "kernel descriptor");
static_assert(VKFD_DOORBELL_FRAMES == VKFD_MAX_CONTEXTS, "a doorbell frame for each context");
static_assert(VKFD_MAX_GPUS * BIT_ULL(VKFD_HIVE_NODE_SHIFT) <= VKFD_HIVE_LIMIT,
	      "hive address room");

#endif
