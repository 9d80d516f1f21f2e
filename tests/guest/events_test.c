// SPDX-License-Identifier: MIT
/* Events: the page of mailboxes, setting, waiting, ages, and who is woken. */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "gpu.h"
#include "mm.h"
#include "sdma.h"

static int wait_raw(struct session *s, struct kfd_event_data *data, u32 nr, bool all, u32 ms, u32 *result)
{
	struct kfd_ioctl_wait_events_args args = {
		.events_ptr = (u64)(uintptr_t)data,
		.num_events = nr,
		.wait_for_all = all,
		.timeout = ms,
	};
	int err = kfd_ioctl(s->kfd, AMDKFD_IOC_WAIT_EVENTS, &args);

	*result = args.wait_result;
	return err;
}

static void set_wakes_wait_and_auto_reset_consumes(int arg)
{
	struct session s;
	HsaEvent *e;

	session_start(&s, false);
	e = signal_event(&s);
	assert_int_equal(hsaKmtWaitOnEvent(e, 0), HSAKMT_STATUS_WAIT_TIMEOUT);
	assert_hsa(hsaKmtSetEvent(e));
	assert_hsa(hsaKmtWaitOnEvent(e, 1000));
	assert_int_equal(hsaKmtWaitOnEvent(e, 0), HSAKMT_STATUS_WAIT_TIMEOUT);
	assert_hsa(hsaKmtDestroyEvent(e));
}

static void manual_reset_event_stays_set(int arg)
{
	HsaEventDescriptor desc = { .EventType = HSA_EVENTTYPE_SIGNAL };
	struct session s;
	HsaEvent *e;

	session_start(&s, false);
	desc.NodeId = s.gpu[0].node;
	assert_hsa(hsaKmtCreateEvent(&desc, true, true, &e));
	assert_hsa(hsaKmtSetEvent(e));
	assert_hsa(hsaKmtWaitOnEvent(e, 1000));
	assert_hsa(hsaKmtWaitOnEvent(e, 0));
	assert_hsa(hsaKmtResetEvent(e));
	assert_int_equal(hsaKmtWaitOnEvent(e, 0), HSAKMT_STATUS_WAIT_TIMEOUT);
	assert_hsa(hsaKmtDestroyEvent(e));
}

static void wait_any_and_wait_all_differ(int arg)
{
	struct session s;
	HsaEvent *e[2];

	session_start(&s, false);
	e[0] = signal_event(&s);
	e[1] = signal_event(&s);
	assert_hsa(hsaKmtSetEvent(e[1]));
	assert_int_equal(hsaKmtWaitOnMultipleEvents(e, 2, true, 20), HSAKMT_STATUS_WAIT_TIMEOUT);
	/* Whether the wait that timed out has consumed the event is not specified. */
	assert_hsa(hsaKmtSetEvent(e[1]));
	assert_hsa(hsaKmtWaitOnMultipleEvents(e, 2, false, 1000));
	assert_hsa(hsaKmtSetEvent(e[0]));
	assert_hsa(hsaKmtSetEvent(e[1]));
	assert_hsa(hsaKmtWaitOnMultipleEvents(e, 2, true, 1000));
}

struct waiter {
	struct session *s;
	HsaEvent *e;
	HSAKMT_STATUS status;
};

static void *wait_long(void *arg)
{
	struct waiter *w = arg;

	w->status = hsaKmtWaitOnEvent(w->e, 20000);
	return NULL;
}

static void set_from_another_thread_wakes_sleeper(int arg)
{
	struct session s;
	struct waiter w = { &s, NULL, HSAKMT_STATUS_ERROR };
	pthread_t thread;

	session_start(&s, false);
	w.e = signal_event(&s);
	assert_int_equal(pthread_create(&thread, NULL, wait_long, &w), 0);
	assert_hsa(hsaKmtSetEvent(w.e));
	pthread_join(thread, NULL);
	assert_hsa(w.status);
}

static void destroy_while_waiting_ends_the_wait(int arg)
{
	struct session s;
	struct waiter w = { &s, NULL, HSAKMT_STATUS_SUCCESS };
	struct kfd_ioctl_destroy_event_args args = { 0 };
	const struct timespec moment = { .tv_nsec = 50000000 };
	pthread_t thread;

	session_start(&s, false);
	w.e = signal_event(&s);
	args.event_id = w.e->EventId;
	assert_int_equal(pthread_create(&thread, NULL, wait_long, &w), 0);
	/* Whether the other thread sleeps cannot be seen; both orders must end the wait. */
	nanosleep(&moment, NULL);
	assert_ok(kfd_ioctl(s.kfd, AMDKFD_IOC_DESTROY_EVENT, &args));
	pthread_join(thread, NULL);
	assert_int_equal(w.status, HSAKMT_STATUS_ERROR);
}

static void age_that_differs_completes_at_once(int arg)
{
	struct kfd_event_data data = { 0 };
	struct session s;
	HsaEvent *e;
	u32 result;

	session_start(&s, false);
	e = signal_event(&s);
	data.event_id = e->EventId;
	data.signal_event_data.last_event_age = 1;
	assert_ok(wait_raw(&s, &data, 1, true, 0, &result));
	assert_int_equal(result, KFD_IOC_WAIT_RESULT_TIMEOUT);
	assert_hsa(hsaKmtSetEvent(e));
	data.signal_event_data.last_event_age = 1;
	assert_ok(wait_raw(&s, &data, 1, true, 0, &result));
	assert_int_equal(result, KFD_IOC_WAIT_RESULT_COMPLETE);
	assert_int_equal(data.signal_event_data.last_event_age, 2);
	/* An age from the past: no need to wait for another set. */
	data.signal_event_data.last_event_age = 1;
	assert_ok(wait_raw(&s, &data, 1, true, 0, &result));
	assert_int_equal(result, KFD_IOC_WAIT_RESULT_COMPLETE);
}

static void bad_arguments_are_refused(int arg)
{
	struct kfd_ioctl_destroy_event_args destroy = { .event_id = 3000 };
	struct kfd_ioctl_set_event_args set = { .event_id = 3000 };
	struct kfd_ioctl_reset_event_args reset = { .event_id = 3000 };
	struct kfd_ioctl_create_event_args create = { .event_page_offset = 0x1234567800000001ull };
	struct kfd_event_data data = { .event_id = 3000 };
	struct session s;
	HsaEvent *e;
	u32 result;

	session_start(&s, false);
	e = signal_event(&s);
	assert_errno(kfd_ioctl(s.kfd, AMDKFD_IOC_DESTROY_EVENT, &destroy), EINVAL);
	assert_errno(kfd_ioctl(s.kfd, AMDKFD_IOC_SET_EVENT, &set), EINVAL);
	assert_errno(kfd_ioctl(s.kfd, AMDKFD_IOC_RESET_EVENT, &reset), EINVAL);
	assert_errno(kfd_ioctl(s.kfd, AMDKFD_IOC_CREATE_EVENT, &create), EINVAL);
	assert_errno(wait_raw(&s, &data, 1, true, 0, &result), EINVAL);
	assert_errno(wait_raw(&s, (void *)8, 1, true, 0, &result), EFAULT);
	assert_true(wait_raw(&s, &data, 0xffffffff, true, 0, &result) < 0);
	/* A memory event is not for user space to set. */
	set.event_id = memory_event(&s)->EventId;
	assert_errno(kfd_ioctl(s.kfd, AMDKFD_IOC_SET_EVENT, &set), EINVAL);
	assert_hsa(hsaKmtSetEvent(e));
	assert_hsa(hsaKmtWaitOnEvent(e, 1000));
}

static void signal_events_end_with_enospc(int arg)
{
	struct kfd_ioctl_create_event_args args;
	unsigned int nr = 0;
	struct session s;
	int err;

	session_start(&s, false);
	signal_event(&s);
	do {
		args = (struct kfd_ioctl_create_event_args){ .auto_reset = 1 };
		err = kfd_ioctl(s.kfd, AMDKFD_IOC_CREATE_EVENT, &args);
		if (!err) {
			assert_in_range(args.event_id, 1, 4095);
			assert_int_equal(args.event_slot_index, args.event_id);
			assert_true(args.event_page_offset != 0);
		}
		nr += !err;
	} while (!err && nr <= 4096);
	assert_errno(err, ENOSPC);
	assert_in_range(nr, 4000, 4094);
	assert_ok(kfd_ioctl(s.kfd, AMDKFD_IOC_DESTROY_EVENT,
			    &(struct kfd_ioctl_destroy_event_args){ .event_id = 77 }));
	assert_ok(kfd_ioctl(s.kfd, AMDKFD_IOC_CREATE_EVENT, &args));
	assert_int_equal(args.event_id, 77);
}

static void event_page_cannot_be_freed(int arg)
{
	struct kfd_ioctl_create_event_args args = { 0 };
	u64 offset = 0, handle = 0;
	void *page = mm_map(32768);
	struct session s;

	session_start(&s, false);
	assert_ok(kfd_alloc(s.kfd, s.gpu[0].gpu_id, (u64)(uintptr_t)page, 32768, 0xd6000002, &offset, &handle));
	assert_ok(kfd_map(s.kfd, handle, s.gpu[0].gpu_id));
	args.event_page_offset = handle;
	assert_ok(kfd_ioctl(s.kfd, AMDKFD_IOC_CREATE_EVENT, &args));
	assert_errno(kfd_free(s.kfd, handle), EPERM);
	/* Only one page for the life of the process. */
	args.event_page_offset = handle + 1;
	assert_errno(kfd_ioctl(s.kfd, AMDKFD_IOC_CREATE_EVENT, &args), EINVAL);
}

/* Fence into the mailbox, then a trap: how SDMA completes a signal. */
static void sdma_trap_sets_the_event(int arg)
{
	struct session s;
	struct sdma q;
	HsaEvent *e;

	session_start(&s, false);
	e = signal_event(&s);
	sdma_create(&q, &s, 0);
	for (int i = 0; i < 20; i++) {
		sdma_fence(&q, (void *)(uintptr_t)e->EventData.HWData2, (u32)e->EventData.HWData1);
		sdma_trap(&q, (u32)e->EventId);
		sdma_kick(&q);
		assert_hsa(hsaKmtWaitOnEvent(e, SDMA_MS));
	}
	sdma_destroy(&q);
	assert_hsa(hsaKmtDestroyEvent(e));
}

/* A stream that traps with ids that are not the process' own wakes nobody. */
static void sdma_trap_with_foreign_id_wakes_nobody(int arg)
{
	struct session s;
	struct sdma q;
	HsaEvent *e;

	session_start(&s, false);
	e = signal_event(&s);
	sdma_create(&q, &s, 0);
	for (u32 id = 2000; id < 2050; id++)
		sdma_trap(&q, id);
	sdma_trap(&q, 0);
	sdma_trap(&q, 0x0fffffff);
	sdma_run(&q);
	assert_int_equal(hsaKmtWaitOnEvent(e, 50), HSAKMT_STATUS_WAIT_TIMEOUT);
	sdma_destroy(&q);
}

static const struct guest_test tests[] = {
	TEST(set_wakes_wait_and_auto_reset_consumes),
	TEST(manual_reset_event_stays_set),
	TEST(wait_any_and_wait_all_differ),
	TEST(set_from_another_thread_wakes_sleeper),
	TEST(destroy_while_waiting_ends_the_wait),
	TEST(age_that_differs_completes_at_once),
	TEST(bad_arguments_are_refused),
	TEST(signal_events_end_with_enospc),
	TEST(event_page_cannot_be_freed),
	TEST(sdma_trap_sets_the_event),
	TEST(sdma_trap_with_foreign_id_wakes_nobody),
};
HARNESS_MAIN(tests)
