// SPDX-License-Identifier: MIT
/*
 * The machine sleeps while processes use the GPU. VRAM loses its content each time,
 * with or without power: SVM pages are in RAM afterwards, buffers where they
 * were, and whatever ran goes on. A suspend that fails leaves everything as it was.
 */
#include <errno.h>
#include <string.h>

#include "client.h"
#include "gpu.h"
#include "life.h"
#include "mm.h"
#include "pattern.h"
#include "pm4.h"
#include "pm4_code.h"
#include "power.h"
#include "residency.h"
#include "sdma.h"
#include "smi.h"
#include "work.h"

#define BYTES	HUGE_BYTES

/* Bits of a case's argument beside XNACK and HUGE: how the machine sleeps. */
enum { DEVICES = 0, PLATFORM = 4, S3 = 8, HOW = PLATFORM | S3 };

/* A suspend of the debug kernel takes seconds. */
static int times(void)
{
	return harness_slow() > 1 ? 2 : 5;
}

static int machine_sleep(int arg)
{
	switch (arg & HOW) {
	case S3:
		return power_sleep();
	case PLATFORM:
		return power_test("platform");
	default:
		return power_test("devices");
	}
}

/* Memory in RAM and in VRAM, mapped by the GPU, and buffers in both. */
struct sleeper {
	struct session s;
	struct sdma q;
	char *ram, *vram, *buffer, *system;
};

static void sleeper_start(struct sleeper *w, int arg)
{
	session_start(&w->s, arg & XNACK);
	sdma_create(&w->q, &w->s, 0);
	w->ram = mm_map_kind(BYTES, arg & HUGE);
	w->vram = mm_map_kind(BYTES, arg & HUGE);
	w->buffer = vram_alloc(&w->s, 3 * BYTES);
	w->system = sysmem_alloc(&w->s, BYTES);
	pattern_fill(w->ram, BYTES, 1);
	pattern_fill(w->vram, BYTES, 2);
	pattern_fill(w->buffer, 3 * BYTES, 3);
	pattern_fill(w->system, BYTES, 4);
	gpu_access(&w->s, w->ram, BYTES);
	gpu_access(&w->s, w->vram, BYTES);
	sdma_run(&w->q);
}

/* By the CPU, and by the queue, which is the one of before. */
static void sleeper_check(struct sleeper *w)
{
	pattern_check(w->ram, BYTES, 1);
	pattern_check(w->vram, BYTES, 2);
	pattern_check(w->buffer, 3 * BYTES, 3);
	pattern_check(w->system, BYTES, 4);
	sdma_copy(&w->q, w->ram, w->buffer + BYTES, BYTES);
	sdma_copy(&w->q, w->system, w->vram, BYTES);
	sdma_run(&w->q);
	for (size_t at = 0; at < BYTES; at += 8)
		assert_int_equal(*(u64 *)(w->ram + at), pattern_word(3, BYTES + at));
	pattern_check(w->system, BYTES, 2);
	pattern_fill(w->ram, BYTES, 1);
	pattern_fill(w->system, BYTES, 4);
}

static const struct smi_event *smi_find(const struct smi *smi, unsigned int id)
{
	for (size_t i = 0; i < smi->nr; i++)
		if (smi->event[i].id == id)
			return &smi->event[i];
	return NULL;
}

/* As often restored as evicted, at least @least times. */
static bool queues_run(struct smi *smi, size_t least)
{
	size_t times;

	smi_more(smi);
	times = smi_count(smi, KFD_SMI_EVENT_QUEUE_EVICTION, NULL, 0);
	return times >= least && times == smi_count(smi, KFD_SMI_EVENT_QUEUE_RESTORE, NULL, 0);
}

static void memory_and_queue_survive(int arg)
{
	static struct smi smi;
	struct sleeper w;

	sleeper_start(&w, arg);
	smi_open(&smi, &w.s, SMI_QUEUES | SMI_MIGRATE);
	for (int i = 0; i < times(); i++) {
		assert_ok(gpu_prefetch(&w.s, w.vram, BYTES, true));
		assert_in_vram(w.vram, BYTES);
		/* Without XNACK the restore worker starts them, here and there. */
		assert_true(wait_until(queues_run(&smi, 0), 5000));
		smi.nr = 0;
		assert_ok(machine_sleep(arg));
		assert_in_ram(w.vram, BYTES);
		assert_true(wait_until(queues_run(&smi, 1), 5000));
		assert_int_equal(smi_find(&smi, KFD_SMI_EVENT_QUEUE_EVICTION)->trigger,
				 KFD_QUEUE_EVICTION_TRIGGER_SUSPEND);
		assert_int_equal(smi_count(&smi, KFD_SMI_EVENT_QUEUE_EVICTION, NULL, 0), 1);
		assert_int_equal(smi_count(&smi, KFD_SMI_EVENT_QUEUE_RESTORE, NULL, 0), 1);
		assert_int_equal(smi_bytes(&smi, KFD_SMI_EVENT_MIGRATE_END, w.vram, BYTES), BYTES);
		assert_int_equal(smi_find(&smi, KFD_SMI_EVENT_MIGRATE_END)->trigger,
				 KFD_MIGRATE_TRIGGER_TTM_EVICTION);
		sleeper_check(&w);
	}
	sdma_destroy(&w.q);
}

/*
 * Waves that will not end by themselves, in the midst of it: they go on, none is lost
 * and none counts twice. Some groups have not begun yet.
 */
static void waves_go_on(int arg)
{
	const u32 groups = 256, items = 256;
	volatile u32 *data;
	struct session s;
	struct pm4 q;

	session_start(&s, arg & XNACK);
	data = pm4_memory(&s, PAGE);
	pm4_create(&q, &s, 0);
	pm4_launch(&q, &(struct pm4_launch){ .code = PM4_CODE(&s, kernel_persist), .data = data,
					     .groups = groups, .items = items });
	pm4_submit(&q);
	for (int i = 0; i < times(); i++) {
		u64 before = device_stat(0, VKFD_STAT_INSTRUCTIONS);

		assert_true(wait_until(device_stat(0, VKFD_STAT_INSTRUCTIONS) > before + 100000,
				       PM4_MS));
		assert_ok(machine_sleep(arg));
		assert_false(pm4_done(&q, 1));
	}
	data[0] = 1;
	pm4_wait(&q, 1);
	assert_int_equal(data[1], groups * items);
	assert_int_equal(data[2], 0);
	pm4_destroy(&q);
}

/* A copy in the midst of its bytes, and behind it a poll for memory and an atomic. */
static void packets_go_on(int arg)
{
	const u64 bytes = 32 * MIB;
	char *from, *to;
	struct session s;
	volatile u64 *word;
	struct sdma q;
	u32 seq;

	session_start(&s, arg & XNACK);
	sdma_create(&q, &s, 0);
	from = mm_map_kind(bytes, false);
	to = vram_alloc(&s, bytes);
	word = sysmem_alloc(&s, PAGE);
	pattern_fill(from, bytes, 5);
	gpu_access(&s, from, bytes);
	for (int i = 0; i < times(); i++) {
		word[0] = 0;
		sdma_copy(&q, to, from, bytes);
		sdma_poll(&q, &word[0], SDMA_EQ, 1);
		sdma_add64(&q, (void *)&word[1], 1);
		seq = sdma_submit(&q);
		assert_ok(machine_sleep(arg));
		assert_false(sdma_done(&q, seq));
		word[0] = 1;
		assert_true(sdma_wait(&q, seq, SDMA_MS));
		assert_int_equal(word[1], i + 1);
		pattern_check(to, bytes, 5);
		memset(to, 0, bytes);
	}
	sdma_destroy(&q);
}

/* With faults in every state: told, in service, not met yet. */
static void faults_go_on(int arg)
{
	const u32 pages = 4096;
	struct session s;
	struct pm4 q;
	u32 *mem;

	session_start(&s, true);
	pm4_create(&q, &s, 0);
	for (int i = 0; i < times(); i++) {
		mem = mm_map_kind(pages * PAGE, false);
		pm4_launch(&q, &(struct pm4_launch){ .code = PM4_CODE(&s, kernel_touch_lanes), .data = mem,
						     .groups = pages / 64, .items = 64 });
		pm4_submit(&q);
		assert_ok(machine_sleep(arg));
		pm4_wait(&q, q.seq);
		for (u32 page = 0; page < pages; page++)
			if (mem[page * 1024] != page + 1)
				fail_test("page %u holds %u", page, mem[page * 1024]);
		mm_unmap(mem, pages * PAGE);
	}
	pm4_destroy(&q);
}

/* AQL queues, signals and events of ROCr's: program after program, until told to stop. */
static int clients(struct child *c, void *arg)
{
	const char *name = *(int *)arg & XNACK ? "many_dispatches_count_exactly_xnack_on" :
						 "many_dispatches_count_exactly_xnack_off";

	do {
		child_expect(client_ran(CLIENT_ROCR, name));
	} while (!child_heard(c));
	return 0;
}

/* Each program counts what its 600 packets did, and waits for the last one's signal. */
static void dispatches_of_rocr_go_on(int arg)
{
	struct child c;

	if (!client_built(CLIENT_ROCR))
		skip_test("%s is not built", CLIENT_ROCR);
	child_start(&c, clients, &arg);
	for (int i = 0; i < times(); i++) {
		u64 before = device_stat(0, VKFD_STAT_DISPATCHES);

		assert_true(wait_until(device_stat(0, VKFD_STAT_DISPATCHES) > before + 50, PM4_MS));
		assert_ok(machine_sleep(arg));
	}
	child_tell(&c, 0);
	assert_child_ok(&c);
}

/* Refused with the GPU down, or before: nothing has happened to whoever uses it. */
static void suspend_fails(const char *point, const char *level, int errno_wanted, int arg)
{
	struct sleeper w;

	sleeper_start(&w, arg);
	for (int i = 0; i < times(); i++) {
		assert_ok(gpu_prefetch(&w.s, w.vram, BYTES, true));
		driver_poke(0, point, "1");
		assert_errno(power_test(level), errno_wanted);
		assert_int_equal(driver_number(0, point), 0);
		sleeper_check(&w);
	}
	sdma_destroy(&w.q);
}

static void gpu_comes_back_if_others_refuse(int arg)
{
	suspend_fails("fail_suspend", "platform", EBUSY, arg);
}

static void gpu_stays_up_without_memory_for_buffers(int arg)
{
	suspend_fails("fail_save", "devices", ENOMEM, arg);
}

/* The device refuses a context at resume: buffers are lost loudly, memory is not. */
static void failed_resume_takes_the_gpu_from_its_processes(int arg)
{
	struct session s;
	char *p, *buffer;

	session_start(&s, true);
	p = mm_map_small(BYTES);
	buffer = vram_alloc(&s, BYTES);
	pattern_fill(p, BYTES, 9);
	pattern_fill(buffer, BYTES, 10);
	assert_ok(gpu_prefetch(&s, p, BYTES, true));
	driver_poke(0, "fail_kiq", "1");
	assert_ok(power_test("devices"));
	assert_true(wait_until(!driver_stat(0, "state", "lost"), 10000));
	pattern_check(p, BYTES, 9);
	assert_bus_error(buffer);
	assert_errno(gpu_prefetch(&s, p, BYTES, true), ENODEV);
	assert_newcomer_works();
}

/* VRAM of @gpu, for it and the CPU alone. */
static char *vram_of(struct session *s, unsigned int gpu)
{
	HsaMemFlags flags = { .ui32 = { .NonPaged = 1, .HostAccess = 1, .CoarseGrain = 1 } };
	HSAuint32 node = s->gpu[gpu].node;
	HsaMemMapFlags map = { .Value = 0 };
	void *mem = NULL;

	assert_hsa(hsaKmtAllocMemory(node, BYTES, flags, &mem));
	assert_hsa(hsaKmtMapMemoryToGPUNodes(mem, BYTES, NULL, map, 1, &node));
	return mem;
}

/* Both at a time, as the PM core has it: each stops the process' queues on both. */
static void two_gpus_sleep(int arg)
{
	struct session s;
	struct sdma q[2];
	char *buffer[2];

	session_start(&s, arg & XNACK);
	for (unsigned int gpu = 0; gpu < 2; gpu++) {
		sdma_create(&q[gpu], &s, gpu);
		buffer[gpu] = vram_of(&s, gpu);
		pattern_fill(buffer[gpu], BYTES, 11 + gpu);
	}
	for (int i = 0; i < times(); i++) {
		assert_ok(machine_sleep(arg));
		for (unsigned int gpu = 0; gpu < 2; gpu++) {
			pattern_check(buffer[gpu], BYTES, 11 + gpu);
			sdma_fill(&q[gpu], buffer[gpu], 0x01010101u * (gpu + 1), BYTES);
			sdma_run(&q[gpu]);
			bytes_check(buffer[gpu], BYTES, (unsigned char)(gpu + 1));
			pattern_fill(buffer[gpu], BYTES, 11 + gpu);
		}
	}
	sdma_destroy(&q[0]);
	sdma_destroy(&q[1]);
}

/* Mode after mode by turns, for the debug kernel's time is short. */
static const struct guest_test tests[] = {
	TEST_ARG("memory_and_queue_survive_4k_xnack_on", memory_and_queue_survive, XNACK),
	{ "memory_and_queue_survive_4k_xnack_off", memory_and_queue_survive, 0, "long=debug" },
	{ "memory_and_queue_survive_2m_xnack_on", memory_and_queue_survive, HUGE | XNACK, "long=debug" },
	TEST_ARG("memory_and_queue_survive_2m_xnack_off", memory_and_queue_survive, HUGE),
	{ "memory_and_queue_survive_platform_xnack_on", memory_and_queue_survive, PLATFORM | XNACK, "long=debug" },
	{ "memory_and_queue_survive_platform_xnack_off", memory_and_queue_survive, PLATFORM, "long=debug" },
	TEST_ARG("waves_go_on_xnack_on", waves_go_on, XNACK),
	{ "waves_go_on_xnack_off", waves_go_on, 0, "long=debug" },
	{ "packets_go_on_xnack_on", packets_go_on, XNACK, "long=debug" },
	{ "packets_go_on_xnack_off", packets_go_on, 0, "long=debug" },
	TEST_ARG("faults_go_on_xnack_on", faults_go_on, XNACK),
	{ "dispatches_of_rocr_go_on_xnack_on", dispatches_of_rocr_go_on, XNACK, "long=debug" },
	{ "dispatches_of_rocr_go_on_xnack_off", dispatches_of_rocr_go_on, 0, "long=debug" },
	{ "gpu_comes_back_if_others_refuse_xnack_on", gpu_comes_back_if_others_refuse, XNACK, "long=debug" },
	TEST_ARG("gpu_comes_back_if_others_refuse_xnack_off", gpu_comes_back_if_others_refuse, 0),
	{ "gpu_stays_up_without_memory_for_buffers_xnack_on", gpu_stays_up_without_memory_for_buffers, XNACK, "long=debug" },
	{ "gpu_stays_up_without_memory_for_buffers_xnack_off", gpu_stays_up_without_memory_for_buffers, 0, "long=debug" },
	TEST(failed_resume_takes_the_gpu_from_its_processes),
	TEST_TAGS(two_gpus_sleep, "gpus=2 long=debug"),
	{ "memory_and_queue_survive_4k_s3_xnack_on", memory_and_queue_survive, S3 | XNACK, "image=packed" },
	{ "memory_and_queue_survive_4k_s3_xnack_off", memory_and_queue_survive, S3, "image=packed long=debug" },
	{ "memory_and_queue_survive_2m_s3_xnack_on", memory_and_queue_survive, S3 | HUGE | XNACK, "image=packed long=debug" },
	{ "memory_and_queue_survive_2m_s3_xnack_off", memory_and_queue_survive, S3 | HUGE, "image=packed" },
	{ "waves_go_on_s3_xnack_on", waves_go_on, S3 | XNACK, "image=packed long=debug" },
	{ "waves_go_on_s3_xnack_off", waves_go_on, S3, "image=packed" },
	{ "packets_go_on_s3_xnack_on", packets_go_on, S3 | XNACK, "image=packed" },
	{ "packets_go_on_s3_xnack_off", packets_go_on, S3, "image=packed long=debug" },
	{ "faults_go_on_s3_xnack_on", faults_go_on, S3 | XNACK, "image=packed long=debug" },
};
HARNESS_MAIN(tests)
