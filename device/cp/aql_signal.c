// SPDX-License-Identifier: MIT
/*
 * DOC: signals
 *
 * Order: time stamps, value, mailbox, interrupt; each stage is one side effect,
 * done once. Mailbox and event id are read first: once the value has changed,
 * its owner may free the signal.
 */
#include "cp/shader.h"
#include "vkfd_hw/aql.h"

#define FIELD(name) offsetof(struct vkfd_amd_signal, name)

enum stage { READ_MAILBOX, STAMP_START, STAMP_END, CHANGE, MAIL, INTERRUPT, FINISHED };

static bool read_mailbox(struct cp_run *run, struct aql_signal *signal)
{
	u64 event_id;

	if (!mmu_load(&run->access, signal->addr + FIELD(mailbox), &signal->mailbox, 8) ||
	    !mmu_load(&run->access, signal->addr + FIELD(event_id), &event_id, 4))
		return false;
	signal->event_id = (u32)event_id;
	return true;
}

static bool change(struct cp_run *run, const struct aql_signal *signal)
{
	const u32 add64 = 47;
	struct mem_atomic less = { .op = add64, .src = ~0ULL };
	u64 addr = signal->addr + FIELD(value);

	if (signal->set)
		return mmu_store(&run->access, addr, signal->value, 8);
	return mmu_atomic(&run->access, addr, &less, 8);
}

static enum cp_step interrupt(struct cp_run *run, const struct aql_signal *signal)
{
	struct ih_event event = cp_event(run->compute, run->queue, VKFD_IH_SRC_CP_EOP);

	event.data[0] = signal->event_id;
	return ih_post(run->compute->config.ih, &event) ? CP_DONE : CP_WAIT;
}

static enum cp_step stage_run(struct cp_run *run, struct aql_signal *signal)
{
	bool ok = true;

	switch (signal->stage) {
	case READ_MAILBOX:
		ok = read_mailbox(run, signal);
		break;
	case STAMP_START:
		ok = !signal->profile || mmu_store(&run->access, signal->addr + FIELD(start_ts),
						   signal->start_ts, 8);
		break;
	case STAMP_END:
		ok = !signal->profile ||
		     mmu_store(&run->access, signal->addr + FIELD(end_ts), signal->end_ts, 8);
		break;
	case CHANGE:
		ok = change(run, signal);
		break;
	case MAIL:
		ok = !signal->mailbox ||
		     mmu_store(&run->access, signal->mailbox, signal->event_id, 8);
		break;
	case INTERRUPT:
		return signal->mailbox ? interrupt(run, signal) : CP_DONE;
	default:
		break;
	}
	return ok ? CP_DONE : CP_FAULT;
}

enum cp_step aql_signal_run(struct cp_run *run, struct aql_signal *signal)
{
	if (!signal->addr)
		return CP_DONE;
	if (cp_delay(run, &signal->delayed))
		return CP_YIELD;
	for (; signal->stage < FINISHED; signal->stage++) {
		enum cp_step step = stage_run(run, signal);

		if (step != CP_DONE)
			return step;
	}
	return CP_DONE;
}
