// SPDX-License-Identifier: MIT
/* SMI events: opening, reading, and taking lines apart by the ABI's own formats. */
#include "smi.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int smi_try_open(int kfd, u32 gpu_id)
{
	struct kfd_ioctl_smi_events_args args = { .gpuid = gpu_id };
	int err = kfd_ioctl(kfd, AMDKFD_IOC_SMI_EVENTS, &args);

	return err ? err : (int)args.anon_fd;
}

void smi_enable(int fd, u64 mask)
{
	assert_int_equal(write(fd, &mask, sizeof(mask)), sizeof(mask));
}

void smi_open(struct smi *smi, struct session *s, u64 mask)
{
	smi->nr = 0;
	smi->fd = smi_try_open(s->kfd, s->gpu[0].gpu_id);
	if (smi->fd < 0)
		fail_test("SMI_EVENTS: %s", strerror_neg(smi->fd));
	smi_enable(smi->fd, mask);
}

void smi_close(struct smi *smi)
{
	close(smi->fd);
	smi->fd = -1;
}

/* Scans the line behind its number; the count of conversions that must succeed follows. */
static bool scan(const char *text, struct smi_event *e)
{
	unsigned long start = 0, bytes = 1;
	bool ok = false;

	switch (e->id) {
	case KFD_SMI_EVENT_MIGRATE_START:
		ok = sscanf(text, KFD_EVENT_FMT_MIGRATE_START(&e->ns, &e->pid, &start, &bytes,
			    &e->from, &e->to, &e->prefetch, &e->preferred, &e->trigger)) == 9;
		break;
	case KFD_SMI_EVENT_MIGRATE_END:
		ok = sscanf(text, KFD_EVENT_FMT_MIGRATE_END(&e->ns, &e->pid, &start, &bytes,
			    &e->from, &e->to, &e->trigger, &e->error)) == 8;
		break;
	case KFD_SMI_EVENT_PAGE_FAULT_START:
		ok = sscanf(text, KFD_EVENT_FMT_PAGEFAULT_START(&e->ns, &e->pid, &start, &e->gpu,
			    &e->how)) == 5 && (e->how == 'R' || e->how == 'W');
		break;
	case KFD_SMI_EVENT_PAGE_FAULT_END:
		ok = sscanf(text, KFD_EVENT_FMT_PAGEFAULT_END(&e->ns, &e->pid, &start, &e->gpu,
			    &e->how)) == 5 && (e->how == 'M' || e->how == 'U');
		break;
	case KFD_SMI_EVENT_QUEUE_EVICTION:
		ok = sscanf(text, KFD_EVENT_FMT_QUEUE_EVICTION(&e->ns, &e->pid, &e->gpu,
			    &e->trigger)) == 4;
		break;
	case KFD_SMI_EVENT_QUEUE_RESTORE:
		ok = sscanf(text, KFD_EVENT_FMT_QUEUE_RESTORE(&e->ns, &e->pid, &e->gpu,
			    &e->how)) == 4 && (e->how == '0' || e->how == 'R');
		break;
	case KFD_SMI_EVENT_UNMAP_FROM_GPU:
		ok = sscanf(text, KFD_EVENT_FMT_UNMAP_FROM_GPU(&e->ns, &e->pid, &start, &bytes,
			    &e->gpu, &e->trigger)) == 6;
		break;
	case KFD_SMI_EVENT_VMFAULT:
		ok = sscanf(text, KFD_EVENT_FMT_VMFAULT(&e->pid, e->name)) == 2;
		break;
	case KFD_SMI_EVENT_PROCESS_START:
	case KFD_SMI_EVENT_PROCESS_END:
		ok = sscanf(text, KFD_EVENT_FMT_PROCESS(&e->pid, e->name)) == 2;
		break;
	case KFD_SMI_EVENT_GPU_PRE_RESET:
		ok = sscanf(text, KFD_EVENT_FMT_UPDATE_GPU_RESET(&e->trigger, e->name)) == 2;
		break;
	case KFD_SMI_EVENT_GPU_POST_RESET:
		/* The reason is empty. */
		ok = sscanf(text, KFD_EVENT_FMT_UPDATE_GPU_RESET(&e->trigger, e->name)) == 1;
		break;
	}
	e->start = start * PAGE;
	e->bytes = bytes * PAGE;
	return ok;
}

bool smi_parse(const char *line, struct smi_event *event)
{
	int at = 0;

	memset(event, 0, sizeof(*event));
	if (strlen(line) > KFD_SMI_EVENT_MSG_SIZE || line[strlen(line) - 1] != '\n' ||
	    sscanf(line, "%x %n", &event->id, &at) != 1)
		return false;
	return scan(line + at, event);
}

void smi_more(struct smi *smi)
{
	static char text[65536];
	size_t len = 0;
	ssize_t got;

	while ((got = read(smi->fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)got;
	if (errno != EAGAIN)
		fail_test("reading events: %s", strerror(errno));
	text[len] = '\0';
	for (char *line = text, *end; *line; line = end) {
		char one[256] = "";

		end = strchr(line, '\n');
		if (!end || end - line > 200 || smi->nr == SMI_ROOM)
			fail_test("unexpected text: %.80s", line);
		end++;
		memcpy(one, line, (size_t)(end - line));
		if (!smi_parse(one, &smi->event[smi->nr]))
			fail_test("this line does not parse: %s", one);
		smi->nr++;
	}
}

void smi_read(struct smi *smi)
{
	smi->nr = 0;
	smi_more(smi);
}

static bool touches(const struct smi_event *e, unsigned int id, const void *addr, u64 bytes)
{
	u64 start = (u64)(uintptr_t)addr;

	return e->id == id && (!bytes || (e->start < start + bytes && e->start + e->bytes > start));
}

size_t smi_count(const struct smi *smi, unsigned int id, const void *addr, u64 bytes)
{
	size_t nr = 0;

	for (size_t i = 0; i < smi->nr; i++)
		nr += touches(&smi->event[i], id, addr, bytes);
	return nr;
}

u64 smi_bytes(const struct smi *smi, unsigned int id, const void *addr, u64 bytes)
{
	u64 sum = 0;

	for (size_t i = 0; i < smi->nr; i++)
		if (touches(&smi->event[i], id, addr, bytes))
			sum += smi->event[i].bytes;
	return sum;
}

void smi_dump(const struct smi *smi)
{
	for (size_t i = 0; i < smi->nr; i++) {
		const struct smi_event *e = &smi->event[i];

		printf("event %u pid %d [%llx, +%llx) gpu %x from %x to %x trigger %d error %d '%c'\n",
		       e->id, e->pid, (unsigned long long)e->start, (unsigned long long)e->bytes,
		       e->gpu, e->from, e->to, e->trigger, e->error, e->how ? e->how : '-');
	}
}

const struct smi_event *smi_only(const struct smi *smi, unsigned int id, const void *addr, u64 bytes)
{
	const struct smi_event *found = NULL;
	size_t nr = smi_count(smi, id, addr, bytes);

	for (size_t i = 0; i < smi->nr && !found; i++)
		if (touches(&smi->event[i], id, addr, bytes))
			found = &smi->event[i];
	if (nr != 1) {
		smi_dump(smi);
		fail_test("%zu events %u at %p, expected one", nr, id, addr);
	}
	return found;
}

u64 process_counter(struct session *s, const char *name)
{
	unsigned long long value;
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/devices/virtual/kfd/kfd/proc/%d/counters_%u/%s",
		 getpid(), s->gpu[0].gpu_id, name);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%llu", &value) != 1)
		fail_test("%s: %s", path, strerror(errno));
	fclose(f);
	return value;
}
