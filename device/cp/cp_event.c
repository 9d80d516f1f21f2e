// SPDX-License-Identifier: MIT
/*
 * DOC: what compute queues tell the driver
 *
 * Reports of faults that can be served, at most one open for a page of a queue
 * and CP_REPORTS for a queue, and the one interrupt of a queue that stopped. A
 * report that finds no room in the interrupt line, or that --seed holds back,
 * waits in its queue. All under compute->lock; the ih lock is inside.
 */
#include <stdio.h>
#include "cp/shader.h"
#include "mmu/fault.h"

#define PAGE_MASK (~4095ULL)

struct ih_event cp_event(const struct compute *compute, const struct compute_queue *queue,
			 u8 source)
{
	struct ih_event event = {
		.client = VKFD_IH_CLIENT_CP,
		.source = source,
		.ctx = queue->ctx,
		.pasid = mmu_ctx_pasid(compute->config.mmu, queue->ctx),
		.data = { [2] = queue->number },
	};

	return event;
}

static void stop_for_good(struct compute *compute, struct compute_queue *queue,
			  const struct ih_event *event)
{
	queue->halted = true;
	cp_queue_count(compute, queue, false);
	atomic_store(&queue->stop, true);
	queue->error = *event;
	queue->error_pending = true;
	compute->pending++;
	pthread_cond_signal(&compute->wake);
}

static const char *error_name(enum vkfd_queue_error error)
{
	static const char *const names[] = { [VKFD_QERR_UNKNOWN_PACKET] = "unknown packet",
					     [VKFD_QERR_MALFORMED] = "malformed packet",
					     [VKFD_QERR_POINTER] = "bad ring pointer",
					     [VKFD_QERR_DISPATCH] = "impossible dispatch",
					     [VKFD_QERR_ILLEGAL] = "illegal instruction",
					     [VKFD_QERR_APERTURE] = "aperture violation",
					     [VKFD_QERR_TRAP] = "trap" };

	return error < sizeof(names) / sizeof(names[0]) && names[error] ? names[error] : "error";
}

void cp_log(struct compute *compute, const struct compute_queue *queue, const char *what)
{
	char line[160];

	snprintf(line, sizeof(line), "cp: queue %u of context %u: %s", queue->number, queue->ctx,
		 what);
	compute->config.log(compute->config.opaque, line);
}

void cp_halt(struct compute *compute, struct compute_queue *queue, const struct cp_error *error)
{
	struct ih_event event = cp_event(compute, queue, VKFD_IH_SRC_BAD_OPCODE);
	char line[96];

	if (queue->halted)
		return;
	event.data[0] = VKFD_BAD_OPCODE_DATA0(queue->doorbell, error->code);
	event.data[1] = error->info;
	event.data[3] = error->error;
	stop_for_good(compute, queue, &event);
	snprintf(line, sizeof(line), "stopped: %s, 0x%08x, exception code %u",
		 error_name(error->error), error->info, error->code);
	cp_log(compute, queue, line);
}

static struct fault_origin origin_of(struct compute *compute, const struct compute_queue *queue)
{
	return (struct fault_origin){ .ctx = queue->ctx,
				      .pasid = mmu_ctx_pasid(compute->config.mmu, queue->ctx),
				      .queue = queue->number,
				      .sequence = ++compute->sequence };
}

void cp_halt_fault(struct compute *compute, struct compute_queue *queue,
		   const struct mmu_fault *fault)
{
	struct fault_origin origin;
	struct ih_event event;

	if (queue->halted)
		return;
	origin = origin_of(compute, queue);
	event = fault_event(fault, &origin);
	stop_for_good(compute, queue, &event);
}

static struct cp_report *report_slot(struct compute_queue *queue, u64 page, bool *known)
{
	struct cp_report *free = NULL;

	*known = false;
	for (u32 i = 0; i < CP_REPORTS; i++) {
		struct cp_report *report = &queue->reports[i];

		if (report->open && report->page == page) {
			*known = true;
			return report;
		}
		if (!report->open && !free)
			free = report;
	}
	return free;
}

bool cp_report_retry(struct compute *compute, struct compute_queue *queue,
		     const struct mmu_fault *fault)
{
	u64 page = fault->va & PAGE_MASK;
	struct fault_origin origin;
	struct cp_report *report;
	bool known;

	report = report_slot(queue, page, &known);
	if (known) {
		counter_add(compute->config.counters, VKFD_STAT_FAULTS_MERGED, 1);
		return true;
	}
	if (!report)
		return false;
	origin = origin_of(compute, queue);
	*report = (struct cp_report){ .open = true,
				      .pending = true,
				      .delay = rng_below(&compute->rng, 4),
				      .page = page,
				      .event = fault_event(fault, &origin) };
	compute->pending++;
	pthread_cond_signal(&compute->wake);
	return true;
}

u32 cp_reports_free(const struct compute_queue *queue)
{
	u32 nr = 0;

	for (u32 i = 0; i < CP_REPORTS; i++)
		nr += !queue->reports[i].open;
	return nr;
}

static void report_close(struct compute *compute, struct cp_report *report)
{
	if (report->pending)
		compute->pending--;
	report->open = report->pending = false;
}

void cp_reports_settle(struct compute *compute, struct compute_queue *queue, u64 start, u64 end,
		       bool settle)
{
	for (u32 i = 0; i < CP_REPORTS; i++) {
		struct cp_report *report = &queue->reports[i];

		if (!report->open || report->page < start || report->page >= end)
			continue;
		/* Served before it was told: the replay decides anew. */
		if (settle || report->pending)
			report_close(compute, report);
	}
}

void cp_reports_drop(struct compute *compute, struct compute_queue *queue)
{
	cp_reports_settle(compute, queue, 0, ~0ULL, true);
	if (queue->error_pending)
		compute->pending--;
	queue->error_pending = false;
}

static bool post_report(struct compute *compute, struct cp_report *report)
{
	if (!ih_post(compute->config.ih, &report->event))
		return false;
	report->pending = false;
	compute->pending--;
	counter_add(compute->config.counters, VKFD_STAT_FAULTS_RETRY, 1);
	return true;
}

static void post_error(struct compute *compute, struct compute_queue *queue)
{
	bool fault = queue->error.client == VKFD_IH_CLIENT_UTCL2;

	if (!ih_post(compute->config.ih, &queue->error))
		return;
	queue->error_pending = false;
	compute->pending--;
	counter_add(compute->config.counters,
		    fault ? VKFD_STAT_FAULTS_NORETRY : VKFD_STAT_QUEUE_ERRORS, 1);
}

static void post_of_queue(struct compute *compute, struct compute_queue *queue, bool idle)
{
	for (u32 i = 0; i < CP_REPORTS; i++) {
		struct cp_report *report = &queue->reports[i];

		if (!report->pending)
			continue;
		if (report->delay && !idle)
			report->delay--;
		else if (!post_report(compute, report))
			return;
	}
	if (queue->error_pending)
		post_error(compute, queue);
}

bool cp_reports_post(struct compute *compute, bool idle)
{
	for (u32 i = 0; i < compute->nr_queues && compute->pending; i++)
		post_of_queue(compute, compute->list[i], idle);
	return compute->pending;
}
