// SPDX-License-Identifier: MIT
/*
 * What becomes of a call whose answer cannot be written to where its arguments
 * came from: it is EFAULT and leaves nothing behind that nobody can name.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mm.h"
#include "raw.h"

/* Arguments that can be read and not written: the answer has nowhere to go. */
static int ioctl_read_only(int fd, unsigned long cmd, const void *args)
{
	void *page = mm_map(PAGE);
	int err;

	memcpy(page, args, _IOC_SIZE(cmd));
	mm_protect(page, PAGE, PROT_READ);
	err = kfd_ioctl(fd, cmd, page);
	mm_unmap(page, PAGE);
	return err;
}

static bool available_is(struct raw *r, u64 wanted)
{
	u64 bytes;

	return !kfd_available(r->kfd, r->gpu.gpu_id, &bytes) && bytes == wanted;
}

static void answer_that_cannot_be_written_leaves_nothing(int arg)
{
	struct kfd_ioctl_create_event_args event = { .event_type = KFD_IOC_EVENT_SIGNAL };
	struct kfd_ioctl_smi_events_args smi;
	struct kfd_ioctl_alloc_memory_of_gpu_args memory = { .size = 8 * MIB, .flags = RAW_VRAM };
	struct raw_queue q;
	struct raw r;
	u64 before;
	int fd;

	raw_start(&r);
	raw_queue_prepare(&r, &q, 4096);
	assert_errno(ioctl_read_only(r.kfd, AMDKFD_IOC_CREATE_QUEUE, &q.args), EFAULT);
	assert_ok(raw_queue_create(&r, &q));
	assert_int_equal(q.args.queue_id, 1);
	assert_errno(ioctl_read_only(r.kfd, AMDKFD_IOC_CREATE_EVENT, &event), EFAULT);
	assert_ok(kfd_ioctl(r.kfd, AMDKFD_IOC_CREATE_EVENT, &event));
	assert_int_equal(event.event_id, 1);
	memory.gpu_id = r.gpu.gpu_id;
	memory.va_addr = RAW_VA;
	assert_ok(kfd_available(r.kfd, r.gpu.gpu_id, &before));
	assert_errno(ioctl_read_only(r.kfd, AMDKFD_IOC_ALLOC_MEMORY_OF_GPU, &memory), EFAULT);
	assert_true(wait_until(available_is(&r, before), 5000));
	smi.gpuid = r.gpu.gpu_id;
	fd = dup(r.kfd);
	close(fd);
	assert_errno(ioctl_read_only(r.kfd, AMDKFD_IOC_SMI_EVENTS, &smi), EFAULT);
	assert_int_equal(dup(r.kfd), fd);
}

/* What says all by its return value needs no place for an answer. */
static void calls_without_answer_take_read_only_arguments(int arg)
{
	struct kfd_ioctl_destroy_queue_args destroy = { 0 };
	struct kfd_ioctl_set_xnack_mode_args xnack = { .xnack_enabled = 1 };
	struct kfd_ioctl_svm_args svm = { .size = PAGE, .op = KFD_IOCTL_SVM_OP_SET_ATTR };
	struct raw_queue q;
	struct raw r;

	raw_start(&r);
	assert_ok(ioctl_read_only(r.kfd, AMDKFD_IOC_SET_XNACK_MODE, &xnack));
	assert_int_equal(kfd_xnack(r.kfd, -1), 1);
	xnack.xnack_enabled = -1;
	assert_errno(ioctl_read_only(r.kfd, AMDKFD_IOC_SET_XNACK_MODE, &xnack), EFAULT);
	svm.start_addr = (u64)(uintptr_t)mm_map(PAGE);
	assert_ok(ioctl_read_only(r.kfd, AMDKFD_IOC_SVM, &svm));
	svm.op = KFD_IOCTL_SVM_OP_GET_ATTR;
	assert_errno(ioctl_read_only(r.kfd, AMDKFD_IOC_SVM, &svm), EFAULT);
	raw_queue_prepare(&r, &q, 4096);
	assert_ok(raw_queue_create(&r, &q));
	destroy.queue_id = q.args.queue_id;
	assert_ok(ioctl_read_only(r.kfd, AMDKFD_IOC_DESTROY_QUEUE, &destroy));
	assert_errno(raw_queue_destroy(&r, destroy.queue_id), EINVAL);
}

/* The event that brings the page fails: the page can be brought again. */
static void event_page_comes_with_its_event_or_not_at_all(int arg)
{
	struct kfd_ioctl_create_event_args event = { .event_type = KFD_IOC_EVENT_SIGNAL };
	struct raw_buffer page;
	struct raw r;

	raw_start(&r);
	raw_buffer_alloc(&r, &page, 8 * PAGE, RAW_GTT);
	event.event_page_offset = page.handle;
	assert_errno(ioctl_read_only(r.kfd, AMDKFD_IOC_CREATE_EVENT, &event), EFAULT);
	assert_ok(kfd_ioctl(r.kfd, AMDKFD_IOC_CREATE_EVENT, &event));
	assert_int_equal(event.event_id, 1);
	event.event_page_offset = page.handle;
	assert_errno(kfd_ioctl(r.kfd, AMDKFD_IOC_CREATE_EVENT, &event), EINVAL);
	assert_errno(kfd_free(r.kfd, page.handle), EPERM);
}

static const struct guest_test tests[] = {
	TEST(answer_that_cannot_be_written_leaves_nothing),
	TEST(calls_without_answer_take_read_only_arguments),
	TEST(event_page_comes_with_its_event_or_not_at_all),
};
HARNESS_MAIN(tests)
