/* SPDX-License-Identifier: MIT */
#ifndef GUEST_SMI_H
#define GUEST_SMI_H

#include "gpu.h"

/* Bit of an event in the mask that is written to an event file. */
#define SMI_BIT(name)	KFD_SMI_EVENT_MASK_FROM_INDEX(KFD_SMI_EVENT_##name)
#define SMI_MIGRATE	(SMI_BIT(MIGRATE_START) | SMI_BIT(MIGRATE_END))
#define SMI_FAULT	(SMI_BIT(PAGE_FAULT_START) | SMI_BIT(PAGE_FAULT_END))
#define SMI_QUEUES	(SMI_BIT(QUEUE_EVICTION) | SMI_BIT(QUEUE_RESTORE))
#define SMI_PROCESS	(SMI_BIT(PROCESS_START) | SMI_BIT(PROCESS_END))
/* What ROCr enables for its SVM profile. */
#define SMI_SVM		(SMI_MIGRATE | SMI_FAULT | SMI_QUEUES | SMI_BIT(UNMAP_FROM_GPU))

/**
 * struct smi_event - one line, taken apart by the formats of linux/kfd_ioctl.h
 * @start, @bytes: of the interval; of a fault @bytes is one page.
 * @how:           R or W, M or U, 0 or R, as the event has it.
 * @name:          of the task.
 */
struct smi_event {
	unsigned int id;
	long long ns;
	int pid;
	u64 start, bytes;
	u32 gpu, from, to, prefetch, preferred;
	int trigger, error;
	char how;
	char name[64];
};

#define SMI_ROOM 512

/** struct smi - an open event file and what was read from it last */
struct smi {
	int fd;
	size_t nr;
	struct smi_event event[SMI_ROOM];
};

/** smi_try_open() - descriptor or -errno */
int smi_try_open(int kfd, u32 gpu_id);
/** smi_open() - events of the first GPU, those of @mask enabled; fails the test on any error */
void smi_open(struct smi *smi, struct session *s, u64 mask);
void smi_enable(int fd, u64 mask);
void smi_close(struct smi *smi);
/** smi_read() - everything that is there; fails the test on a line that does not parse */
void smi_read(struct smi *smi);
/** smi_more() - as smi_read(), keeping what was read before */
void smi_more(struct smi *smi);
/** smi_parse() - one line with its new-line; false if it is none of the known ones */
bool smi_parse(const char *line, struct smi_event *event);

/** smi_count() - events @id of the last read that touch [addr, addr + bytes); all if @bytes is 0 */
size_t smi_count(const struct smi *smi, unsigned int id, const void *addr, u64 bytes);
/** smi_only() - the one event @id that touches the interval; fails the test if there is not exactly one */
const struct smi_event *smi_only(const struct smi *smi, unsigned int id, const void *addr, u64 bytes);
/** smi_bytes() - sum of the sizes of the events that smi_count() counts */
u64 smi_bytes(const struct smi *smi, unsigned int id, const void *addr, u64 bytes);
/** smi_dump() - print what was read, for failures */
void smi_dump(const struct smi *smi);

/** process_counter() - proc/<pid>/counters_<gpu_id>/@name of this process on the first GPU */
u64 process_counter(struct session *s, const char *name);

#endif
