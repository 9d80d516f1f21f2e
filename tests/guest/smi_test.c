// SPDX-License-Identifier: MIT
/*
 * SMI events: every kind provoked on purpose, told with the right numbers, as
 * often as the driver's and the device's own counters say.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "life.h"
#include "mm.h"
#include "residency.h"
#include "sdma.h"
#include "smi.h"
#include "trace.h"

static struct smi smi;

static char *filled(struct session *s, size_t bytes, bool huge)
{
	char *p = mm_map_kind(bytes, huge);

	memset(p, 0x5a, bytes);
	gpu_access(s, p, bytes);
	return p;
}

static u64 boot_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (u64)ts.tv_sec * 1000000000 + (u64)ts.tv_nsec;
}

/* What the GPU's engines copied so far. No queue runs in tests that ask. */
static u64 copied(void)
{
	return device_stat(0, VKFD_STAT_SDMA_BYTES_READ);
}

/* Exactly one migration of exactly [addr, addr + bytes), begun and ended without error. */
static const struct smi_event *assert_migrated(struct session *s, const void *addr, u64 bytes,
					       bool to_vram, int trigger)
{
	const struct smi_event *a = smi_only(&smi, KFD_SMI_EVENT_MIGRATE_START, addr, bytes);
	const struct smi_event *b = smi_only(&smi, KFD_SMI_EVENT_MIGRATE_END, addr, bytes);
	u32 gpu = s->gpu[0].gpu_id;

	for (const struct smi_event *e = a; e; e = e == a ? b : NULL) {
		assert_int_equal(e->pid, getpid());
		assert_int_equal(e->start, (u64)(uintptr_t)addr);
		assert_int_equal(e->bytes, bytes);
		assert_int_equal(e->from, to_vram ? 0 : gpu);
		assert_int_equal(e->to, to_vram ? gpu : 0);
		assert_int_equal(e->trigger, trigger);
	}
	assert_true(a < b && a->ns <= b->ns && (u64)b->ns <= boot_ns());
	assert_int_equal(b->error, 0);
	return a;
}

static void prefetch_is_one_migration_each_way(int mode)
{
	const size_t bytes = 4 * HUGE_BYTES + 7 * PAGE;
	const struct smi_event *e;
	struct session s;
	u64 in, out, moved;
	char *p;

	session_start(&s, mode & XNACK);
	p = filled(&s, bytes, mode & HUGE);
	in = process_counter(&s, "page_in");
	out = process_counter(&s, "page_out");
	moved = copied();
	smi_open(&smi, &s, SMI_MIGRATE);

	assert_ok(gpu_prefetch(&s, p, bytes, true));
	smi_read(&smi);
	e = assert_migrated(&s, p, bytes, true, KFD_MIGRATE_TRIGGER_PREFETCH);
	assert_int_equal(e->prefetch, s.gpu[0].gpu_id);
	assert_int_equal(e->preferred, SVM_UNDEFINED);
	assert_int_equal(process_counter(&s, "page_in") - in, bytes / PAGE);
	assert_int_equal(copied() - moved, bytes);

	/* Nothing to move, nothing to tell. */
	assert_ok(gpu_prefetch(&s, p, bytes, true));
	smi_read(&smi);
	assert_int_equal(smi.nr, 0);
	assert_int_equal(copied() - moved, bytes);

	assert_ok(svm_set(s.kfd, p, bytes, { KFD_IOCTL_SVM_ATTR_PREFERRED_LOC, s.gpu[0].gpu_id },
			  { KFD_IOCTL_SVM_ATTR_PREFETCH_LOC, 0 }));
	smi_read(&smi);
	e = assert_migrated(&s, p, bytes, false, KFD_MIGRATE_TRIGGER_PREFETCH);
	assert_int_equal(e->prefetch, 0);
	assert_int_equal(e->preferred, s.gpu[0].gpu_id);
	assert_int_equal(process_counter(&s, "page_out") - out, bytes / PAGE);
	assert_int_equal(copied() - moved, 2 * bytes);
}

static void prefetch_over_two_vmas_is_two_migrations(int xnack)
{
	const size_t half = HUGE_BYTES;
	struct session s;
	char *p;

	session_start(&s, xnack);
	p = filled(&s, 2 * half, false);
	mm_protect(p + half, half, PROT_READ);
	gpu_access(&s, p, 2 * half);
	smi_open(&smi, &s, SMI_MIGRATE);
	assert_ok(gpu_prefetch(&s, p, 2 * half, true));
	smi_read(&smi);
	assert_migrated(&s, p, half, true, KFD_MIGRATE_TRIGGER_PREFETCH);
	assert_migrated(&s, p + half, half, true, KFD_MIGRATE_TRIGGER_PREFETCH);
	assert_int_equal(smi.nr, 4);
}

static void cpu_touch_is_a_migration_by_cpu_fault(int mode)
{
	const size_t bytes = 4 * HUGE_BYTES;
	struct session s;
	u64 out, moved;
	char *p;

	session_start(&s, mode & XNACK);
	p = filled(&s, bytes, mode & HUGE);
	assert_ok(gpu_prefetch(&s, p, bytes, true));
	out = process_counter(&s, "page_out");
	moved = copied();
	smi_open(&smi, &s, SMI_MIGRATE);
	for (size_t i = 0; i < bytes; i += 2 * HUGE_BYTES)
		assert_int_equal(*(volatile char *)(p + i + 33 * PAGE), 0x5a);
	smi_read(&smi);
	for (size_t i = 0; i < bytes; i += 2 * HUGE_BYTES)
		assert_int_equal(assert_migrated(&s, p + i, HUGE_BYTES, false,
						 KFD_MIGRATE_TRIGGER_PAGEFAULT_CPU)->prefetch,
				 s.gpu[0].gpu_id);
	assert_int_equal(smi.nr, 4);
	assert_int_equal(process_counter(&s, "page_out") - out, bytes / 2 / PAGE);
	assert_int_equal(copied() - moved, bytes / 2);
}

#define EVICT_BYTES (40 * MIB)

/*
 * Two areas of which one has to give way. Return: false if an eviction had to be done in
 * another way, because khugepaged wanted the mmap_lock then; that is not counted as one.
 */
static bool evicts_exactly(struct session *s, char *gives, char *takes)
{
	const u64 out = process_counter(s, "page_out");
	const u64 evictions = driver_stat(0, "vram", "evictions");
	const u64 failures = driver_stat(0, "vram", "eviction_failures");
	const u64 moved = copied();
	u64 done;

	smi_open(&smi, s, SMI_MIGRATE);
	assert_ok(gpu_prefetch(s, takes, EVICT_BYTES, true));
	smi_read(&smi);
	smi_close(&smi);
	if (driver_stat(0, "vram", "eviction_failures") != failures)
		return false;
	assert_in_vram(takes, EVICT_BYTES);
	assert_migrated(s, takes, EVICT_BYTES, true, KFD_MIGRATE_TRIGGER_PREFETCH);
	assert_true(smi_count(&smi, KFD_SMI_EVENT_MIGRATE_END, gives, EVICT_BYTES) >= 8);
	for (size_t i = 0; i < smi.nr; i++)
		if (smi.event[i].to == 0) {
			assert_int_equal(smi.event[i].trigger, KFD_MIGRATE_TRIGGER_TTM_EVICTION);
			assert_int_equal(smi.event[i].error, 0);
			assert_int_equal(smi.event[i].pid, getpid());
		}
	done = driver_stat(0, "vram", "evictions") - evictions;
	assert_int_equal(smi_count(&smi, KFD_SMI_EVENT_MIGRATE_START, gives, EVICT_BYTES), done);
	assert_int_equal(smi_count(&smi, KFD_SMI_EVENT_MIGRATE_END, gives, EVICT_BYTES), done);
	done = smi_bytes(&smi, KFD_SMI_EVENT_MIGRATE_END, gives, EVICT_BYTES);
	assert_int_equal(done / PAGE, process_counter(s, "page_out") - out);
	assert_int_equal(copied() - moved, EVICT_BYTES + done);
	return true;
}

/* More than fits: what must go is told, page by page as the counters have it. */
static void full_vram_is_migrations_by_eviction(int xnack)
{
	struct session s;
	char *p[2];
	int tries = 10;

	session_start(&s, xnack);
	for (int i = 0; i < 2; i++)
		p[i] = filled(&s, EVICT_BYTES, true);
	do {
		assert_ok(gpu_prefetch(&s, p[1], EVICT_BYTES, false));
		assert_ok(gpu_prefetch(&s, p[0], EVICT_BYTES, true));
	} while (!evicts_exactly(&s, p[0], p[1]) && --tries);
	assert_int_not_equal(tries, 0);
}

/* VRAM that is all buffers gives a migration that ends with an error. */
static void failed_migration_ends_with_its_error(int xnack)
{
	const size_t bytes = HUGE_BYTES;
	const struct smi_event *e;
	struct session s;
	char *p;

	session_start(&s, xnack);
	p = filled(&s, bytes, false);
	for (u64 left, block = 8 * MIB; block >= HUGE_BYTES; block /= 2)
		while (!kfd_available(s.kfd, s.gpu[0].gpu_id, &left) && left >= block)
			vram_alloc(&s, block);
	smi_open(&smi, &s, SMI_MIGRATE);
	assert_ok(gpu_prefetch(&s, p, bytes, true));
	smi_read(&smi);
	smi_only(&smi, KFD_SMI_EVENT_MIGRATE_START, p, bytes);
	e = smi_only(&smi, KFD_SMI_EVENT_MIGRATE_END, p, bytes);
	assert_true(e->error == -ENOMEM || e->error == -ENOSPC);
}

/* One fault a window of 2 MiB; device, driver and events agree on how many. */
static void gpu_faults(bool write, bool stay, char how)
{
	const size_t nr = 8, bytes = nr * HUGE_BYTES;
	u64 device, driver;
	struct session s;
	struct sdma q;
	char *p, *to;

	session_start(&s, true);
	sdma_create(&q, &s, 0);
	to = sysmem_alloc(&s, PAGE);
	p = filled(&s, bytes, true);
	if (stay)
		assert_ok(svm_set(s.kfd, p, bytes, { KFD_IOCTL_SVM_ATTR_PREFERRED_LOC, 0 },
				  { KFD_IOCTL_SVM_ATTR_ACCESS, s.gpu[0].gpu_id }));
	device = device_stat(0, VKFD_STAT_FAULTS_RETRY);
	driver = process_counter(&s, "faults");
	smi_open(&smi, &s, SMI_SVM);
	for (size_t i = 0; i < bytes; i += HUGE_BYTES) {
		if (write)
			sdma_write1(&q, p + i + 9 * PAGE, 1);
		else
			sdma_copy(&q, to, p + i + 9 * PAGE, 4);
		sdma_run(&q);
	}
	smi_read(&smi);
	assert_int_equal(device_stat(0, VKFD_STAT_FAULTS_RETRY) - device, nr);
	assert_int_equal(process_counter(&s, "faults") - driver, nr);
	assert_int_equal(smi_count(&smi, KFD_SMI_EVENT_PAGE_FAULT_START, p, bytes), nr);
	assert_int_equal(smi_count(&smi, KFD_SMI_EVENT_PAGE_FAULT_END, p, bytes), nr);
	for (size_t i = 0; i < bytes; i += HUGE_BYTES) {
		const void *at = p + i + 9 * PAGE;
		const struct smi_event *a = smi_only(&smi, KFD_SMI_EVENT_PAGE_FAULT_START, at, PAGE);
		const struct smi_event *b = smi_only(&smi, KFD_SMI_EVENT_PAGE_FAULT_END, at, PAGE);

		assert_int_equal(a->how, write ? 'W' : 'R');
		assert_int_equal(b->how, how);
		assert_int_equal(a->gpu, s.gpu[0].gpu_id);
		assert_int_equal(b->gpu, s.gpu[0].gpu_id);
		assert_int_equal(a->pid, getpid());
		assert_true(a < b && a->ns <= b->ns);
		if (how == 'M')
			assert_migrated(&s, p + i, HUGE_BYTES, true,
					KFD_MIGRATE_TRIGGER_PAGEFAULT_GPU);
	}
	if (how == 'U')
		assert_int_equal(smi_count(&smi, KFD_SMI_EVENT_MIGRATE_START, p, bytes), 0);
	sdma_destroy(&q);
}

static void gpu_read_is_a_fault_that_migrates(int arg)
{
	gpu_faults(false, false, 'M');
}

static void gpu_write_is_a_fault_that_migrates(int arg)
{
	gpu_faults(true, false, 'M');
}

static void gpu_read_of_memory_that_stays_is_a_fault_that_updates(int arg)
{
	gpu_faults(false, true, 'U');
}

static void gpu_write_to_memory_that_stays_is_a_fault_that_updates(int arg)
{
	gpu_faults(true, true, 'U');
}

/* An access that must be refused is no page fault event but a VM fault. */
static void refused_access_is_a_vm_fault(int xnack)
{
	u64 refused = device_stat(0, xnack ? VKFD_STAT_FAULTS_RETRY : VKFD_STAT_FAULTS_NORETRY);
	u64 in = driver_stat(0, "vram", "page_in");
	char name[16] = "smi:violator";
	struct session s;
	struct sdma q;
	HsaEvent *e;
	char *p;

	prctl(PR_SET_NAME, name);
	session_start(&s, xnack);
	sdma_create(&q, &s, 0);
	e = memory_event(&s);
	p = mm_map_small(PAGE);
	memset(p, 1, PAGE);
	assert_ok(svm_set(s.kfd, p, PAGE, { KFD_IOCTL_SVM_ATTR_NO_ACCESS, s.gpu[0].gpu_id }));
	smi_open(&smi, &s, SMI_FAULT | SMI_MIGRATE | SMI_BIT(VMFAULT));
	sdma_write1(&q, p, 1);
	sdma_submit(&q);
	assert_hsa(hsaKmtWaitOnEvent(e, 20000));
	smi_read(&smi);
	assert_int_equal(smi.nr, 1);
	assert_int_equal(smi.event[0].id, KFD_SMI_EVENT_VMFAULT);
	assert_int_equal(smi.event[0].pid, getpid());
	assert_string_equal(smi.event[0].name, name);
	assert_int_equal(driver_stat(0, "vram", "page_in"), in);
	assert_int_equal(device_stat(0, xnack ? VKFD_STAT_FAULTS_RETRY : VKFD_STAT_FAULTS_NORETRY),
			 refused + 1);
	hsaKmtDestroyQueue(q.res.QueueId);
}

/* Memory that the GPU has mapped, by fault or because it must. */
static char *mapped(struct session *s, struct sdma *q, size_t bytes)
{
	char *p = filled(s, bytes, false);

	for (size_t i = 0; i < bytes; i += HUGE_BYTES)
		sdma_write1(q, p + i, 7);
	sdma_run(q);
	return p;
}

/* One event of exactly these pages, for one TLB flush that the device counted since. */
static void assert_unmapped(struct session *s, const char *p, size_t bytes, int trigger, u64 flushes)
{
	const struct smi_event *e = smi_only(&smi, KFD_SMI_EVENT_UNMAP_FROM_GPU, p, bytes);

	assert_int_equal(device_stat(0, VKFD_STAT_TLB_FLUSHES) - flushes, 1);
	assert_int_equal(e->start, (u64)(uintptr_t)p);
	assert_int_equal(e->bytes, bytes);
	assert_int_equal(e->gpu, s->gpu[0].gpu_id);
	assert_int_equal(e->pid, getpid());
	assert_int_equal(e->trigger, trigger);
}

static void each_way_of_losing_a_mapping_has_its_trigger(int xnack)
{
	const size_t bytes = 2 * HUGE_BYTES;
	struct session s;
	struct sdma q;
	u64 flushes;
	char *p;

	session_start(&s, xnack);
	sdma_create(&q, &s, 0);
	smi_open(&smi, &s, SMI_BIT(UNMAP_FROM_GPU));

	p = mapped(&s, &q, bytes);
	smi_read(&smi);
	flushes = device_stat(0, VKFD_STAT_TLB_FLUSHES);
	mm_protect(p, bytes, PROT_READ);
	smi_read(&smi);
	assert_unmapped(&s, p, bytes, KFD_SVM_UNMAP_TRIGGER_MMU_NOTIFY, flushes);

	p = mapped(&s, &q, bytes);
	assert_ok(gpu_prefetch(&s, p, bytes, false));
	for (size_t i = 0; i < bytes; i += HUGE_BYTES)
		sdma_write1(&q, p + i, 7);
	sdma_run(&q);
	assert_ok(gpu_prefetch(&s, p, bytes, xnack ? false : true));
	smi_read(&smi);
	for (size_t i = 0; i < smi.nr; i++)
		assert_int_equal(smi.event[i].trigger, KFD_SVM_UNMAP_TRIGGER_MMU_NOTIFY_MIGRATE);
	assert_true(smi_count(&smi, KFD_SMI_EVENT_UNMAP_FROM_GPU, p, bytes) >= 2);

	p = mapped(&s, &q, bytes);
	smi_read(&smi);
	flushes = device_stat(0, VKFD_STAT_TLB_FLUSHES);
	mm_unmap(p, bytes);
	smi_read(&smi);
	assert_unmapped(&s, p, bytes, KFD_SVM_UNMAP_TRIGGER_UNMAP_FROM_CPU,
			flushes);

	p = mapped(&s, &q, HUGE_BYTES);
	smi_read(&smi);
	flushes = device_stat(0, VKFD_STAT_TLB_FLUSHES);
	assert_ok(svm_set(s.kfd, p, HUGE_BYTES, { KFD_IOCTL_SVM_ATTR_NO_ACCESS, s.gpu[0].gpu_id }));
	smi_read(&smi);
	assert_unmapped(&s, p, HUGE_BYTES, KFD_SVM_UNMAP_TRIGGER_UNMAP_FROM_CPU,
			flushes);
	sdma_destroy(&q);
}

/* Queues stop and start in turns; every stop is seen, and the last is taken back. */
static size_t assert_stops_and_starts(struct session *s)
{
	size_t stops = 0;
	bool stopped = false;

	for (size_t i = 0; i < smi.nr; i++) {
		const struct smi_event *e = &smi.event[i];

		assert_int_equal(e->gpu, s->gpu[0].gpu_id);
		assert_int_equal(e->pid, getpid());
		if (e->id == KFD_SMI_EVENT_QUEUE_EVICTION) {
			assert_false(stopped);
			assert_int_equal(e->trigger, KFD_QUEUE_EVICTION_TRIGGER_SVM);
			stopped = true;
			stops++;
		} else if (e->how == '0') {
			assert_true(stopped);
			stopped = false;
		}
	}
	assert_false(stopped);
	return stops;
}

static size_t restores(char how)
{
	size_t nr = 0;

	for (size_t i = 0; i < smi.nr; i++)
		nr += smi.event[i].id == KFD_SMI_EVENT_QUEUE_RESTORE && smi.event[i].how == how;
	return nr;
}

static bool running_again(size_t stops)
{
	smi_more(&smi);
	return restores('0') == stops;
}

static void queues_stop_for_memory_they_must_not_miss(int always_mapped)
{
	const size_t bytes = HUGE_BYTES;
	u64 suspends, resumes;
	struct session s;
	struct sdma q;
	char *p;

	session_start(&s, always_mapped);
	sdma_create(&q, &s, 0);
	p = filled(&s, bytes, false);
	if (always_mapped)
		assert_ok(svm_set(s.kfd, p, bytes, { KFD_IOCTL_SVM_ATTR_ACCESS, s.gpu[0].gpu_id },
				  { KFD_IOCTL_SVM_ATTR_SET_FLAGS,
				    KFD_IOCTL_SVM_FLAG_GPU_ALWAYS_MAPPED }));
	suspends = device_stat(0, VKFD_STAT_QUEUE_SUSPENDS);
	resumes = device_stat(0, VKFD_STAT_QUEUE_RESUMES);
	smi_open(&smi, &s, SMI_QUEUES);
	for (size_t round = 1; round <= 5; round++) {
		assert_int_equal(madvise(p, bytes, MADV_DONTNEED), 0);
		assert_true(wait_until(running_again(round), 20000));
	}
	assert_int_equal(assert_stops_and_starts(&s), 5);
	assert_int_equal(device_stat(0, VKFD_STAT_QUEUE_SUSPENDS) - suspends, 5);
	assert_int_equal(device_stat(0, VKFD_STAT_QUEUE_RESUMES) - resumes, 5);
	sdma_write1(&q, p, 5);
	sdma_run(&q);
	assert_int_equal(*(volatile u32 *)p, 5);
	sdma_destroy(&q);
}

/* A file that shrinks under its mapping: trying again, in vain, is told each time. */
static void restore_that_fails_is_rescheduled(int arg)
{
	int file = memfd_create("shrinks", MFD_CLOEXEC);
	struct session s;
	char *p;

	session_start(&s, false);
	assert_int_equal(ftruncate(file, HUGE_BYTES), 0);
	p = mmap(NULL, HUGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	memset(p, 1, HUGE_BYTES);
	gpu_access(&s, p, HUGE_BYTES);
	smi_open(&smi, &s, SMI_QUEUES);
	assert_int_equal(ftruncate(file, 0), 0);
	assert_true(wait_until(running_again(1), 20000));
	assert_int_equal(assert_stops_and_starts(&s), 1);
	assert_int_equal(restores('R'), 3);
}

static void with_xnack_faultable_memory_stops_no_queue(int arg)
{
	struct session s;
	struct sdma q;
	char *p;

	session_start(&s, true);
	sdma_create(&q, &s, 0);
	p = mapped(&s, &q, HUGE_BYTES);
	smi_open(&smi, &s, SMI_QUEUES | SMI_BIT(UNMAP_FROM_GPU));
	mm_unmap(p, HUGE_BYTES);
	smi_read(&smi);
	assert_int_equal(smi.nr, 1);
	assert_int_equal(smi.event[0].id, KFD_SMI_EVENT_UNMAP_FROM_GPU);
	sdma_destroy(&q);
}

/* M7: a dead GPU tells every reader, once. */
static void lost_gpu_is_a_reset(int arg)
{
	u64 resets = driver_stat(0, "state", "resets");
	struct session s;
	char *p;

	session_start(&s, true);
	p = filled(&s, HUGE_BYTES, false);
	smi_open(&smi, &s, SMI_BIT(GPU_PRE_RESET) | SMI_BIT(GPU_POST_RESET));
	gpu_stays_lost();
	driver_poke(0, "hang_copies", "1");
	gpu_prefetch(&s, p, HUGE_BYTES, true);
	assert_true(wait_until((smi_more(&smi), smi.nr), 30000));
	assert_int_equal(smi.nr, 1);
	assert_int_equal(smi.event[0].id, KFD_SMI_EVENT_GPU_PRE_RESET);
	assert_int_equal(smi.event[0].trigger, resets + 1);
	gpu_revive();
}

static const struct guest_test tests[] = {
	TEST_MODES(prefetch_is_one_migration_each_way),
	TEST_XNACK(prefetch_over_two_vmas_is_two_migrations),
	TEST_MODES(cpu_touch_is_a_migration_by_cpu_fault),
	{ "full_vram_is_migrations_by_eviction_xnack_on", full_vram_is_migrations_by_eviction, 1, "vram=64M" },
	{ "full_vram_is_migrations_by_eviction_xnack_off", full_vram_is_migrations_by_eviction, 0, "vram=64M" },
	{ "failed_migration_ends_with_its_error_xnack_on", failed_migration_ends_with_its_error, 1, "vram=64M" },
	{ "failed_migration_ends_with_its_error_xnack_off", failed_migration_ends_with_its_error, 0, "vram=64M" },
	TEST(gpu_read_is_a_fault_that_migrates),
	TEST(gpu_write_is_a_fault_that_migrates),
	TEST(gpu_read_of_memory_that_stays_is_a_fault_that_updates),
	TEST(gpu_write_to_memory_that_stays_is_a_fault_that_updates),
	TEST_XNACK(refused_access_is_a_vm_fault),
	TEST_XNACK(each_way_of_losing_a_mapping_has_its_trigger),
	TEST_ARG("queues_stop_for_memory_they_must_not_miss_xnack_off",
		 queues_stop_for_memory_they_must_not_miss, 0),
	TEST_ARG("queues_stop_for_memory_they_must_not_miss_xnack_on",
		 queues_stop_for_memory_they_must_not_miss, 1),
	TEST(restore_that_fails_is_rescheduled),
	TEST(with_xnack_faultable_memory_stops_no_queue),
	TEST(lost_gpu_is_a_reset),
};
HARNESS_MAIN(tests)
