/* SPDX-License-Identifier: MIT */
#ifndef VKFD_DEVICE_CP_AQL_SIGNAL_H
#define VKFD_DEVICE_CP_AQL_SIGNAL_H

#include <stdbool.h>
#include "vkfd_hw/types.h"

/* A signal being completed or set. Latched: a replay goes on at @stage. */
struct aql_signal {
	u64 addr;	/* 0: none */
	u8 stage;
	bool set;	/* to @value, instead of one less */
	bool profile;	/* time stamps before the value */
	bool delayed;
	u64 value;
	u64 start_ts, end_ts;
	u64 mailbox;
	u32 event_id;
};

#endif
