// SPDX-License-Identifier: MIT
/*
 * A device that lies: interrupt entries, ring pointers and completions that no
 * honest GPU would produce, put where the device puts its own (debugfs
 * ih_forge, ih_wptr, sdma_fence). Nothing of it may crash the kernel, wake or
 * stop anybody it does not name, or pass for a finished copy.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gpu.h"
#include "life.h"
#include "mm.h"
#include "pattern.h"
#include "residency.h"
#include "sdma.h"
#include "vkfd_hw/ih.h"

#define NOBODY 0xfffeu /* a PASID */

struct forged {
	u32 client, source, ring, pasid, data[4];
};

static void forge(const struct forged *f)
{
	char text[128];

	snprintf(text, sizeof(text), "0x%x 0 0 0x%x 0x%x 0x%x 0x%x 0x%x",
		 VKFD_IH_HEADER(f->client, f->source, f->ring), f->pasid, f->data[0], f->data[1],
		 f->data[2], f->data[3]);
	driver_poke(0, "ih_forge", text);
}

#define FORGE(...) forge(&(struct forged){ __VA_ARGS__ })

/* A fault of @pasid at @va, as the device would report it. */
static void forge_fault(u32 pasid, u64 va, u32 flags)
{
	FORGE(VKFD_IH_CLIENT_UTCL2, VKFD_IH_SRC_VM_FAULT, VKFD_FAULT_RING_NOT_PRESENT, pasid,
	      { (u32)(va >> 12), ((u32)(va >> 44) & 0xf) | flags });
}

static u32 pasid_of(pid_t pid)
{
	char path[64];
	u32 pasid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/kfd/kfd/proc/%d/pasid", pid);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%u", &pasid) != 1)
		fail_test("%s: %s", path, strerror_neg(-errno));
	fclose(f);
	assert_int_not_equal(pasid, 0);
	return pasid;
}

static void assert_gpu_lives(struct sdma *q)
{
	assert_int_equal(driver_stat(0, "state", "lost"), 0);
	sdma_run(q);
}

static void entries_for_nobody_do_nothing(int arg)
{
	static const u32 clients[] = { 0, 2, VKFD_IH_CLIENT_CP, VKFD_IH_CLIENT_UTCL2, 0xff };
	static const u32 sources[] = { 1, 182, 255 };
	u64 forged;
	struct session s;
	HsaEvent *event;
	struct sdma q;

	session_start(&s, true);
	sdma_create(&q, &s, 0);
	event = memory_event(&s);
	forged = driver_stat(0, "errors", "ih_forged");
	for (size_t c = 0; c < ARRAY_LEN(clients); c++)
		for (size_t i = 0; i < ARRAY_LEN(sources); i++)
			FORGE(clients[c], sources[i], 0xff, NOBODY, { ~0u, ~0u, ~0u, ~0u });
	forged += ARRAY_LEN(clients) * ARRAY_LEN(sources);
	assert_int_equal(driver_stat(0, "errors", "ih_forged"), forged);
	/* The kernel has no compute queue: a completion of it is a lie as well. */
	FORGE(VKFD_IH_CLIENT_CP, VKFD_IH_SRC_CP_EOP, 0, 0, { 5 });
	assert_int_equal(driver_stat(0, "errors", "ih_forged"), forged + 1);

	forge_fault(NOBODY, 0x1000, VKFD_FAULT_WRITE | VKFD_FAULT_RETRY);
	forge_fault(NOBODY, ~0ull, VKFD_FAULT_WRITE);
	FORGE(VKFD_IH_CLIENT_UTCL2, VKFD_IH_SRC_ACCESS_COUNT, 0, NOBODY, { 0x10, 0, 1 });
	FORGE(VKFD_IH_CLIENT_CP, VKFD_IH_SRC_CP_EOP, 0, NOBODY, { 1 });
	FORGE(VKFD_IH_CLIENT_CP, VKFD_IH_SRC_SQ_MESSAGE, 0, NOBODY, { 1 });
	FORGE(VKFD_IH_CLIENT_SDMA3, VKFD_IH_SRC_SDMA_TRAP, 0, NOBODY, { 1 });
	FORGE(VKFD_IH_CLIENT_SDMA3, VKFD_IH_SRC_BAD_OPCODE, 0, NOBODY, { 1, 2, 3, 4 });
	assert_gpu_lives(&q);
	assert_int_equal(hsaKmtWaitOnEvent(event, 0), HSAKMT_STATUS_WAIT_TIMEOUT);
	sdma_destroy(&q);
}

/* No GPU stored into a mailbox, so nobody is woken, whatever the id. */
static void event_ids_without_a_mailbox_wake_nobody(int arg)
{
	u32 pasid, ids[] = { 0, 1, 0, 4095, 4096, 0x40000000, 0x7fffffff, 0xffffffff };
	struct session s;
	HsaEvent *event;
	struct sdma q;

	session_start(&s, false);
	sdma_create(&q, &s, 0);
	event = signal_event(&s);
	pasid = pasid_of(getpid());
	ids[2] = event->EventId;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		FORGE(VKFD_IH_CLIENT_CP, VKFD_IH_SRC_CP_EOP, 0, pasid, { ids[i] });
		FORGE(VKFD_IH_CLIENT_CP, VKFD_IH_SRC_SQ_MESSAGE, 0, pasid, { ids[i] });
		FORGE(VKFD_IH_CLIENT_SDMA0, VKFD_IH_SRC_SDMA_TRAP, 0, pasid, { ids[i] });
	}
	assert_int_equal(hsaKmtWaitOnEvent(event, 0), HSAKMT_STATUS_WAIT_TIMEOUT);
	assert_hsa(hsaKmtSetEvent(event));
	assert_hsa(hsaKmtWaitOnEvent(event, 1000));
	assert_gpu_lives(&q);
	sdma_destroy(&q);
}

static int queues_with(const char *word)
{
	return process_lines("queues", word);
}

static void queue_error_must_fit_queue_and_doorbell(int arg)
{
	struct session s;
	struct sdma q;
	u32 pasid;

	session_start(&s, false);
	sdma_create(&q, &s, 0);
	pasid = pasid_of(getpid());
	for (u32 i = 0; i < 1024; i += 16)
		FORGE(VKFD_IH_CLIENT_SDMA0, VKFD_IH_SRC_BAD_OPCODE, 0, pasid,
		      { VKFD_BAD_OPCODE_DATA0(i, VKFD_EC_PACKET_UNSUPPORTED), 0, 0xffffffff, 1 });
	/* The last slot of the frame is not the first queue's. */
	for (u32 i = 0; i < 64; i++)
		FORGE(VKFD_IH_CLIENT_SDMA0, VKFD_IH_SRC_BAD_OPCODE, 0, pasid,
		      { VKFD_BAD_OPCODE_DATA0(1023, 0xffff), 0, i, 1 });
	assert_int_equal(queues_with("dead"), 0);
	assert_gpu_lives(&q);
	/* A true one, for comparison. */
	sdma_raw(&q, (u32[]){ 0x7f }, 1);
	sdma_kick(&q);
	assert_true(wait_until(queues_with("dead") == 1, SDMA_MS));
	sdma_destroy(&q);
}

/* Whoever believes them moves pages for nothing, and loses no byte. */
static void faults_nobody_had_lose_no_data(int xnack)
{
	char on_stack[PAGE];
	struct session s;
	HsaEvent *event;
	struct sdma q;
	u32 pasid;
	char *p;

	session_start(&s, xnack);
	sdma_create(&q, &s, 0);
	event = memory_event(&s);
	pasid = pasid_of(getpid());
	p = mm_map_small(HUGE_BYTES);
	pattern_fill(p, HUGE_BYTES, 95);
	pattern_fill(on_stack, sizeof(on_stack), 96);
	gpu_access(&s, p, HUGE_BYTES);
	for (size_t at = 0; at < HUGE_BYTES; at += 16 * PAGE)
		forge_fault(pasid, (uintptr_t)p + at,
			    VKFD_FAULT_RETRY | (at % (32 * PAGE) ? VKFD_FAULT_WRITE : VKFD_FAULT_READ));
	if (xnack) {
		forge_fault(pasid, (uintptr_t)on_stack & ~(PAGE - 1), VKFD_FAULT_RETRY | VKFD_FAULT_WRITE);
		/* Where nothing is: could be an echo of before a munmap(). */
		forge_fault(pasid, ~0ull, VKFD_FAULT_RETRY | VKFD_FAULT_WRITE);
		assert_int_equal(hsaKmtWaitOnEvent(event, 50), HSAKMT_STATUS_WAIT_TIMEOUT);
		assert_gpu_lives(&q);
	}
	pattern_check(p, HUGE_BYTES, 95);
	pattern_check(on_stack, sizeof(on_stack), 96);
	assert_int_equal(driver_stat(0, "state", "lost"), 0);
	sdma_destroy(&q);
}

static int works_on(struct child *c, void *arg)
{
	struct session s;
	struct sdma q;
	char *p, *copy;

	child_expect(session_try_start(&s, true));
	sdma_create(&q, &s, 0);
	p = mm_map_small(HUGE_BYTES);
	copy = sysmem_alloc(&s, HUGE_BYTES);
	child_tell(c, 'r');
	child_expect(child_hear(c, 'g'));
	for (u32 i = 0; i < 5; i++) {
		pattern_fill(p, HUGE_BYTES, i);
		sdma_copy(&q, copy, p, HUGE_BYTES);
		child_expect(sdma_wait(&q, sdma_submit(&q), SDMA_MS));
		child_expect(pattern_mismatch(copy, HUGE_BYTES, i) == PATTERN_OK);
	}
	return 0;
}

/* A device can stop the queues of the process it names, and no others. */
static void violation_stops_only_the_process_it_names(int arg)
{
	struct session s;
	struct child c;
	HsaEvent *event;
	struct sdma q;

	child_start(&c, works_on, NULL);
	assert_true(child_hear(&c, 'r'));
	session_start(&s, true);
	sdma_create(&q, &s, 0);
	event = memory_event(&s);
	forge_fault(pasid_of(getpid()), 0x123456789000, VKFD_FAULT_WRITE);
	assert_hsa(hsaKmtWaitOnEvent(event, 10000));
	sdma_submit(&q);
	assert_false(sdma_wait(&q, q.seq, 100));
	child_tell(&c, 'g');
	assert_child_ok(&c);
	assert_int_equal(driver_stat(0, "state", "lost"), 0);
	assert_hsa(hsaKmtDestroyQueue(q.res.QueueId));
}

static int victim(struct child *c, void *arg)
{
	struct session s;
	struct sdma q;
	char *p;

	child_expect(session_try_start(&s, true));
	sdma_create(&q, &s, 0);
	p = mm_map_small(HUGE_BYTES);
	memset(p, 1, HUGE_BYTES);
	child_tell(c, 'r');
	/* What becomes of this process is the device's business; it must end. */
	child_expect(child_hear(c, 'g'));
	return 0;
}

static u32 random_client(void)
{
	static const u32 clients[] = { VKFD_IH_CLIENT_SDMA0, VKFD_IH_CLIENT_SDMA4, VKFD_IH_CLIENT_CP,
				       VKFD_IH_CLIENT_UTCL2, VKFD_IH_CLIENT_UTCL2 };

	return harness_random() % 8 ? clients[harness_random() % ARRAY_LEN(clients)] :
				      (u32)harness_random() & 0xff;
}

static u32 random_source(void)
{
	static const u32 sources[] = { VKFD_IH_SRC_VM_FAULT, VKFD_IH_SRC_CP_EOP, VKFD_IH_SRC_BAD_OPCODE,
				       VKFD_IH_SRC_SDMA_TRAP, VKFD_IH_SRC_SQ_MESSAGE };

	return harness_random() % 8 ? sources[harness_random() % ARRAY_LEN(sources)] :
				      (u32)harness_random() & 0xff;
}

/* A device that says of itself that it is broken is believed, and reset. */
static bool is_device_error(const struct forged *f)
{
	return f->client == VKFD_IH_CLIENT_UTCL2 && f->source == VKFD_IH_SRC_DEVICE_ERROR;
}

/* Any bytes with the PASID of a process: that process may suffer, nobody else. */
static void random_entries_hurt_nobody_else(int arg)
{
	struct child c, other;
	struct session s;
	struct sdma q;
	u32 pasid;

	child_start(&c, victim, NULL);
	assert_true(child_hear(&c, 'r'));
	child_start(&other, works_on, NULL);
	assert_true(child_hear(&other, 'r'));
	session_start(&s, true);
	sdma_create(&q, &s, 0);
	pasid = pasid_of(c.pid);
	child_tell(&other, 'g');
	for (int i = 0; i < 500; i++) {
		struct forged f = { random_client(), random_source(), (u32)harness_random() & 0xff };

		f.pasid = (harness_random() % 8 ? pasid : NOBODY) | ((u32)harness_random() & 0xffff0000);
		for (size_t w = 0; w < ARRAY_LEN(f.data); w++)
			f.data[w] = (u32)(harness_random() >> (harness_random() % 32));
		if (!is_device_error(&f))
			forge(&f);
	}
	assert_child_ok(&other);
	assert_gpu_lives(&q);
	child_tell(&c, 'g');
	assert_child_ok(&c);
	sdma_destroy(&q);
}

/* The copy engine "finished" copies that it was never given. */
static void completion_of_the_future_is_not_believed(int xnack)
{
	u64 forged, done;
	struct session s;
	char text[32], *p;

	session_start(&s, xnack);
	p = mm_map_small(HUGE_BYTES);
	pattern_fill(p, HUGE_BYTES, 97);
	gpu_access(&s, p, HUGE_BYTES);
	for (int i = 0; i < 4; i++) {
		forged = driver_number(0, "sdma_forged");
		done = driver_number(0, "sdma_done");
		snprintf(text, sizeof(text), "%u", (u32)(driver_number(0, "sdma_emitted") + 1 + (1u << 10 * i)));
		driver_poke(0, "sdma_fence", text);
		FORGE(VKFD_IH_CLIENT_SDMA0, VKFD_IH_SRC_SDMA_TRAP, 0, 0);
		assert_true(driver_number(0, "sdma_forged") > forged);
		assert_int_equal(driver_number(0, "sdma_done"), done);
		assert_ok(gpu_prefetch(&s, p, HUGE_BYTES, !(i % 2)));
		pattern_check(p, HUGE_BYTES, 97);
	}
	assert_int_equal(driver_stat(0, "state", "lost"), 0);
}

/* The driver notes 256 faults of a process; one that does not fit must not wait for ever. */
static void reports_that_do_not_fit_are_replayed(int arg)
{
	enum { REPORTS = 300 };
	struct sdma held, q;
	struct session s;
	u32 seq, seq2;
	char *p;

	session_start(&s, true);
	sdma_create(&held, &s, 0);
	sdma_create(&q, &s, 0);
	sdma_run(&held);
	sdma_run(&q);
	p = mm_map_small(2 * HUGE_BYTES);
	memset(p, 0x11, 2 * HUGE_BYTES);
	seq = sdma_hold_fault(&held, p);
	for (u32 i = 1; i <= REPORTS; i++)
		forge_fault(pasid_of(getpid()), (uintptr_t)p + i * PAGE, VKFD_FAULT_RETRY | VKFD_FAULT_READ);
	seq2 = sdma_report_fault(&q, p + HUGE_BYTES);
	driver_poke(0, "stall_collect", "0");
	assert_true(sdma_wait(&held, seq, SDMA_MS));
	assert_true(sdma_wait(&q, seq2, SDMA_MS));
	assert_int_equal(*(u32 *)(p + HUGE_BYTES), 2);
	sdma_destroy(&q);
	sdma_destroy(&held);
}

/*
 * What was reported before a munmap() may be over, and is no violation until it
 * is reported again. That never happens here: nobody writes to @fixed.
 */
static void fault_of_before_an_unmap_is_no_violation(int arg)
{
	struct sdma held, q;
	char *p, *old, *fixed;
	struct session s;
	HsaEvent *event;
	u32 seq, seq2;

	session_start(&s, true);
	event = memory_event(&s);
	sdma_create(&held, &s, 0);
	sdma_create(&q, &s, 0);
	p = mm_map_small(HUGE_BYTES);
	old = mm_map_small(HUGE_BYTES);
	fixed = mm_map_small(HUGE_BYTES);
	memset(fixed, 0x11, HUGE_BYTES);
	mm_protect(fixed, HUGE_BYTES, PROT_READ);
	sdma_write1(&q, old, 1); /* or its unmapping would be no news to the driver */
	sdma_run(&q);
	sdma_run(&held);
	seq = sdma_hold_fault(&held, p);
	forge_fault(pasid_of(getpid()), (uintptr_t)fixed, VKFD_FAULT_RETRY | VKFD_FAULT_WRITE);
	seq2 = sdma_report_fault(&q, p + PAGE); /* newer than the forged one */
	mm_unmap(old, HUGE_BYTES);
	driver_poke(0, "stall_collect", "0");
	assert_true(sdma_wait(&held, seq, SDMA_MS));
	assert_true(sdma_wait(&q, seq2, SDMA_MS));
	assert_int_equal(hsaKmtWaitOnEvent(event, 50), HSAKMT_STATUS_WAIT_TIMEOUT);
	assert_gpu_lives(&q);
	/* The same report once more is newer than the munmap(), and believed. */
	forge_fault(pasid_of(getpid()), (uintptr_t)fixed, VKFD_FAULT_RETRY | VKFD_FAULT_WRITE);
	assert_hsa(hsaKmtWaitOnEvent(event, 10000));
	assert_hsa(hsaKmtDestroyQueue(q.res.QueueId));
	assert_hsa(hsaKmtDestroyQueue(held.res.QueueId));
}

static u32 hardware_event(struct session *s)
{
	struct kfd_ioctl_create_event_args args = { .event_type = KFD_IOC_EVENT_HW_EXCEPTION };

	assert_ok(kfd_ioctl(s->kfd, AMDKFD_IOC_CREATE_EVENT, &args));
	return args.event_id;
}

static u32 event_wait(struct session *s, struct kfd_event_data *data, u32 ms)
{
	struct kfd_ioctl_wait_events_args args = {
		.events_ptr = (u64)(uintptr_t)data, .num_events = 1, .timeout = ms,
	};

	assert_ok(kfd_ioctl(s->kfd, AMDKFD_IOC_WAIT_EVENTS, &args));
	return args.wait_result;
}

enum { WILD_POINTER, KERNEL_FAULT, KERNEL_PACKET };

static void break_gpu(int how)
{
	switch (how) {
	case WILD_POINTER:
		driver_poke(0, "ih_wptr", "0x7ffffffffffffff0");
		FORGE(0xff, 0xff); /* has the ring looked at */
		break;
	case KERNEL_FAULT:
		forge_fault(0, 0x5000, VKFD_FAULT_READ);
		break;
	case KERNEL_PACKET:
		FORGE(VKFD_IH_CLIENT_SDMA0, VKFD_IH_SRC_BAD_OPCODE, 0, 0, { 0, 0xbad, 0, 1 });
		break;
	}
}

/* What ends a GPU's credit ends the GPU, and its processes hear of it. */
static void lost_gpu_sets_the_hardware_event(int how)
{
	struct kfd_event_data data = { 0 };
	struct session s;
	u64 start;
	char *p;

	session_start(&s, true);
	p = mm_map_small(HUGE_BYTES);
	pattern_fill(p, HUGE_BYTES, 98);
	data.event_id = hardware_event(&s);
	assert_int_equal(event_wait(&s, &data, 0), KFD_IOC_WAIT_RESULT_TIMEOUT);
	gpu_stays_lost();
	start = now_ns();
	break_gpu(how);
	assert_int_equal(event_wait(&s, &data, 20000), KFD_IOC_WAIT_RESULT_COMPLETE);
	assert_int_equal(data.hw_exception_data.gpu_id, s.gpu[0].gpu_id);
	assert_int_equal(data.hw_exception_data.memory_lost, 1);
	assert_int_equal(data.hw_exception_data.reset_cause, KFD_HW_EXCEPTION_GPU_HANG);
	assert_int_not_equal(driver_stat(0, "state", "lost"), 0);
	assert_errno(gpu_prefetch(&s, p, HUGE_BYTES, true), ENODEV);
	assert_true(now_ns() - start < 30ull * 1000000000 * harness_slow());
	pattern_check(p, HUGE_BYTES, 98);
	gpu_revive();
}

static const struct guest_test tests[] = {
	TEST(entries_for_nobody_do_nothing),
	TEST(event_ids_without_a_mailbox_wake_nobody),
	TEST(queue_error_must_fit_queue_and_doorbell),
	TEST_XNACK(faults_nobody_had_lose_no_data),
	TEST(violation_stops_only_the_process_it_names),
	TEST(random_entries_hurt_nobody_else),
	TEST_XNACK(completion_of_the_future_is_not_believed),
	TEST(reports_that_do_not_fit_are_replayed),
	TEST(fault_of_before_an_unmap_is_no_violation),
	TEST_ARG("lost_gpu_sets_the_hardware_event_wild_pointer", lost_gpu_sets_the_hardware_event, WILD_POINTER),
	TEST_ARG("lost_gpu_sets_the_hardware_event_kernel_fault", lost_gpu_sets_the_hardware_event, KERNEL_FAULT),
	TEST_ARG("lost_gpu_sets_the_hardware_event_kernel_packet", lost_gpu_sets_the_hardware_event, KERNEL_PACKET),
};
HARNESS_MAIN(tests)
