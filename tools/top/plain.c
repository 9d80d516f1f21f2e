// SPDX-License-Identifier: MIT
/* For scripts: a line a thing, "name value" pairs behind its kind. */
#include "top.h"

#include <stdio.h>

#define LLU(value) ((unsigned long long)(value))

static void print_process(const struct sample *before, const struct sample *now,
			  const struct process_sample *p)
{
	const struct process_sample *old = sample_process(before, p);

	printf("process %d comm %s pasid %u xnack %s queues %u ram_pages %llu vram_pages %llu buffer_bytes %llu faults %llu page_in %llu page_out %llu evicted_ms %llu faults_s %.1f\n",
	       p->pid, p->comm, p->pasid, p->xnack ? "on" : "off", p->queues, LLU(p->ram),
	       LLU(p->vram), LLU(p->buffer_bytes), LLU(p->faults), LLU(p->page_in),
	       LLU(p->page_out), LLU(p->evicted_ms),
	       old ? sample_rate(before, now, old->faults, p->faults) : 0);
	for (size_t i = 0; i < p->nr_areas; i++) {
		const struct area *a = &p->areas[i];

		printf("area %d %llx-%llx by %s pages %llu ram %llu vram %llu mapped %llu\n", p->pid,
		       LLU(a->start), LLU(a->end), a->piece ? "attributes" : "faults",
		       LLU(a->pages), LLU(a->ram), LLU(a->vram), LLU(a->mapped));
	}
}

static void print_events(const struct sample *before, const struct sample *now)
{
	printf("faults_s");
	for (unsigned int i = 0; i < NR_FAULT_CAUSES; i++)
		printf(" %s %.1f", fault_names[i],
		       sample_rate(before, now, before->events.faults[i], now->events.faults[i]));
	printf("\nmigrations_s");
	for (unsigned int i = 0; i < NR_TRIGGERS; i++)
		printf(" %s %.1f", trigger_names[i],
		       sample_rate(before, now, before->events.moves[i], now->events.moves[i]));
	printf("\nmigrated_pages_s");
	for (unsigned int i = 0; i < NR_TRIGGERS; i++)
		printf(" %s %.1f", trigger_names[i],
		       sample_rate(before, now, before->events.moved_pages[i], now->events.moved_pages[i]));
	printf("\nlost_events %llu\n", LLU(now->events.lost));
}

void plain_print(const struct sample *before, const struct sample *now)
{
	printf("sample interval_s %.3f gpus %zu processes %zu\n",
	       (double)(now->ns - before->ns) / 1e9, now->nr_gpus, now->nr_processes);
	for (size_t i = 0; i < now->nr_gpus; i++) {
		const struct gpu_sample *g = &now->gpus[i], *old = sample_gpu(before, g->id);

		printf("gpu %u vram_total %llu vram_used %llu vram_svm %llu vram_tables %llu evictions %llu page_in %llu page_out %llu page_in_s %.1f page_out_s %.1f\n",
		       g->id, LLU(g->total), LLU(g->used), LLU(g->svm), LLU(g->tables),
		       LLU(g->evictions), LLU(g->page_in), LLU(g->page_out),
		       old ? sample_rate(before, now, old->page_in, g->page_in) : 0,
		       old ? sample_rate(before, now, old->page_out, g->page_out) : 0);
	}
	if (now->has_events && before->has_events)
		print_events(before, now);
	else
		printf("no_events tracefs is not accessible\n");
	for (size_t i = 0; i < now->nr_processes; i++)
		print_process(before, now, &now->processes[i]);
	fflush(stdout);
}
