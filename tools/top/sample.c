// SPDX-License-Identifier: MIT
/* One look at all GPUs and processes: sysfs and debugfs of the driver. */
#include "top.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SYSFS_PROC	"/sys/class/kfd/kfd/proc"
#define DEBUGFS_GPUS	"/sys/kernel/debug/vkfd"
#define DEBUGFS_PROC	"/sys/kernel/debug/kfd/proc"

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint64_t read_number(const char *path)
{
	unsigned long long value = 0;
	FILE *f = fopen(path, "re");

	if (f && fscanf(f, "%llu", &value) != 1)
		value = 0;
	if (f)
		fclose(f);
	return value;
}

/* The names that a directory shows, as numbers; each is passed to @fn. */
static void each_number(const char *dir, void (*fn)(struct sample *s, unsigned int nr), struct sample *s)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	char *end;

	while (d && (entry = readdir(d))) {
		unsigned long nr = strtoul(entry->d_name, &end, 10);

		if (end != entry->d_name && !*end)
			fn(s, (unsigned int)nr);
	}
	if (d)
		closedir(d);
}

static void add_gpu(struct sample *s, unsigned int id)
{
	struct gpu_sample *gpu = &s->gpus[s->nr_gpus];
	const struct {
		const char *name;
		uint64_t *value;
	} fields[] = {
		{ "total", &gpu->total }, { "used", &gpu->used }, { "svm", &gpu->svm },
		{ "tables", &gpu->tables }, { "evictions", &gpu->evictions },
		{ "page_in", &gpu->page_in }, { "page_out", &gpu->page_out },
	};
	unsigned long long value;
	char path[128], name[64];
	FILE *f;

	snprintf(path, sizeof(path), DEBUGFS_GPUS "/%u/vram", id);
	f = s->nr_gpus < MAX_GPUS ? fopen(path, "re") : NULL;
	if (!f)
		return;
	*gpu = (struct gpu_sample){ .id = id };
	while (fscanf(f, "%63s %llu", name, &value) == 2)
		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
			if (!strcmp(name, fields[i].name))
				*fields[i].value = value;
	fclose(f);
	s->nr_gpus++;
}

static unsigned int count_queues(int pid)
{
	char path[128], line[512];
	unsigned int nr = 0;
	FILE *f;

	snprintf(path, sizeof(path), DEBUGFS_PROC "/%d/queues", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		nr += !strncmp(line, "queue ", 6);
	if (f)
		fclose(f);
	return nr;
}

/* A counter of all GPUs: @format has the pid and the gpu_id. */
#define sum_gpus(s, pid, format) ({                                          \
	uint64_t sum_value = 0;                                              \
	for (size_t sum_i = 0; sum_i < (s)->nr_gpus; sum_i++) {              \
		char sum_path[160];                                          \
		snprintf(sum_path, sizeof(sum_path), SYSFS_PROC format, pid, \
			 (s)->gpus[sum_i].id);                               \
		sum_value += read_number(sum_path);                          \
	}                                                                    \
	sum_value;                                                           \
})

/* GPUs of a process stop together, so the longest stop is the process'. */
static uint64_t stopped_ms(const struct sample *s, int pid)
{
	uint64_t longest = 0;

	for (size_t i = 0; i < s->nr_gpus; i++) {
		char path[160];
		uint64_t ms;

		snprintf(path, sizeof(path), SYSFS_PROC "/%d/stats_%u/evicted_ms", pid, s->gpus[i].id);
		ms = read_number(path);
		longest = ms > longest ? ms : longest;
	}
	return longest;
}

static void read_comm(struct process_sample *p)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", p->pid);
	f = fopen(path, "re");
	if (!f || !fgets(p->comm, sizeof(p->comm), f))
		strcpy(p->comm, "?");
	p->comm[strcspn(p->comm, "\n")] = '\0';
	if (f)
		fclose(f);
}

static void add_process(struct sample *s, unsigned int pid)
{
	struct process_sample *more, *p;
	char path[128];

	more = realloc(s->processes, (s->nr_processes + 1) * sizeof(*more));
	if (!more)
		return;
	s->processes = more;
	p = &more[s->nr_processes++];
	*p = (struct process_sample){ .pid = (int)pid };
	snprintf(path, sizeof(path), SYSFS_PROC "/%u/pasid", pid);
	p->pasid = (unsigned int)read_number(path);
	read_comm(p);
	p->queues = count_queues(p->pid);
	p->buffer_bytes = sum_gpus(s, p->pid, "/%d/vram_%u");
	p->faults = sum_gpus(s, p->pid, "/%d/counters_%u/faults");
	p->page_in = sum_gpus(s, p->pid, "/%d/counters_%u/page_in");
	p->page_out = sum_gpus(s, p->pid, "/%d/counters_%u/page_out");
	p->evicted_ms = stopped_ms(s, p->pid);
	areas_read(p);
	for (size_t i = 0; i < p->nr_areas; i++) {
		p->ram += p->areas[i].ram;
		p->vram += p->areas[i].vram;
	}
}

static int by_pid(const void *a, const void *b)
{
	const struct process_sample *left = a, *right = b;

	return (left->pid > right->pid) - (left->pid < right->pid);
}

static int by_id(const void *a, const void *b)
{
	const struct gpu_sample *left = a, *right = b;

	return (left->id > right->id) - (left->id < right->id);
}

void sample_take(struct sample *s, const struct events *events)
{
	memset(s, 0, sizeof(*s));
	s->ns = now_ns();
	s->has_events = events;
	if (events)
		s->events = *events;
	each_number(DEBUGFS_GPUS, add_gpu, s);
	qsort(s->gpus, s->nr_gpus, sizeof(s->gpus[0]), by_id);
	each_number(SYSFS_PROC, add_process, s);
	if (s->nr_processes)
		qsort(s->processes, s->nr_processes, sizeof(s->processes[0]), by_pid);
}

void sample_free(struct sample *s)
{
	for (size_t i = 0; i < s->nr_processes; i++)
		free(s->processes[i].areas);
	free(s->processes);
	memset(s, 0, sizeof(*s));
}

const struct process_sample *sample_process(const struct sample *s, const struct process_sample *like)
{
	for (size_t i = 0; i < s->nr_processes; i++)
		if (s->processes[i].pid == like->pid && s->processes[i].pasid == like->pasid)
			return &s->processes[i];
	return NULL;
}

const struct gpu_sample *sample_gpu(const struct sample *s, unsigned int id)
{
	for (size_t i = 0; i < s->nr_gpus; i++)
		if (s->gpus[i].id == id)
			return &s->gpus[i];
	return NULL;
}

double sample_rate(const struct sample *before, const struct sample *now, uint64_t old, uint64_t new)
{
	double seconds = (double)(now->ns - before->ns) / 1e9;

	return seconds > 0 && new > old ? (double)(new - old) / seconds : 0;
}
