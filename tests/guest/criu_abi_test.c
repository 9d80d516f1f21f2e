// SPDX-License-Identifier: MIT
/* CRIU_OP with bad arguments: KFD's errno, nothing changed; and what it refuses to save. */
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "criu_world.h"
#include "pattern.h"
#include "svm_state.h"

#define OPS 5u
#define TREE_TEXT 4096u

static struct criu_image image, bad;
static char *saved_svm;
static char tree[TREE_TEXT];

static bool drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };

	return !syscall(SYS_capset, &header, none);
}

static int without_gpu(struct child *c, void *arg)
{
	int kfd = kfd_open();

	child_expect(kfd >= 0);
	child_expect(criu_op(kfd, KFD_CRIU_OP_PROCESS_INFO) == -ENODEV);
	child_expect(criu_op(kfd, KFD_CRIU_OP_CHECKPOINT) == -EINVAL);
	child_expect(criu_op(kfd, KFD_CRIU_OP_UNPAUSE) == -EINVAL);
	child_expect(criu_op(kfd, KFD_CRIU_OP_RESTORE) == -EINVAL);
	child_expect(criu_op(kfd, OPS) == -EINVAL && criu_op(kfd, ~0u) == -EINVAL);
	child_expect(criu_resume(kfd, getpid()) == -EINVAL);
	child_expect(criu_resume(kfd, 1) == -ESRCH);	/* no GPU process */
	child_expect(criu_resume(kfd, 0) == -ESRCH && criu_resume(kfd, 0x3fffffff) == -ESRCH);
	child_expect(drop_capabilities());
	for (u32 op = 0; op <= OPS; op++)
		child_expect(criu_op(kfd, op) == -EACCES);
	return 0;
}

static void operations_without_state_or_privilege_are_refused(int arg)
{
	struct child c;

	child_start(&c, without_gpu, NULL);
	assert_child_ok(&c);
}

/* A program that the test can save: every kind of object, few pieces. */
static int program(struct child *c, void *arg)
{
	struct world *w = arg;
	u32 gpu;

	world_start(w);
	world_map_svm(w);
	gpu = w->raw.gpu.gpu_id;
	pattern_fill(WORLD_SVM, WORLD_SVM_BYTES, WORLD_SEED);
	for (unsigned int i = 0; i < 3; i++)
		child_expect(!svm_set(w->raw.kfd, WORLD_SVM + i * HUGE_BYTES, HUGE_BYTES / 2,
				      { KFD_IOCTL_SVM_ATTR_ACCESS, gpu },
				      { KFD_IOCTL_SVM_ATTR_PREFETCH_LOC, i ? 0 : gpu },
				      { KFD_IOCTL_SVM_ATTR_GRANULARITY, i }));
	sdma_add64(&w->q, (void *)&world_flags(w)->counter, 1);
	world_submit(w);
	world_wait(w);
	child_tell(c, 'r');
	child_expect(child_hear(c, 'g'));
	world_gpu_check(w, 0, 10);
	child_expect(world_flags(w)->counter == 1);
	return 0;
}

static struct world *start(struct child *c, int xnack)
{
	struct world *w = world_new(xnack, false);

	child_start(c, program, w);
	assert_true(child_hear(c, 'r'));
	return w;
}

static void foreign_descriptor_needs_a_tracer(int arg)
{
	struct kfd_ioctl_get_version_args version;
	struct child c;
	struct world *w = start(&c, 1);
	int kfd = criu_seize(c.pid, w->raw.kfd);

	assert_true(kfd >= 0);
	assert_errno(kfd_ioctl(kfd, AMDKFD_IOC_GET_VERSION, &version), EBADF);
	assert_ok(criu_info(kfd, &image));
	assert_ok(criu_release(c.pid));
	for (u32 op = 0; op <= OPS; op++)
		assert_errno(criu_op(kfd, op), EBADF);
	/* It was left paused: only a tracer can help. */
	close(kfd);
	kfd = criu_seize(c.pid, w->raw.kfd);
	assert_ok(criu_op(kfd, KFD_CRIU_OP_UNPAUSE));
	assert_ok(criu_release(c.pid));
	child_tell(&c, 'g');
	assert_child_ok(&c);
	/* Its owner is gone, and so is the process. */
	assert_errno(criu_op(kfd, KFD_CRIU_OP_PROCESS_INFO), EBADF);
}

static int checkpoint_with(int kfd, const struct kfd_ioctl_criu_args *args)
{
	struct kfd_ioctl_criu_args copy = *args;

	copy.op = KFD_CRIU_OP_CHECKPOINT;
	return kfd_ioctl(kfd, AMDKFD_IOC_CRIU_OP, &copy);
}

static void checkpoint_counts_are_refused(int kfd)
{
	struct kfd_ioctl_criu_args args;

	for (int step = -1; step <= 1; step += 2) {
		args = image.args;
		args.num_devices += (u32)step;
		assert_errno(checkpoint_with(kfd, &args), EINVAL);
		args = image.args;
		args.num_bos += (u32)step;
		assert_errno(checkpoint_with(kfd, &args), EINVAL);
		args = image.args;
		args.num_objects += (u32)step;
		assert_errno(checkpoint_with(kfd, &args), EINVAL);
		args = image.args;
		args.priv_data_size += (u64)(s64)step;
		assert_errno(checkpoint_with(kfd, &args), EINVAL);
	}
}

/* dup() tells the lowest free number: nothing may be left open. */
static void checkpoint_pointers_are_refused(int kfd)
{
	const u64 places[] = { 0, 0x10000, 0xffff800000000000ull };
	struct kfd_ioctl_criu_args args;
	int lowest = dup(kfd), again;

	close(lowest);
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		args = image.args;
		args.devices = places[i];
		assert_errno(checkpoint_with(kfd, &args), EFAULT);
		args = image.args;
		args.bos = places[i];
		assert_errno(checkpoint_with(kfd, &args), EFAULT);
		args = image.args;
		args.priv_data = places[i];
		assert_errno(checkpoint_with(kfd, &args), EFAULT);
	}
	again = dup(kfd);
	close(again);
	assert_int_equal(again, lowest);
}

/* The answer of PROCESS_INFO has nowhere to go: it did not pause. */
static void info_without_answer_does_not_pause(int kfd)
{
	struct kfd_ioctl_criu_args *args = mm_map(PAGE);

	args->op = KFD_CRIU_OP_PROCESS_INFO;
	mm_protect(args, PAGE, PROT_READ);
	assert_errno(kfd_ioctl(kfd, AMDKFD_IOC_CRIU_OP, args), EFAULT);
	assert_errno(criu_op(kfd, KFD_CRIU_OP_UNPAUSE), EINVAL);
	assert_ok(criu_info(kfd, &image));
	assert_errno(kfd_ioctl(kfd, AMDKFD_IOC_CRIU_OP, args), EFAULT);
	assert_ok(criu_op(kfd, KFD_CRIU_OP_UNPAUSE));
	mm_unmap(args, PAGE);
}

static void checkpoint_bad_arguments_are_refused(int xnack)
{
	struct child c;
	struct world *w = start(&c, xnack);
	int kfd = criu_seize(c.pid, w->raw.kfd);

	assert_true(kfd >= 0);
	info_without_answer_does_not_pause(kfd);
	assert_ok(criu_info(kfd, &image));
	image.args.devices = (u64)(uintptr_t)image.devices;
	image.args.bos = (u64)(uintptr_t)image.bos;
	image.args.priv_data = (u64)(uintptr_t)image.priv;
	checkpoint_counts_are_refused(kfd);
	checkpoint_pointers_are_refused(kfd);
	assert_ok(criu_checkpoint(kfd, &image));
	criu_close_buffers(&image);
	assert_ok(criu_op(kfd, KFD_CRIU_OP_UNPAUSE));
	assert_errno(checkpoint_with(kfd, &image.args), EINVAL);
	close(kfd);
	assert_ok(criu_release(c.pid));
	child_tell(&c, 'g');
	assert_child_ok(&c);
}

static void user_memory_is_not_saved(int arg)
{
	struct raw_buffer b;
	struct raw r;

	raw_start(&r);
	assert_ok(criu_info(r.kfd, &image));
	assert_ok(criu_op(r.kfd, KFD_CRIU_OP_UNPAUSE));
	raw_buffer_alloc(&r, &b, PAGE, RAW_USERPTR);
	assert_errno(criu_info(r.kfd, &image), EOPNOTSUPP);
	assert_errno(criu_op(r.kfd, KFD_CRIU_OP_UNPAUSE), EINVAL);
	raw_buffer_free(&r, &b);
	assert_ok(criu_info(r.kfd, &image));
}

static void compute_queues_are_not_saved(int arg)
{
	struct raw_compute q;
	struct raw r;

	raw_start(&r);
	raw_compute_prepare(&r, &q);
	assert_ok(kfd_ioctl(r.kfd, AMDKFD_IOC_CREATE_QUEUE, &q.args));
	assert_errno(criu_info(r.kfd, &image), EOPNOTSUPP);
	assert_errno(criu_op(r.kfd, KFD_CRIU_OP_UNPAUSE), EINVAL);
	assert_ok(raw_queue_destroy(&r, q.args.queue_id));
	assert_ok(criu_info(r.kfd, &image));
}

/* An image of the program, which is dead then. */
static struct world *image_take(int xnack)
{
	struct child c;
	struct world *w = start(&c, xnack);
	int kfd = criu_seize(c.pid, w->raw.kfd);

	assert_true(kfd >= 0);
	assert_ok(criu_info(kfd, &image));
	assert_ok(criu_checkpoint(kfd, &image));
	assert_ok(criu_read_buffers(&image));
	svm_pieces(c.pid, tree, TREE_TEXT);
	close(kfd);
	saved_svm = mm_map(WORLD_SVM_BYTES);
	pattern_fill(saved_svm, WORLD_SVM_BYTES, WORLD_SEED);
	criu_kill(c.pid);
	return w;
}

static int restore_bad(int kfd, int render)
{
	int err = criu_restore(kfd, render, &bad);

	if (!err)
		criu_close_buffers(&bad);
	return err;
}

/* @change makes the image one that RESTORE must refuse with @err. */
#define REFUSED(err, change)                                                 \
	do {                                                                 \
		bad = image;                                                 \
		change;                                                      \
		child_expect(restore_bad(kfd, render) == -(err));            \
	} while (0)

static void expect_bad_numbers_refused(int kfd, int render)
{
	REFUSED(EINVAL, bad.args.num_devices = 0);
	REFUSED(EINVAL, bad.args.num_devices = MAX_GPUS + 1);
	REFUSED(EINVAL, bad.args.num_devices = 2);
	REFUSED(EINVAL, bad.args.num_bos--);
	REFUSED(EINVAL, bad.args.num_bos = ~0u);
	REFUSED(EINVAL, bad.args.num_objects++);
	REFUSED(EINVAL, bad.args.priv_data_size = 0);
	REFUSED(EINVAL, bad.args.priv_data_size -= 8);
	REFUSED(EINVAL, bad.args.priv_data_size += 8);
	REFUSED(EINVAL, bad.args.priv_data_size = ~0ull);
	REFUSED(EINVAL, bad.devices[0].user_gpu_id++);
	REFUSED(EINVAL, bad.devices[0].user_gpu_id = bad.devices[0].actual_gpu_id = 1);
	REFUSED(EINVAL, bad.devices[0].actual_gpu_id = bad.devices[0].user_gpu_id = 0);
	REFUSED(EINVAL, bad.bos[1].gpu_id++);
	REFUSED(EINVAL, bad.bos[1].alloc_flags = 0);
	REFUSED(EINVAL, bad.bos[1].alloc_flags = RAW_USERPTR);
	REFUSED(EINVAL, bad.bos[1].alloc_flags |= RAW_VRAM);
	REFUSED(EINVAL, bad.bos[1].alloc_flags = RAW_DOORBELL);
	REFUSED(EINVAL, bad.bos[1].addr++);
	REFUSED(EINVAL, bad.bos[1].addr = bad.bos[0].addr);
	REFUSED(EINVAL, bad.bos[1].addr = ~0xfffull);
	REFUSED(EINVAL, bad.bos[1].size = 0);
	REFUSED(EINVAL, bad.bos[1].size++);
	REFUSED(EINVAL, bad.bos[1].size = ~0xfffull);
	REFUSED(ENOMEM, bad.bos[WORLD_LOCAL].size = 1ull << 40);
}

static int restore_pointers(int kfd, int render, u64 devices, u64 bos, u64 priv)
{
	struct kfd_ioctl_criu_args args = image.args;

	args.op = KFD_CRIU_OP_RESTORE;
	image.devices[0].drm_fd = (u32)render;
	args.devices = devices;
	args.bos = bos;
	args.priv_data = priv;
	return kfd_ioctl(kfd, AMDKFD_IOC_CRIU_OP, &args);
}

static void expect_bad_pointers_refused(int kfd, int render)
{
	u64 devices = (u64)(uintptr_t)image.devices, bos = (u64)(uintptr_t)image.bos;
	u64 priv = (u64)(uintptr_t)image.priv;
	void *read_only = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	child_expect(restore_pointers(kfd, render, 0, bos, priv) == -EFAULT);
	child_expect(restore_pointers(kfd, render, devices, 0, priv) == -EFAULT);
	child_expect(restore_pointers(kfd, render, devices, bos, 0) == -EFAULT);
	child_expect(restore_pointers(kfd, -1, devices, bos, priv) == -EINVAL);
	child_expect(restore_pointers(kfd, kfd, devices, bos, priv) == -EINVAL);
	/* All was made by then; it is taken back. */
	memcpy(read_only, image.bos, sizeof(image.bos));
	child_expect(!mprotect(read_only, PAGE, PROT_READ));
	child_expect(restore_pointers(kfd, render, devices, (u64)(uintptr_t)read_only, priv) == -EFAULT);
}

static int restore_after_refusals(struct child *c, void *arg)
{
	struct world *w = arg;
	int kfd = kfd_open(), render = kfd_render_open(&w->raw.gpu), lowest = dup(kfd), again;

	close(lowest);
	expect_bad_numbers_refused(kfd, render);
	expect_bad_pointers_refused(kfd, render);
	/* Nothing was left: no descriptor, no GPU, the old XNACK mode. */
	again = dup(kfd);
	close(again);
	child_expect(again == lowest);
	child_expect(criu_op(kfd, KFD_CRIU_OP_PROCESS_INFO) == -ENODEV);
	child_expect(kfd_xnack(kfd, -1) == 0);
	close(kfd);
	close(render);

	world_reopen(w, &image, saved_svm);
	child_expect(criu_op(w->raw.kfd, KFD_CRIU_OP_PROCESS_INFO) == -EBUSY);
	child_expect(restore_bad(w->raw.kfd, w->raw.render) == -EINVAL);
	/* Part of the memory is missing: no attribute, no queue; then all. */
	child_expect(!munmap(WORLD_SVM + 2 * HUGE_BYTES + PAGE, PAGE));
	child_expect(criu_resume(w->raw.kfd, getpid()) == -EFAULT);
	child_expect(raw_queue_destroy(&w->raw, w->queue_id) == -EINVAL);
	child_tell(c, 'r');
	child_expect(child_hear(c, 'm'));
	child_expect(mmap(WORLD_SVM + 2 * HUGE_BYTES + PAGE, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED);
	child_expect(!criu_resume(w->raw.kfd, getpid()));
	world_gpu_check(w, 0, 10);
	child_tell(c, 'r');
	child_expect(child_hear(c, 'g'));
	return 0;
}

static void restore_bad_arguments_are_refused(int xnack)
{
	struct world *w = image_take(xnack);
	static char now[TREE_TEXT];
	struct driver_use before;
	struct child c;

	driver_use(&before);
	child_start(&c, restore_after_refusals, w);
	assert_true(child_hear(&c, 'r'));
	svm_pieces(c.pid, now, TREE_TEXT);
	assert_string_equal(now, "");
	child_tell(&c, 'm');
	assert_true(child_hear(&c, 'r'));
	svm_pieces(c.pid, now, TREE_TEXT);
	assert_string_equal(now, tree);
	child_tell(&c, 'g');
	assert_child_ok(&c);
	driver_use_back(&before, "RESTORE with bad arguments");
}

/* Progress of the next test, shared with its children. */
struct words {
	struct world *w;
	u32 next, refused, taken;
};

static u32 changed(u32 word)
{
	switch (harness_random() % 5) {
	case 0:
		return 0;
	case 1:
		return ~0u;
	case 2:
		return word + 1;
	case 3:
		return word ^ 1u << harness_random() % 32;
	default:
		return (u32)harness_random();
	}
}

/* Until a change was none that anybody could notice: that process is not fresh any more. */
static int restore_changed_words(struct child *c, void *arg)
{
	struct words *words = arg;
	int kfd = kfd_open(), render = kfd_render_open(&words->w->raw.gpu), err;
	u32 nr = (u32)(image.args.priv_data_size / sizeof(u32)), *word;

	while (words->next < nr) {
		bad = image;
		word = (u32 *)bad.priv + words->next;
		words->next += 1 + (u32)(harness_random() % 3);
		*word = changed(*word);
		err = restore_bad(kfd, render);
		if (!err) {
			words->taken++;
			/* Whatever it says: there is no memory at that place, or not all. */
			err = criu_resume(kfd, getpid());
			child_expect(err < 0);
			return 0;
		}
		child_expect(err == -EINVAL || err == -EPERM);
		words->refused++;
	}
	return 0;
}

static void private_data_is_not_trusted(int arg)
{
	struct words *words = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	u32 nr, round = 0;
	struct driver_use before;
	struct child c;

	words->w = image_take(1);
	nr = (u32)(image.args.priv_data_size / sizeof(u32));
	driver_use(&before);
	while (words->next < nr) {
		/* The children fork with the state of the random numbers. */
		for (u32 i = 0; i < round; i++)
			harness_random();
		round++;
		child_start(&c, restore_changed_words, words);
		assert_child_ok(&c);
	}
	printf("%u words, %u refused, %u taken\n", nr, words->refused, words->taken);
	assert_true(words->refused > nr / 8);
	driver_use_back(&before, "RESTORE of changed data");
}

static void process_with_state_cannot_be_restored(int xnack)
{
	struct kfd_ioctl_create_event_args event = { .event_type = KFD_IOC_EVENT_SIGNAL };
	struct world *w = image_take(xnack);
	int kfd = kfd_open(), render;
	struct raw r;

	render = kfd_render_open(&w->raw.gpu);
	bad = image;
	assert_ok(kfd_ioctl(kfd, AMDKFD_IOC_CREATE_EVENT, &event));
	assert_errno(restore_bad(kfd, render), EINVAL);
	close(kfd);
	close(render);
	raw_start(&r);
	assert_errno(restore_bad(r.kfd, r.render), EINVAL);
}

static const struct guest_test tests[] = {
	TEST(operations_without_state_or_privilege_are_refused),
	TEST(foreign_descriptor_needs_a_tracer),
	TEST_XNACK(checkpoint_bad_arguments_are_refused),
	TEST(user_memory_is_not_saved),
	TEST(compute_queues_are_not_saved),
	TEST_XNACK(restore_bad_arguments_are_refused),
	TEST(private_data_is_not_trusted),
	TEST_XNACK(process_with_state_cannot_be_restored),
};
HARNESS_MAIN(tests)
