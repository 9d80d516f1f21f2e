// SPDX-License-Identifier: MIT
/*
 * Checkpoint and restore through CRIU_OP, the way CRIU does it: a program is
 * seized, its state saved through its own descriptor, the program killed, and a
 * fresh process gets the state and goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "criu_world.h"
#include "pattern.h"
#include "pm4.h"
#include "residency.h"
#include "smi.h"
#include "svm_state.h"
#include "trap_code.h"

#define TREE_TEXT (256u * 1024)
#define HUGE_PAGES 1
#define XNACK_ON 2

/* What the test saved of the program. */
static struct criu_image image;
static char *saved_svm;
static char tree_before[TREE_TEXT], tree_after[TREE_TEXT];

static void read_svm(pid_t pid)
{
	struct iovec local = { saved_svm, WORLD_SVM_BYTES }, remote = { WORLD_SVM, WORLD_SVM_BYTES };

	assert_int_equal(process_vm_readv(pid, &local, 1, &remote, 1, 0), WORLD_SVM_BYTES);
}

/* Stops the program and saves all of it; a descriptor of its /dev/kfd. */
static int save(struct world *w, pid_t pid)
{
	int kfd = criu_seize(pid, w->raw.kfd);

	assert_true(kfd >= 0);
	assert_ok(criu_info(kfd, &image));
	assert_int_equal(image.args.pid, pid);
	assert_int_equal(image.args.num_devices, 1);
	assert_int_equal(image.args.num_bos, WORLD_BUFFERS);
	assert_ok(criu_checkpoint(kfd, &image));
	assert_ok(criu_read_buffers(&image));
	svm_pieces(pid, tree_before, TREE_TEXT);
	if (!saved_svm)
		saved_svm = mm_map(WORLD_SVM_BYTES);
	read_svm(pid);
	return kfd;
}

static void start(struct child *c, struct world *w, int (*program)(struct child *c, void *arg))
{
	child_start(c, program, w);
	assert_true(child_hear(c, 'r'));
}

/* Runs @goes_on in a fresh process with the saved state. */
static void restore(struct world *w, int (*goes_on)(struct child *c, void *arg))
{
	int kfd = kfd_open();
	struct child c;

	assert_true(kfd >= 0);
	start(&c, w, goes_on);
	/* Its memory is there; attributes and queue are not. */
	svm_pieces(c.pid, tree_after, TREE_TEXT);
	assert_string_equal(tree_after, "");
	assert_ok(criu_resume(kfd, c.pid));
	svm_pieces(c.pid, tree_after, TREE_TEXT);
	assert_string_equal(tree_after, tree_before);
	assert_errno(criu_resume(kfd, c.pid), EINVAL);
	child_tell(&c, 'g');
	assert_child_ok(&c);
	close(kfd);
}

/*
 * With XNACK on, the GPU's faults brought single pages to VRAM. Of a huge page
 * that cannot be split at that moment, because somebody looks at it, they are
 * used from RAM: one will have come.
 */
static void expect_faulted(struct world *w)
{
	if (w->xnack && w->huge)
		child_expect(residency_vram(WORLD_SVM + WORLD_MANY * PAGE, 60 * PAGE));
	else
		world_expect_vram(WORLD_MANY, 60, w->xnack ? 60 : 0);
}

/* The program: memory of every kind, part in VRAM; then it waits in a packet. */
static int program(struct child *c, void *arg)
{
	struct world *w = arg;
	struct kfd_ioctl_set_event_args set;

	world_start(w);
	world_map_svm(w);
	pattern_fill(WORLD_SVM, WORLD_SVM_BYTES, WORLD_SEED);
	world_set_attributes(w);
	set.event_id = w->signal_event;
	child_expect(!kfd_ioctl(w->raw.kfd, AMDKFD_IOC_SET_EVENT, &set));
	world_gpu_check(w, WORLD_RAM, 512);
	/* With XNACK on, faults bring these to VRAM. */
	world_gpu_check(w, WORLD_MANY, WORLD_MANY_END - WORLD_MANY);
	world_gpu_check(w, WORLD_MAPPED, WORLD_PAGES - WORLD_MAPPED);
	world_expect_vram(WORLD_VRAM, 512, 512);
	world_expect_vram(WORLD_RAM, 512, 0);
	expect_faulted(w);
	world_ask(w, w->answer);

	for (int i = 0; i < 100; i++)
		sdma_add64(&w->q, (void *)&world_flags(w)->counter, 1);
	world_submit(w);
	world_wait(w);
	sdma_poll(&w->q, &world_flags(w)->go, SDMA_EQ, 1);
	for (int i = 0; i < 50; i++)
		sdma_add64(&w->q, (void *)&world_flags(w)->counter, 1);
	sdma_copy(&w->q, w->buffer[WORLD_BOUNCE].addr, WORLD_SVM + 7 * PAGE, 100 * PAGE);
	world_submit(w);
	child_tell(c, 'r');
	child_hear(c, 'g');
	return 0;
}

static void expect_event_is_set(struct world *w)
{
	struct kfd_event_data data = { .event_id = w->signal_event };
	struct kfd_ioctl_wait_events_args wait = {
		.events_ptr = (u64)(uintptr_t)&data, .num_events = 1, .wait_for_all = 1,
	};

	child_expect(!kfd_ioctl(w->raw.kfd, AMDKFD_IOC_WAIT_EVENTS, &wait));
	child_expect(wait.wait_result == KFD_IOC_WAIT_RESULT_COMPLETE);
	data.event_id = w->memory_event;
	child_expect(!kfd_ioctl(w->raw.kfd, AMDKFD_IOC_WAIT_EVENTS, &wait));
	child_expect(wait.wait_result == KFD_IOC_WAIT_RESULT_TIMEOUT);
}

/* What was prefetched is in VRAM again; the rest waits in RAM for a fault. */
static void expect_residency(void)
{
	world_expect_vram(WORLD_VRAM, 512, 512);
	world_expect_vram(WORLD_RAM, WORLD_MAPPED - WORLD_RAM, 0);
	world_expect_vram(WORLD_MAPPED, 256, 256);
	world_expect_vram(WORLD_MAPPED_RAM, 256, 0);
}

static int program_goes_on(struct child *c, void *arg)
{
	struct world *w = arg;

	world_reopen(w, &image, saved_svm);
	child_tell(c, 'r');
	child_expect(child_hear(c, 'g'));

	expect_residency();
	world_expect_same_answers(w);
	child_expect(kfd_xnack(w->raw.kfd, -1) == w->xnack);
	child_expect(pattern_mismatch(w->buffer[WORLD_LOCAL].addr, w->buffer[WORLD_LOCAL].bytes,
				      WORLD_SEED + 1) == PATTERN_OK);
	expect_event_is_set(w);

	/* The packet still waits; what was before it is not done again. */
	child_expect(world_flags(w)->counter == 100 && world_flags(w)->fence == w->q.seq - 1);
	world_flags(w)->go = 1;
	world_wait(w);
	child_expect(world_flags(w)->counter == 150);
	child_expect(!memcmp(w->buffer[WORLD_BOUNCE].addr, WORLD_SVM + 7 * PAGE, 100 * PAGE));

	/* And the queue takes new work, by its old doorbell. */
	world_gpu_check(w, WORLD_VRAM, 512);
	world_gpu_check(w, WORLD_RAM, 512);
	world_gpu_check(w, WORLD_FEW, 5);
	world_gpu_check(w, WORLD_MANY, WORLD_MANY_END - WORLD_MANY);
	world_gpu_check(w, WORLD_MAPPED, WORLD_PAGES - WORLD_MAPPED);
	expect_faulted(w);
	child_expect(pattern_mismatch(WORLD_SVM, WORLD_SVM_BYTES, WORLD_SEED) == PATTERN_OK);
	child_expect(!raw_queue_destroy(&w->raw, w->queue_id));
	return 0;
}

static void restored_process_has_everything(int mode)
{
	struct world *w = world_new(mode & XNACK_ON, mode & HUGE_PAGES);
	struct driver_use before;
	struct child c;

	driver_use(&before);
	start(&c, w, program);
	close(save(w, c.pid));
	criu_kill(c.pid);
	restore(w, program_goes_on);
	driver_use_back(&before, "checkpoint and restore");
}

/* Adds and copies between pages that fault, as long as the ring has room. */
#define WORK_STEPS 400

static void work_submit(struct world *w)
{
	for (unsigned int i = 0; i < WORK_STEPS; i++) {
		unsigned int page = (i * 37) % 500;

		sdma_add64(&w->q, (void *)&world_flags(w)->counter, 1);
		sdma_copy(&w->q, WORLD_SVM + (WORLD_MAPPED + page) * PAGE, WORLD_SVM + (512 + page) * PAGE,
			  12 * PAGE);
	}
	world_submit(w);
}

static void work_expect(struct world *w)
{
	world_wait(w);
	child_expect(world_flags(w)->counter == WORK_STEPS);
	/* 37 and 500 have no common factor: every page below 512 was copied. */
	child_expect(!memcmp(WORLD_SVM + WORLD_MAPPED * PAGE, WORLD_SVM + 512 * PAGE, 400 * PAGE));
	child_expect(pattern_mismatch(WORLD_SVM, WORLD_MAPPED * PAGE, WORLD_SEED) == PATTERN_OK);
}

static int work(struct child *c, void *arg)
{
	struct world *w = arg;

	world_start(w);
	world_map_svm(w);
	pattern_fill(WORLD_SVM, WORLD_MAPPED * PAGE, WORLD_SEED);
	child_expect(!svm_set(w->raw.kfd, WORLD_SVM, WORLD_SVM_BYTES,
			      { KFD_IOCTL_SVM_ATTR_ACCESS, w->raw.gpu.gpu_id },
			      { KFD_IOCTL_SVM_ATTR_GRANULARITY, 2 }));
	work_submit(w);
	child_tell(c, 'r');
	child_expect(child_hear(c, 'g'));
	work_expect(w);
	return 0;
}

static int work_goes_on(struct child *c, void *arg)
{
	struct world *w = arg;

	world_reopen(w, &image, saved_svm);
	child_tell(c, 'r');
	child_expect(child_hear(c, 'g'));
	work_expect(w);
	return 0;
}

/* Saved twice while the GPU works, it does not notice; then it goes on elsewhere. */
static void working_gpu_stands_still_and_goes_on(int xnack)
{
	struct world *w = world_new(xnack, false);
	u64 counter;
	struct child c;
	int kfd;

	start(&c, w, work);
	kfd = save(w, c.pid);
	counter = ((struct world_flags *)image.content[WORLD_POINTERS])->counter;
	/* Nothing moves between two looks: not the counter, not the read pointer. */
	assert_ok(criu_checkpoint(kfd, &image));
	assert_ok(criu_read_buffers(&image));
	assert_int_equal(((struct world_flags *)image.content[WORLD_POINTERS])->counter, counter);
	printf("saved at step %llu of %u\n", (unsigned long long)counter, WORK_STEPS);
	assert_ok(criu_op(kfd, KFD_CRIU_OP_UNPAUSE));
	assert_errno(criu_op(kfd, KFD_CRIU_OP_UNPAUSE), EINVAL);
	close(kfd);
	assert_ok(criu_release(c.pid));
	child_tell(&c, 'g');
	assert_child_ok(&c);

	restore(w, work_goes_on);
}

/* Of the buffer with the trap's code, in bytes. */
#define TRAP_KERNEL 0u
#define TRAP_HANDLER 256u
#define TRAP_DATA 512u
#define TRAP_TMA 0x12345000u

static int trap_setter(struct child *c, void *arg)
{
	struct world *w = arg;
	char *code;

	world_start(w);
	world_map_svm(w);
	code = w->buffer[WORLD_BOUNCE].addr;
	memset(code, 0, PAGE);
	memcpy(code + TRAP_KERNEL, kernel_trap7, sizeof(kernel_trap7));
	memcpy(code + TRAP_HANDLER, handler_count, sizeof(handler_count));
	child_expect(!kfd_ioctl(w->raw.kfd, AMDKFD_IOC_SET_TRAP_HANDLER,
				&(struct kfd_ioctl_set_trap_handler_args){
					.tba_addr = (u64)(uintptr_t)code + TRAP_HANDLER,
					.tma_addr = TRAP_TMA, .gpu_id = w->raw.gpu.gpu_id }));
	child_tell(c, 'r');
	child_hear(c, 'g');
	return 0;
}

/* A PM4 queue of the process; its doorbell is in the page of the queue that was there before. */
static void compute_queue(struct world *w, struct pm4 *q)
{
	u64 doorbells = (u64)(uintptr_t)w->q.res.Queue_DoorBell_aql & ~(KFD_DOORBELL_BYTES - 1ull);
	static struct raw_compute queue;
	HSAuint64 *pointers;

	raw_compute_prepare(&w->raw, &queue);
	child_expect(!kfd_ioctl(w->raw.kfd, AMDKFD_IOC_CREATE_QUEUE, &queue.args));
	pointers = queue.pointers.addr;
	q->ring = queue.ring.addr;
	q->fence = (u32 *)&pointers[8];
	q->res.QueueId = queue.args.queue_id;
	q->res.Queue_write_ptr_aql = &pointers[0];
	q->res.Queue_read_ptr_aql = &pointers[1];
	q->res.Queue_DoorBell_aql =
		(HSAuint64 *)(doorbells + queue.args.doorbell_offset % KFD_DOORBELL_BYTES);
}

static int traps_go_on(struct child *c, void *arg)
{
	struct world *w = arg;
	char *code = w->buffer[WORLD_BOUNCE].addr;
	volatile u32 *data = (u32 *)(code + TRAP_DATA);
	struct pm4 q = { 0 };

	world_reopen(w, &image, saved_svm);
	child_tell(c, 'r');
	child_expect(child_hear(c, 'g'));
	compute_queue(w, &q);
	pm4_launch(&q, &(struct pm4_launch){ .code = (u32 *)(code + TRAP_KERNEL), .data = data,
					     .groups = 10, .items = 64, .trap = true });
	pm4_run(&q);
	child_expect(data[0] == 640 && data[1] == 7 * 640 && data[2] == TRAP_TMA);
	child_expect(!raw_queue_destroy(&w->raw, (u32)q.res.QueueId));
	return 0;
}

/* Waves of the restored process enter the trap handler that the saved one had set. */
static void trap_handler_is_restored(int xnack)
{
	struct world *w = world_new(xnack, false);
	struct child c;

	start(&c, w, trap_setter);
	close(save(w, c.pid));
	criu_kill(c.pid);
	restore(w, traps_go_on);
}

/* Queue stops are told, with their reason. */
static void smi_tells_that_queues_stopped_for_criu(int xnack)
{
	static struct smi smi;
	struct world *w = world_new(xnack, false);
	struct child c;
	struct session s;
	u64 mask = SMI_BIT(QUEUE_EVICTION) | SMI_BIT(QUEUE_RESTORE) | SMI_BIT(ALL_PROCESS);
	int kfd;

	session_start(&s, xnack);
	smi_open(&smi, &s, mask);
	start(&c, w, work);
	smi_read(&smi);
	kfd = criu_seize(c.pid, w->raw.kfd);
	assert_true(kfd >= 0);
	assert_ok(criu_info(kfd, &image));
	assert_ok(criu_info(kfd, &image));
	smi_read(&smi);
	assert_int_equal(smi.nr, 1);
	assert_int_equal(smi.event[0].id, KFD_SMI_EVENT_QUEUE_EVICTION);
	assert_int_equal(smi.event[0].trigger, KFD_QUEUE_EVICTION_CRIU_CHECKPOINT);
	assert_ok(criu_op(kfd, KFD_CRIU_OP_UNPAUSE));
	smi_read(&smi);
	assert_int_equal(smi_count(&smi, KFD_SMI_EVENT_QUEUE_RESTORE, NULL, 0), 1);
	close(kfd);
	assert_ok(criu_release(c.pid));
	child_tell(&c, 'g');
	assert_child_ok(&c);
	smi_close(&smi);
}

/* So is the stop for which a restored process gets its queues. */
static void smi_tells_that_queues_stopped_for_a_restore(int xnack)
{
	static struct smi smi;
	struct world *w = world_new(xnack, false);
	struct child c;
	struct session s;

	start(&c, w, work);
	close(save(w, c.pid));
	criu_kill(c.pid);
	session_start(&s, xnack);
	start(&c, w, work_goes_on);
	smi_open(&smi, &s, SMI_QUEUES | SMI_BIT(ALL_PROCESS));
	assert_ok(criu_resume(s.kfd, c.pid));
	smi_read(&smi);
	assert_in_range(smi.nr, 2, SMI_ROOM);
	assert_int_equal(smi.event[0].id, KFD_SMI_EVENT_QUEUE_EVICTION);
	assert_int_equal(smi.event[0].trigger, KFD_QUEUE_EVICTION_CRIU_RESTORE);
	assert_int_equal(smi.event[0].pid, c.pid);
	assert_int_equal(smi.event[1].id, KFD_SMI_EVENT_QUEUE_RESTORE);
	assert_int_equal(smi.event[1].how, '0');
	assert_int_equal(smi.event[1].pid, c.pid);
	child_tell(&c, 'g');
	assert_child_ok(&c);
	smi_close(&smi);
}

static const struct guest_test tests[] = {
	TEST_ARG("restored_process_has_everything_4k_xnack_on", restored_process_has_everything, XNACK_ON),
	TEST_ARG("restored_process_has_everything_4k_xnack_off", restored_process_has_everything, 0),
	TEST_ARG("restored_process_has_everything_2m_xnack_on", restored_process_has_everything,
		 XNACK_ON | HUGE_PAGES),
	TEST_ARG("restored_process_has_everything_2m_xnack_off", restored_process_has_everything,
		 HUGE_PAGES),
	TEST_XNACK(working_gpu_stands_still_and_goes_on),
	TEST_XNACK(trap_handler_is_restored),
	TEST_XNACK(smi_tells_that_queues_stopped_for_criu),
	TEST_XNACK(smi_tells_that_queues_stopped_for_a_restore),
};
HARNESS_MAIN(tests)
