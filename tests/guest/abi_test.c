// SPDX-License-Identifier: MIT
/*
 * The ioctl interface as an attacker or a confused program sees it: each call
 * with bad arguments is refused with KFD's errno and changes nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kfd.h"
#include "mm.h"
#include "raw.h"

#define NO_GPU	0xdead
#define BAD_POINTER 8ull	/* never mapped */
#define KERNEL_POINTER 0xffff888000000000ull

static void version_get_reports_1_23(int arg)
{
	struct kfd_ioctl_get_version_args args = { 0 };
	int fd = kfd_open();

	assert_ok(kfd_ioctl(fd, AMDKFD_IOC_GET_VERSION, &args));
	assert_int_equal(args.major_version, 1);
	assert_int_equal(args.minor_version, 23);
}

static void open_twice_shares_one_process(int arg)
{
	int first = kfd_open(), second = kfd_open();

	assert_int_equal(kfd_xnack(first, 1), 1);
	assert_int_equal(kfd_xnack(second, -1), 1);
	assert_int_equal(kfd_xnack(second, 0), 0);
	assert_int_equal(kfd_xnack(first, -1), 0);
}

static void open_close_many_times_keeps_working(int arg)
{
	for (int i = 0; i < 200; i++) {
		int fd = kfd_open();

		assert_true(fd >= 0);
		close(fd);
	}
	version_get_reports_1_23(0);
}

static void open_after_close_finds_same_process(int arg)
{
	struct raw r;
	int again;

	raw_start(&r);
	assert_int_equal(kfd_xnack(r.kfd, 1), 1);
	close(r.kfd);
	again = kfd_open();
	assert_int_equal(kfd_xnack(again, -1), 1);
	/* The VM is still acquired by the old render file. */
	assert_errno(kfd_acquire_vm(again, r.gpu.gpu_id, kfd_render_open(&r.gpu)), EBUSY);
}

static void dispatch_unknown_number_is_enotty(int arg)
{
	static const unsigned int numbers[] = { 0, 0x29, 0x2a, 0x80, 0x81, 0x83, 0x84, 0x85, 0xff };
	char buffer[512] = { 0 };
	int fd = kfd_open();

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		assert_errno(kfd_ioctl_sized(fd, numbers[i], 64, buffer), ENOTTY);
}

static void dispatch_short_size_writes_only_that_much(int arg)
{
	u32 args[4] = { 7, 7, 7, 7 };
	int fd = kfd_open();

	assert_ok(kfd_ioctl_sized(fd, _IOC_NR(AMDKFD_IOC_GET_VERSION), sizeof(u32), args));
	assert_int_equal(args[0], 1);
	assert_int_equal(args[1], 7);
}

static void dispatch_short_size_reads_rest_as_zero(int arg)
{
	struct raw r;
	struct kfd_ioctl_get_available_memory_args args = { 0 };

	raw_start(&r);
	args.gpu_id = r.gpu.gpu_id;
	/* The caller's size ends before gpu_id, so the kernel sees gpu_id 0. */
	assert_errno(kfd_ioctl_sized(r.kfd, _IOC_NR(AMDKFD_IOC_AVAILABLE_MEMORY), 8, &args), EINVAL);
	assert_ok(kfd_ioctl_sized(r.kfd, _IOC_NR(AMDKFD_IOC_AVAILABLE_MEMORY), 12, &args));
	assert_true(args.available > 0);
}

static void dispatch_long_size_writes_nothing_behind_it(int arg)
{
	unsigned char buffer[256];
	int fd = kfd_open();

	memset(buffer, 0x5a, sizeof(buffer));
	assert_ok(kfd_ioctl_sized(fd, _IOC_NR(AMDKFD_IOC_GET_VERSION), 128, buffer));
	assert_int_equal(((u32 *)buffer)[0], 1);
	for (size_t i = 128; i < sizeof(buffer); i++)
		assert_int_equal(buffer[i], 0x5a);
}

static void dispatch_ignores_direction_bits(int arg)
{
	struct kfd_ioctl_get_version_args args = { 0 };
	int fd = kfd_open();

	assert_ok(kfd_ioctl(fd, _IOC(_IOC_NONE, AMDKFD_IOCTL_BASE, 1, sizeof(args)), &args));
	assert_int_equal(args.minor_version, 23);
}

static void dispatch_bad_pointer_is_efault(int arg)
{
	static const unsigned long commands[] = {
		AMDKFD_IOC_GET_VERSION, AMDKFD_IOC_CREATE_QUEUE, AMDKFD_IOC_DESTROY_QUEUE,
		AMDKFD_IOC_SET_MEMORY_POLICY, AMDKFD_IOC_GET_CLOCK_COUNTERS,
		AMDKFD_IOC_GET_PROCESS_APERTURES, AMDKFD_IOC_UPDATE_QUEUE, AMDKFD_IOC_CREATE_EVENT,
		AMDKFD_IOC_DESTROY_EVENT, AMDKFD_IOC_SET_EVENT, AMDKFD_IOC_RESET_EVENT,
		AMDKFD_IOC_WAIT_EVENTS, AMDKFD_IOC_SET_SCRATCH_BACKING_VA,
		AMDKFD_IOC_SET_TRAP_HANDLER, AMDKFD_IOC_GET_PROCESS_APERTURES_NEW,
		AMDKFD_IOC_ACQUIRE_VM, AMDKFD_IOC_ALLOC_MEMORY_OF_GPU,
		AMDKFD_IOC_FREE_MEMORY_OF_GPU, AMDKFD_IOC_MAP_MEMORY_TO_GPU,
		AMDKFD_IOC_UNMAP_MEMORY_FROM_GPU, AMDKFD_IOC_SET_CU_MASK, AMDKFD_IOC_SMI_EVENTS,
		AMDKFD_IOC_SVM, AMDKFD_IOC_SET_XNACK_MODE, AMDKFD_IOC_AVAILABLE_MEMORY,
		AMDKFD_IOC_RUNTIME_ENABLE,
	};
	int fd = kfd_open();

	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		assert_errno(kfd_ioctl(fd, commands[i], (void *)BAD_POINTER), EFAULT);
}

static void debug_calls_of_old_are_eperm(int arg)
{
	char buffer[64] = { 0 };
	int fd = kfd_open();

	for (unsigned int nr = 0x0d; nr <= 0x10; nr++)
		assert_errno(kfd_ioctl_sized(fd, nr, 16, buffer), EPERM);
}

static int use_parents_descriptor(struct child *c, void *arg)
{
	struct kfd_ioctl_get_version_args args;
	struct raw *r = arg;

	child_expect(kfd_ioctl(r->kfd, AMDKFD_IOC_GET_VERSION, &args) == -EBADF);
	child_expect(mmap(NULL, KFD_DOORBELL_BYTES, PROT_READ, MAP_SHARED, r->kfd,
			  (off_t)KFD_MMAP_DOORBELL(r->gpu.gpu_id)) == MAP_FAILED && errno == EBADF);
	close(r->kfd);
	r->kfd = kfd_open();
	child_expect(r->kfd >= 0);
	child_expect(!kfd_ioctl(r->kfd, AMDKFD_IOC_GET_VERSION, &args));
	return 0;
}

static void fork_child_with_parents_descriptor_is_ebadf(int arg)
{
	struct child c;
	struct raw r;

	raw_start(&r);
	child_start(&c, use_parents_descriptor, &r);
	assert_child_ok(&c);
	assert_int_equal(kfd_xnack(r.kfd, -1), 0);
}

static void apertures_new_reports_gfx9_layout(int arg)
{
	struct kfd_process_device_apertures ap[16] = { 0 };
	struct kfd_ioctl_get_process_apertures_new_args args = {
		.kfd_process_device_apertures_ptr = (u64)(uintptr_t)ap,
	};
	struct raw r;

	raw_start(&r);
	assert_ok(kfd_ioctl(r.kfd, AMDKFD_IOC_GET_PROCESS_APERTURES_NEW, &args));
	assert_int_equal(args.num_of_nodes, r.nr_gpus);
	/* As libhsakmt asks: room for all nodes, the CPU included. */
	args.num_of_nodes = r.nr_gpus + 1;
	assert_ok(kfd_ioctl(r.kfd, AMDKFD_IOC_GET_PROCESS_APERTURES_NEW, &args));
	assert_int_equal(args.num_of_nodes, r.nr_gpus);
	assert_int_equal(ap[0].gpu_id, r.gpu.gpu_id);
	assert_int_equal(ap[0].lds_base, 0x0001000000000000);
	assert_int_equal(ap[0].lds_limit, 0x00010000ffffffff);
	assert_int_equal(ap[0].scratch_base, 0x0002000000000000);
	assert_int_equal(ap[0].scratch_limit, 0x00020000ffffffff);
	assert_int_equal(ap[0].gpuvm_base, 0x10000);
	assert_int_equal(ap[0].gpuvm_limit, 0x00007fffffffffff);
}

static void apertures_new_bad_arguments_refused(int arg)
{
	struct kfd_ioctl_get_process_apertures_new_args args = { .num_of_nodes = 1000 };
	struct raw r;

	raw_start(&r);
	assert_errno(kfd_ioctl(r.kfd, AMDKFD_IOC_GET_PROCESS_APERTURES_NEW, &args), EINVAL);
	args.num_of_nodes = 1;
	args.kfd_process_device_apertures_ptr = BAD_POINTER;
	assert_errno(kfd_ioctl(r.kfd, AMDKFD_IOC_GET_PROCESS_APERTURES_NEW, &args), EFAULT);
}

static void apertures_old_lists_the_gpu(int arg)
{
	struct kfd_ioctl_get_process_apertures_args args = { 0 };
	struct raw r;

	raw_start(&r);
	assert_ok(kfd_ioctl(r.kfd, AMDKFD_IOC_GET_PROCESS_APERTURES, &args));
	assert_int_equal(args.num_of_nodes, r.nr_gpus < 7 ? r.nr_gpus : 7);
	assert_int_equal(args.process_apertures[0].gpu_id, r.gpu.gpu_id);
}

static void acquire_vm_bad_arguments_refused(int arg)
{
	int kfd = kfd_open(), null = open("/dev/null", O_RDWR), render, other;
	struct kfd_node nodes[MAX_GPUS];

	kfd_nodes(nodes);
	render = kfd_render_open(&nodes[0]);
	assert_true(render >= 0);
	assert_errno(kfd_acquire_vm(kfd, nodes[0].gpu_id, -1), EINVAL);
	assert_errno(kfd_acquire_vm(kfd, nodes[0].gpu_id, null), EINVAL);
	assert_errno(kfd_acquire_vm(kfd, nodes[0].gpu_id, kfd), EINVAL);
	assert_errno(kfd_acquire_vm(kfd, NO_GPU, render), EINVAL);
	/* None of the refused calls took the VM. */
	assert_ok(kfd_acquire_vm(kfd, nodes[0].gpu_id, render));
	assert_ok(kfd_acquire_vm(kfd, nodes[0].gpu_id, render));
	other = kfd_render_open(&nodes[0]);
	assert_errno(kfd_acquire_vm(kfd, nodes[0].gpu_id, other), EBUSY);
}

static void acquire_vm_of_another_gpu_is_einval(int arg)
{
	struct kfd_node nodes[MAX_GPUS];
	int kfd = kfd_open();

	assert_true(kfd_nodes(nodes) >= 2);
	assert_errno(kfd_acquire_vm(kfd, nodes[0].gpu_id, kfd_render_open(&nodes[1])), EINVAL);
}

static void acquire_vm_file_closed_keeps_vm(int arg)
{
	u64 handle, offset = 0;
	struct raw r;

	raw_start(&r);
	close(r.render);
	assert_ok(kfd_alloc(r.kfd, r.gpu.gpu_id, RAW_VA, PAGE, RAW_VRAM, &offset, &handle));
	assert_ok(kfd_map(r.kfd, handle, r.gpu.gpu_id));
	assert_ok(kfd_unmap(r.kfd, handle, r.gpu.gpu_id));
	assert_ok(kfd_free(r.kfd, handle));
}

static void memory_policy_bad_arguments_refused(int arg)
{
	struct kfd_ioctl_set_memory_policy_args args = {
		.default_policy = 1, .alternate_policy = 0,
		.alternate_aperture_base = 0x200000, .alternate_aperture_size = 0x7fffffe00000,
	};
	struct raw r;

	raw_start(&r);
	args.gpu_id = NO_GPU;
	assert_errno(kfd_ioctl(r.kfd, AMDKFD_IOC_SET_MEMORY_POLICY, &args), EINVAL);
	args.gpu_id = r.gpu.gpu_id;
	assert_ok(kfd_ioctl(r.kfd, AMDKFD_IOC_SET_MEMORY_POLICY, &args));
	args.default_policy = 2;
	assert_errno(kfd_ioctl(r.kfd, AMDKFD_IOC_SET_MEMORY_POLICY, &args), EINVAL);
	args.default_policy = 0;
	args.alternate_policy = 77;
	assert_errno(kfd_ioctl(r.kfd, AMDKFD_IOC_SET_MEMORY_POLICY, &args), EINVAL);
}

static void clock_counters_advance_together(int arg)
{
	struct kfd_ioctl_get_clock_counters_args a = { 0 }, b;
	struct raw r;

	raw_start(&r);
	a.gpu_id = r.gpu.gpu_id;
	b = a;
	assert_ok(kfd_ioctl(r.kfd, AMDKFD_IOC_GET_CLOCK_COUNTERS, &a));
	assert_true(wait_until(!kfd_ioctl(r.kfd, AMDKFD_IOC_GET_CLOCK_COUNTERS, &b) &&
			       b.gpu_clock_counter > a.gpu_clock_counter, 2000));
	assert_true(b.cpu_clock_counter > a.cpu_clock_counter);
	assert_true(b.system_clock_counter > a.system_clock_counter);
	assert_int_equal(b.system_clock_freq, 1000000000);
}

static void clock_counters_of_cpu_have_no_gpu_clock(int arg)
{
	struct kfd_ioctl_get_clock_counters_args args = { .gpu_clock_counter = 5 };
	struct raw r;

	raw_start(&r);
	assert_ok(kfd_ioctl(r.kfd, AMDKFD_IOC_GET_CLOCK_COUNTERS, &args));
	assert_int_equal(args.gpu_clock_counter, 0);
	assert_true(args.cpu_clock_counter > 0);
}

static void scratch_and_trap_handler_unknown_gpu_is_einval(int arg)
{
	struct kfd_ioctl_set_scratch_backing_va_args scratch = { .gpu_id = NO_GPU };
	struct kfd_ioctl_set_trap_handler_args trap = { .gpu_id = NO_GPU };
	struct raw r;

	raw_start(&r);
	assert_errno(kfd_ioctl(r.kfd, AMDKFD_IOC_SET_SCRATCH_BACKING_VA, &scratch), EINVAL);
	assert_errno(kfd_ioctl(r.kfd, AMDKFD_IOC_SET_TRAP_HANDLER, &trap), EINVAL);
	scratch.gpu_id = trap.gpu_id = r.gpu.gpu_id;
	assert_ok(kfd_ioctl(r.kfd, AMDKFD_IOC_SET_SCRATCH_BACKING_VA, &scratch));
	assert_ok(kfd_ioctl(r.kfd, AMDKFD_IOC_SET_TRAP_HANDLER, &trap));
}

static void available_memory_unknown_gpu_is_einval(int arg)
{
	struct raw r;
	u64 bytes;

	raw_start(&r);
	assert_errno(kfd_available(r.kfd, NO_GPU, &bytes), EINVAL);
	assert_ok(kfd_available(r.kfd, r.gpu.gpu_id, &bytes));
	assert_int_equal(bytes % (2 * MIB), 0);
}

static void xnack_mode_is_set_and_reported(int arg)
{
	struct raw r;

	raw_start(&r);
	assert_int_equal(kfd_xnack(r.kfd, -1), 0);
	assert_int_equal(kfd_xnack(r.kfd, 1), 1);
	assert_int_equal(kfd_xnack(r.kfd, -1), 1);
	assert_int_equal(kfd_xnack(r.kfd, 0), 0);
	assert_int_equal(kfd_xnack(r.kfd, -5), 0);
}

static void runtime_enable_twice_is_ebusy(int arg)
{
	struct kfd_ioctl_runtime_enable_args on = { .mode_mask = 1 }, off = { 0 };
	struct raw r;

	raw_start(&r);
	assert_ok(kfd_ioctl(r.kfd, AMDKFD_IOC_RUNTIME_ENABLE, &on));
	assert_errno(kfd_ioctl(r.kfd, AMDKFD_IOC_RUNTIME_ENABLE, &on), EBUSY);
	assert_ok(kfd_ioctl(r.kfd, AMDKFD_IOC_RUNTIME_ENABLE, &off));
	assert_ok(kfd_ioctl(r.kfd, AMDKFD_IOC_RUNTIME_ENABLE, &on));
}

static void smi_events_unknown_gpu_is_refused(int arg)
{
	struct kfd_ioctl_smi_events_args args = { .gpuid = NO_GPU };
	struct raw r;

	raw_start(&r);
	assert_true(kfd_ioctl(r.kfd, AMDKFD_IOC_SMI_EVENTS, &args) < 0);
}

/* Calls that this driver does not offer must say so, not pretend. */
static void debugger_and_checkpoint_calls_are_refused(int arg)
{
	struct kfd_ioctl_dbg_trap_args dbg = { .pid = (u32)getpid(), .op = KFD_IOC_DBG_TRAP_ENABLE };
	struct kfd_ioctl_criu_args criu = { .op = KFD_CRIU_OP_CHECKPOINT };
	struct kfd_ioctl_alloc_queue_gws_args gws = { .queue_id = 1234, .num_gws = 1 };
	struct raw r;

	raw_start(&r);
	assert_true(kfd_ioctl(r.kfd, AMDKFD_IOC_DBG_TRAP, &dbg) < 0);
	assert_true(kfd_ioctl(r.kfd, AMDKFD_IOC_CRIU_OP, &criu) < 0);
	assert_true(kfd_ioctl(r.kfd, AMDKFD_IOC_ALLOC_QUEUE_GWS, &gws) < 0);
}

static void dmabuf_calls_with_bad_arguments_are_refused(int arg)
{
	struct kfd_ioctl_export_dmabuf_args export = { .handle = 12345 };
	struct kfd_ioctl_get_dmabuf_info_args info = { .dmabuf_fd = 9999 };
	struct kfd_ioctl_import_dmabuf_args import = { .dmabuf_fd = 9999 };
	struct raw r;

	raw_start(&r);
	import.gpu_id = r.gpu.gpu_id;
	assert_true(kfd_ioctl(r.kfd, AMDKFD_IOC_EXPORT_DMABUF, &export) < 0);
	assert_true(kfd_ioctl(r.kfd, AMDKFD_IOC_GET_DMABUF_INFO, &info) < 0);
	assert_true(kfd_ioctl(r.kfd, AMDKFD_IOC_IMPORT_DMABUF, &import) < 0);
	import.gpu_id = NO_GPU;
	assert_true(kfd_ioctl(r.kfd, AMDKFD_IOC_IMPORT_DMABUF, &import) < 0);
}

static void mmap_bad_offset_or_size_is_refused(int arg)
{
	const struct {
		u64 offset, bytes;
		int err;
	} bad[] = {
		{ KFD_MMAP_DOORBELL(NO_GPU), KFD_DOORBELL_BYTES, ENODEV },
		{ KFD_MMAP_MMIO(NO_GPU), PAGE, ENODEV },
		{ 2ull << 62, PAGE, EINVAL },
		{ 1ull << 62, PAGE, EINVAL },
		{ 0, KFD_DOORBELL_BYTES, EINVAL },	/* + this GPU's doorbells */
		{ 0, PAGE, EINVAL },
	};
	struct raw r;

	raw_start(&r);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		u64 offset = bad[i].offset, bytes = bad[i].bytes;

		if (!offset) {	/* right place, wrong size */
			offset = bytes == PAGE ? KFD_MMAP_DOORBELL(r.gpu.gpu_id) : KFD_MMAP_MMIO(r.gpu.gpu_id);
		}
		errno = 0;
		assert_ptr_equal(mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, r.kfd,
				      (off_t)offset), MAP_FAILED);
		assert_int_equal(errno, bad[i].err);
	}
}

static void ioctl_random_bytes_do_no_harm(int arg)
{
	struct raw r;

	raw_start(&r);
	for (int i = 0; i < 4000; i++) {
		unsigned int nr = (unsigned int)(harness_random() % 0x2c);
		size_t bytes = harness_random() % 129;
		u64 buffer[32];

		for (size_t w = 0; w < ARRAY_LEN(buffer); w++)
			buffer[w] = harness_random() >> (harness_random() % 64);
		if (harness_random() % 2)
			((u32 *)buffer)[harness_random() % 16] = r.gpu.gpu_id;
		/* Would wait, ignore this program's signals, or end its KFD process. */
		if (nr == _IOC_NR(AMDKFD_IOC_WAIT_EVENTS) || nr == 0x27)
			continue;
		kfd_ioctl_sized(r.kfd, nr, bytes, buffer);
	}
	version_get_reports_1_23(0);
}

static const struct guest_test tests[] = {
	TEST(version_get_reports_1_23),
	TEST(open_twice_shares_one_process),
	TEST(open_close_many_times_keeps_working),
	TEST(open_after_close_finds_same_process),
	TEST(dispatch_unknown_number_is_enotty),
	TEST(dispatch_short_size_writes_only_that_much),
	TEST(dispatch_short_size_reads_rest_as_zero),
	TEST(dispatch_long_size_writes_nothing_behind_it),
	TEST(dispatch_ignores_direction_bits),
	TEST(dispatch_bad_pointer_is_efault),
	TEST(debug_calls_of_old_are_eperm),
	TEST(fork_child_with_parents_descriptor_is_ebadf),
	TEST(apertures_new_reports_gfx9_layout),
	TEST(apertures_new_bad_arguments_refused),
	TEST(apertures_old_lists_the_gpu),
	TEST(acquire_vm_bad_arguments_refused),
	TEST_TAGS(acquire_vm_of_another_gpu_is_einval, "gpus=2"),
	TEST(acquire_vm_file_closed_keeps_vm),
	TEST(memory_policy_bad_arguments_refused),
	TEST(clock_counters_advance_together),
	TEST(clock_counters_of_cpu_have_no_gpu_clock),
	TEST(scratch_and_trap_handler_unknown_gpu_is_einval),
	TEST(available_memory_unknown_gpu_is_einval),
	TEST(xnack_mode_is_set_and_reported),
	TEST(runtime_enable_twice_is_ebusy),
	TEST(smi_events_unknown_gpu_is_refused),
	TEST(debugger_and_checkpoint_calls_are_refused),
	TEST(dmabuf_calls_with_bad_arguments_are_refused),
	TEST(mmap_bad_offset_or_size_is_refused),
	TEST(ioctl_random_bytes_do_no_harm),
};
HARNESS_MAIN(tests)
