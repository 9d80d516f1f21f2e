// SPDX-License-Identifier: MIT
/*
 * Every allocation of the other ioctls fails once: processes, address spaces,
 * buffers, events, queues. What failed has left nothing behind and can be
 * repeated.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failnth.h"
#include "mm.h"
#include "raw.h"
#include "svm_state.h"

/** struct abi - a process with a GPU, and what the operations of a case leave for each other */
struct abi {
	struct raw r;
	struct driver_use use;
	u32 flags;		/* of the buffer */
	void *memory;		/* behind user memory */
	u64 handle;
	u32 event, event_type;
	struct kfd_event_data waited;
	struct raw_queue queue;
	int fd;
};

static void abi_before(void *arg)
{
	struct abi *a = arg;

	driver_use(&a->use);
}

static void abi_unchanged(void *arg)
{
	struct abi *a = arg;

	driver_use_back(&a->use, "after a failed call");
}

static void nothing(void *arg)
{
	(void)arg;
}

/*
 * Buffers.
 */
#define BUFFER_BYTES (2 * MIB + 5 * PAGE)

static u64 buffer_bytes(const struct abi *a)
{
	if (a->flags & KFD_IOC_ALLOC_MEM_FLAGS_DOORBELL)
		return KFD_DOORBELL_BYTES;
	return a->flags & KFD_IOC_ALLOC_MEM_FLAGS_MMIO_REMAP ? PAGE : BUFFER_BYTES;
}

static int buffer_alloc(void *arg)
{
	struct abi *a = arg;
	u64 offset = (u64)(uintptr_t)a->memory;

	return kfd_alloc(a->r.kfd, a->r.gpu.gpu_id, RAW_VA, buffer_bytes(a), a->flags, &offset,
			 &a->handle);
}

/* Two at one address cannot be mapped: a buffer that was left behind would show. */
static void buffer_usable(void *arg)
{
	struct abi *a = arg;

	assert_ok(kfd_map(a->r.kfd, a->handle, a->r.gpu.gpu_id));
	assert_ok(kfd_unmap(a->r.kfd, a->handle, a->r.gpu.gpu_id));
}

static void buffer_end(void *arg)
{
	struct abi *a = arg;

	assert_ok(kfd_free(a->r.kfd, a->handle));
	driver_use_back(&a->use, "after FREE");
}

static void buffer_made(void *arg)
{
	struct abi *a = arg;

	assert_ok(buffer_alloc(a));
	driver_use(&a->use);
}

static int buffer_map(void *arg)
{
	struct abi *a = arg;

	return kfd_map(a->r.kfd, a->handle, a->r.gpu.gpu_id);
}

static void buffer_mapped(void *arg)
{
	assert_ok(buffer_map(arg));
}

static int buffer_unmap(void *arg)
{
	struct abi *a = arg;

	return kfd_unmap(a->r.kfd, a->handle, a->r.gpu.gpu_id);
}

static void buffer_free_only(void *arg)
{
	struct abi *a = arg;

	assert_ok(kfd_free(a->r.kfd, a->handle));
}

static const struct failnth_op buffer_ops[] = {
	{ "ALLOC", buffer_alloc, abi_before, abi_unchanged, buffer_usable, buffer_end, .also = EFAULT },
	/* Mapping again what is mapped is no error: so unmapping shows that it was mapped. */
	{ "MAP", buffer_map, buffer_made, abi_unchanged, nothing, buffer_free_only, .also = EFAULT },
};

static void buffer_unmap_setup(void *arg)
{
	buffer_made(arg);
	buffer_mapped(arg);
}

static const struct failnth_op unmap_op = {
	"UNMAP", buffer_unmap, buffer_unmap_setup, abi_unchanged, nothing, buffer_free_only,
	.also = EFAULT,
};

static void abi_start(struct abi *a)
{
	memset(a, 0, sizeof(*a));
	failnth_start();
	raw_start(&a->r);
}

static void buffers_fail_whole(int arg)
{
	static const struct {
		const char *name;
		u32 flags;
	} kinds[] = {
		{ "VRAM", RAW_VRAM }, { "GTT", RAW_GTT }, { "user memory", RAW_USERPTR },
		{ "doorbells", RAW_DOORBELL }, { "MMIO", RAW_MMIO },
	};
	struct driver_use before;
	struct abi a;

	abi_start(&a);
	driver_use(&before);
	a.memory = mm_map_small(BUFFER_BYTES);
	memset(a.memory, 1, BUFFER_BYTES);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		printf("%s:\n", kinds[i].name);
		a.flags = kinds[i].flags;
		failnth_each(buffer_ops, ARRAY_LEN(buffer_ops), &a);
		failnth_each(&unmap_op, 1, &a);
	}
	driver_use_back(&before, "all kinds of buffers");
}

/*
 * Events.
 */
static int event_create(void *arg)
{
	struct abi *a = arg;
	struct kfd_ioctl_create_event_args args = {
		.event_type = a->event_type,
		.event_page_offset = a->handle,
	};
	int err = kfd_ioctl(a->r.kfd, AMDKFD_IOC_CREATE_EVENT, &args);

	a->event = args.event_id;
	return err;
}

static int event_destroy(void *arg)
{
	struct abi *a = arg;
	struct kfd_ioctl_destroy_event_args args = { .event_id = a->event };

	return kfd_ioctl(a->r.kfd, AMDKFD_IOC_DESTROY_EVENT, &args);
}

/* The lowest free number is given: an event that was left behind would have it. */
static void event_is_first(void *arg)
{
	struct abi *a = arg;

	assert_int_equal(a->event, a->event_type == KFD_IOC_EVENT_SIGNAL ? 1 : 0x40000000);
}

static void event_end(void *arg)
{
	assert_ok(event_destroy(arg));
}

static int event_wait(void *arg)
{
	struct abi *a = arg;
	struct kfd_ioctl_wait_events_args args = {
		.events_ptr = (u64)(uintptr_t)&a->waited,
		.num_events = 1,
		.timeout = 0,
	};
	int err;

	a->waited.event_id = a->event;
	err = kfd_ioctl(a->r.kfd, AMDKFD_IOC_WAIT_EVENTS, &args);
	return err ? err : args.wait_result == KFD_IOC_WAIT_RESULT_TIMEOUT ? 0 : -EPROTO;
}

static const struct failnth_op event_ops[] = {
	{ "CREATE_EVENT", event_create, abi_before, abi_unchanged, event_is_first, event_end,
	  .also = EFAULT },
};

static const struct failnth_op wait_op = {
	"WAIT_EVENTS", event_wait, NULL, nothing, nothing, NULL, .also = EFAULT,
};

static void events_fail_whole(int arg)
{
	struct abi a;

	abi_start(&a);
	for (a.event_type = KFD_IOC_EVENT_SIGNAL; a.event_type <= KFD_IOC_EVENT_MEMORY;
	     a.event_type += KFD_IOC_EVENT_MEMORY - KFD_IOC_EVENT_SIGNAL)
		failnth_each(event_ops, ARRAY_LEN(event_ops), &a);
	a.event_type = KFD_IOC_EVENT_SIGNAL;
	assert_ok(event_create(&a));
	failnth_each(&wait_op, 1, &a);
}

/*
 * Queues.
 */
static int queue_create(void *arg)
{
	struct abi *a = arg;

	return raw_queue_create(&a->r, &a->queue);
}

static int queue_destroy(void *arg)
{
	struct abi *a = arg;

	return raw_queue_destroy(&a->r, a->queue.args.queue_id);
}

static void queue_is_first(void *arg)
{
	struct abi *a = arg;

	assert_int_equal(a->queue.args.queue_id, 1);
}

static void queue_end(void *arg)
{
	assert_ok(queue_destroy(arg));
}

static void queue_made(void *arg)
{
	assert_ok(queue_create(arg));
}

static const struct failnth_op queue_ops[] = {
	{ "CREATE_QUEUE", queue_create, abi_before, abi_unchanged, queue_is_first, queue_end,
	  .also = EFAULT },
	{ "DESTROY_QUEUE", queue_destroy, queue_made, nothing, nothing, NULL, .also = EFAULT },
};

static void sdma_queues_fail_whole(int arg)
{
	struct abi a;

	abi_start(&a);
	raw_queue_prepare(&a.r, &a.queue, 4096);
	failnth_each(queue_ops, ARRAY_LEN(queue_ops), &a);
	raw_queue_free(&a.r, &a.queue);
}

/* The save area is SVM memory that must be mapped: with XNACK on, now. */
static void compute_queues_fail_whole(int arg)
{
	struct raw_buffer eop;
	u64 save, stack;
	struct abi a;
	void *area;
	size_t bytes;

	abi_start(&a);
	raw_queue_prepare(&a.r, &a.queue, 4096);
	assert_ok(topology_property(a.r.gpu.node, "properties", "cwsr_size", &save));
	assert_ok(topology_property(a.r.gpu.node, "properties", "ctl_stack_size", &stack));
	bytes = (save + MIB) & ~(MIB - 1);
	area = mm_map_kind((bytes + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1), true);
	memset(area, 0, bytes);
	raw_buffer_alloc(&a.r, &eop, PAGE, RAW_VRAM);
	a.queue.args.queue_type = KFD_IOC_QUEUE_TYPE_COMPUTE_AQL;
	a.queue.args.eop_buffer_address = (u64)(uintptr_t)eop.addr;
	a.queue.args.eop_buffer_size = PAGE;
	a.queue.args.ctx_save_restore_address = (u64)(uintptr_t)area;
	a.queue.args.ctx_save_restore_size = (u32)save;
	a.queue.args.ctl_stack_size = (u32)stack;
	assert_ok(svm_set(a.r.kfd, area, bytes, { KFD_IOCTL_SVM_ATTR_ACCESS, a.r.gpu.gpu_id },
			  { KFD_IOCTL_SVM_ATTR_SET_FLAGS,
			    KFD_IOCTL_SVM_FLAG_GPU_EXEC | KFD_IOCTL_SVM_FLAG_GPU_ALWAYS_MAPPED }));
	failnth_each(queue_ops, ARRAY_LEN(queue_ops), &a);
}

/*
 * The rest of the table.
 */
static int smi_open_call(void *arg)
{
	struct abi *a = arg;
	struct kfd_ioctl_smi_events_args args = { .gpuid = a->r.gpu.gpu_id };
	int err = kfd_ioctl(a->r.kfd, AMDKFD_IOC_SMI_EVENTS, &args);

	if (!err)
		a->fd = (int)args.anon_fd;
	return err;
}

static int lowest_free_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

static void fd_before(void *arg)
{
	struct abi *a = arg;

	a->fd = lowest_free_fd();
}

static void fd_unchanged(void *arg)
{
	struct abi *a = arg;

	assert_int_equal(lowest_free_fd(), a->fd);
}

static void fd_end(void *arg)
{
	struct abi *a = arg;

	close(a->fd);
}

static int xnack_on(void *arg)
{
	struct abi *a = arg;
	int mode = kfd_xnack(a->r.kfd, 1);

	return mode < 0 ? mode : 0;
}

static void xnack_off(void *arg)
{
	struct abi *a = arg;

	assert_int_equal(kfd_xnack(a->r.kfd, 0), 0);
}

static void xnack_is_off(void *arg)
{
	struct abi *a = arg;

	assert_int_equal(kfd_xnack(a->r.kfd, -1), 0);
}

static void xnack_is_on(void *arg)
{
	struct abi *a = arg;

	assert_int_equal(kfd_xnack(a->r.kfd, -1), 1);
}

static int apertures_get(void *arg)
{
	struct abi *a = arg;
	struct kfd_process_device_apertures list[MAX_GPUS];
	struct kfd_ioctl_get_process_apertures_new_args args = {
		.kfd_process_device_apertures_ptr = (u64)(uintptr_t)list,
		.num_of_nodes = 1,
	};

	return kfd_ioctl(a->r.kfd, AMDKFD_IOC_GET_PROCESS_APERTURES_NEW, &args);
}

static const struct failnth_op other_ops[] = {
	{ "SMI_EVENTS", smi_open_call, fd_before, fd_unchanged, nothing, fd_end, .also = EFAULT },
	{ "SET_XNACK_MODE", xnack_on, xnack_off, xnack_is_off, xnack_is_on, NULL, .also = EFAULT },
	{ "GET_PROCESS_APERTURES_NEW", apertures_get, NULL, nothing, nothing, NULL, .also = EFAULT },
};

static void other_calls_fail_whole(int arg)
{
	const size_t bytes = 8 * PAGE;
	struct abi a;
	char *p;

	abi_start(&a);
	/* Memory that must be mapped, whatever the mode. */
	p = mm_map_small(HUGE_BYTES);
	memset(p, 1, bytes);
	assert_ok(svm_set(a.r.kfd, p, bytes, { KFD_IOCTL_SVM_ATTR_ACCESS, a.r.gpu.gpu_id },
			  { KFD_IOCTL_SVM_ATTR_SET_FLAGS, KFD_IOCTL_SVM_FLAG_GPU_ALWAYS_MAPPED }));
	failnth_each(other_ops, ARRAY_LEN(other_ops), &a);
}

/*
 * Processes: one forked child a failure, because a process object lives as long
 * as its address space.
 */
enum { ROUND_OVER = 10, ROUND_FAILED, ROUND_ABSORBED };

struct birth {
	unsigned int nth;
	bool acquire;		/* fail ACQUIRE_VM, not open() */
	struct kfd_node gpu;
};

/* Open or ACQUIRE_VM with a failure, then the same without, then something real. */
static int birth_round(struct child *c, void *arg)
{
	struct birth *b = arg;
	struct raw r = { .kfd = -1, .gpu = b->gpu };
	struct raw_buffer buffer;
	bool injected;
	int err;

	failnth_start();
	r.render = kfd_render_open(&r.gpu);
	if (b->acquire)
		r.kfd = kfd_open();
	child_expect(r.render >= 0 && (!b->acquire || r.kfd >= 0));
	failnth_arm(b->nth);
	err = b->acquire ? kfd_acquire_vm(r.kfd, r.gpu.gpu_id, r.render) : (r.kfd = kfd_open());
	injected = failnth_disarm();
	child_expect(err >= 0 || (injected && (err == -ENOMEM || err == -EFAULT)));
	if (r.kfd < 0)
		r.kfd = kfd_open();
	child_expect(r.kfd >= 0);
	child_expect(!kfd_acquire_vm(r.kfd, r.gpu.gpu_id, r.render));
	raw_buffer_alloc(&r, &buffer, PAGE, RAW_VRAM);
	*(volatile char *)buffer.addr = 1;
	return !injected ? ROUND_OVER : err < 0 ? ROUND_FAILED : ROUND_ABSORBED;
}

static void births_fail_whole(bool acquire)
{
	struct birth b = { .acquire = acquire };
	unsigned int failed = 0;
	struct kfd_node nodes[MAX_GPUS];
	struct driver_use before;
	struct child c;
	int status = 0;

	failnth_start();
	kfd_nodes(nodes);
	b.gpu = nodes[0];
	driver_use(&before);
	for (b.nth = 1; status != ROUND_OVER; b.nth++) {
		child_start(&c, birth_round, &b);
		status = child_join(&c);
		if (!WIFEXITED(status) || WEXITSTATUS(status) < ROUND_OVER)
			fail_test("allocation %u: status 0x%x", b.nth, status);
		status = WEXITSTATUS(status);
		failed += status == ROUND_FAILED;
	}
	printf("%u allocations, %u calls failed\n", b.nth - 2, failed);
	assert_true(failed > 0);
	driver_use_back(&before, "all processes");
}

static void open_fails_whole(int arg)
{
	births_fail_whole(false);
}

static void acquire_vm_fails_whole(int arg)
{
	births_fail_whole(true);
}

#define TEST_FAIL(fn) TEST_TAGS(fn, "kernel=debug long timeout=500")

static const struct guest_test tests[] = {
	TEST_FAIL(open_fails_whole),
	TEST_FAIL(acquire_vm_fails_whole),
	TEST_FAIL(buffers_fail_whole),
	TEST_FAIL(events_fail_whole),
	TEST_FAIL(sdma_queues_fail_whole),
	TEST_FAIL(compute_queues_fail_whole),
	TEST_FAIL(other_calls_fail_whole),
};
HARNESS_MAIN(tests)
