// SPDX-License-Identifier: MIT
/* A picture of memory and of what the driver holds, to compare with a later one. */
#include "svm_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "residency.h"

/* Buffers are freed by workers. */
#define SETTLE_MS 5000

/* One look at the file: all numbers are of one moment. */
void driver_use(struct driver_use *use)
{
	static const char *const names[] = { "used", "tables", "svm", "svm_bos", "sysmem_used" };
	u64 values[ARRAY_LEN(names)];

	driver_stats(0, "vram", names, values, ARRAY_LEN(names));
	*use = (struct driver_use){
		.vram = values[0] - values[1],
		.svm = values[2],
		.svm_bos = values[3],
		.sysmem = values[4],
	};
}

/* Less is what was still on its way to be freed at the time of @before. */
static bool use_is_back(const struct driver_use *before, struct driver_use *now)
{
	driver_use(now);
	return now->vram <= before->vram && now->svm <= before->svm &&
	       now->svm_bos <= before->svm_bos && now->sysmem <= before->sysmem;
}

void driver_use_back(const struct driver_use *before, const char *what)
{
	struct driver_use now;

	if (wait_until(use_is_back(before, &now), SETTLE_MS))
		return;
	fail_test("%s: left behind: VRAM %lld bytes (SVM %lld), SVM buffers %lld, system memory %lld",
		  what, (long long)(now.vram - before->vram), (long long)(now.svm - before->svm),
		  (long long)(now.svm_bos - before->svm_bos),
		  (long long)(now.sysmem - before->sysmem));
}

/* Without where the pages are: that is asked elsewhere. */
void svm_pieces(pid_t pid, char *text, size_t room)
{
	char path[64], line[512];
	size_t len = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/debug/kfd/proc/%d/svm_ranges", pid);
	f = fopen(path, "re");
	if (!f)
		fail_test("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		char *where = strstr(line, " ram=");

		if (strncmp(line, "attr ", 5) || !where)
			continue;
		*where = '\0';
		len += (size_t)snprintf(text + len, room - len, "%s\n", line);
		if (len >= room)
			fail_test("%s: too many pieces", path);
	}
	text[len] = '\0';
	fclose(f);
}

static void answers_take(int kfd, u32 gpu_id, const char *addr, size_t bytes, u32 answers[6])
{
	struct kfd_ioctl_svm_attribute attr[6] = {
		{ KFD_IOCTL_SVM_ATTR_PREFERRED_LOC, 0 }, { KFD_IOCTL_SVM_ATTR_PREFETCH_LOC, 0 },
		{ KFD_IOCTL_SVM_ATTR_SET_FLAGS, 0 },	 { KFD_IOCTL_SVM_ATTR_CLR_FLAGS, 0 },
		{ KFD_IOCTL_SVM_ATTR_GRANULARITY, 0 },	 { KFD_IOCTL_SVM_ATTR_ACCESS, gpu_id },
	};

	assert_ok(kfd_svm(kfd, KFD_IOCTL_SVM_OP_GET_ATTR, addr, bytes, attr, 6));
	for (int i = 0; i < 5; i++)
		answers[i] = attr[i].value;
	answers[5] = attr[5].type;
}

void svm_state_take(int kfd, u32 gpu_id, const char *addr, size_t bytes, struct svm_state *state)
{
	size_t part = bytes / SVM_STATE_PARTS;

	memset(state, 0, sizeof(*state));
	svm_pieces(getpid(), state->pieces, sizeof(state->pieces));
	for (size_t i = 0; i < SVM_STATE_PARTS; i++)
		answers_take(kfd, gpu_id, addr + i * part, part, state->answers[i]);
	residency_letters(addr, bytes / PAGE, state->where);
	driver_use(&state->use);
}

/* Each page is where it was, or where @moved has it. */
static bool where_same(const struct svm_state *before, const struct svm_state *moved, const char *now)
{
	for (size_t i = 0; now[i]; i++)
		if (now[i] != before->where[i] && (!moved || now[i] != moved->where[i]))
			return false;
	return true;
}

void svm_state_same_but(int kfd, u32 gpu_id, const char *addr, size_t bytes,
			const struct svm_state *before, const struct svm_state *moved, const char *what)
{
	struct svm_state now;

	svm_state_take(kfd, gpu_id, addr, bytes, &now);
	if (strcmp(before->pieces, now.pieces))
		fail_test("%s: the attributes were\n%sand are now\n%s", what, before->pieces, now.pieces);
	for (size_t i = 0; i < SVM_STATE_PARTS; i++)
		if (memcmp(before->answers[i], now.answers[i], sizeof(now.answers[i])))
			fail_test("%s: GET_ATTR says something else of quarter %zu", what, i);
	if (!where_same(before, moved, now.where))
		fail_test("%s: pages were %s and are now %s", what, before->where, now.where);
}

void svm_state_same(int kfd, u32 gpu_id, const char *addr, size_t bytes,
		    const struct svm_state *before, const char *what)
{
	svm_state_same_but(kfd, gpu_id, addr, bytes, before, NULL, what);
}
