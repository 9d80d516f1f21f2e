// SPDX-License-Identifier: MIT
/* Queues of all four types, and every SDMA packet that user programs send. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "gpu.h"
#include "mm.h"
#include "pattern.h"
#include "raw.h"
#include "residency.h"
#include "sdma.h"

static void sdma_write_lands_in_memory(int arg)
{
	u32 data[200], *dst;
	struct session s;
	struct sdma q;

	session_start(&s, false);
	sdma_create(&q, &s, 0);
	dst = sysmem_alloc(&s, 8192);
	for (u32 i = 0; i < ARRAY_LEN(data); i++)
		data[i] = 0x1000 + i;
	/* Across a page border. */
	sdma_write(&q, dst + 900, data, ARRAY_LEN(data));
	sdma_run(&q);
	assert_memory_equal(dst + 900, data, sizeof(data));
	assert_int_equal(dst[899], 0);
	assert_int_equal(dst[900 + ARRAY_LEN(data)], 0);
	sdma_destroy(&q);
}

static void sdma_copy_any_alignment_copies_exact_bytes(int arg)
{
	enum { ROOM = 65536 };
	struct session s;
	struct sdma q;
	u8 *src, *dst;

	session_start(&s, false);
	sdma_create(&q, &s, 0);
	src = sysmem_alloc(&s, ROOM);
	dst = sysmem_alloc(&s, ROOM);
	pattern_fill(src, ROOM, 9);
	for (int i = 0; i < 64; i++) {
		size_t from = harness_random() % 5000, to = harness_random() % 5000;
		size_t bytes = 1 + harness_random() % 20000;

		memset(dst, 0xee, ROOM);
		sdma_copy(&q, dst + to, src + from, bytes);
		sdma_run(&q);
		assert_memory_equal(dst + to, src + from, bytes);
		bytes_check(dst, to, 0xee);
		bytes_check(dst + to + bytes, 64, 0xee);
	}
	sdma_destroy(&q);
}

static void sdma_copy_broadcast_fills_both(int arg)
{
	const size_t bytes = 100000;
	struct session s;
	struct sdma q;
	char *src, *a, *b;

	session_start(&s, false);
	sdma_create(&q, &s, 0);
	src = sysmem_alloc(&s, 25 * PAGE);
	a = sysmem_alloc(&s, 25 * PAGE);
	b = vram_alloc(&s, 25 * PAGE);
	pattern_fill(src, bytes, 10);
	sdma_copy2(&q, a, b, src, bytes);
	sdma_run(&q);
	pattern_check(a, bytes, 10);
	pattern_check(b, bytes, 10);
	sdma_destroy(&q);
}

static void sdma_fill_fills_exactly(int arg)
{
	struct session s;
	struct sdma q;
	u32 *dst;

	session_start(&s, false);
	sdma_create(&q, &s, 0);
	dst = sysmem_alloc(&s, 16 * PAGE);
	sdma_fill(&q, dst + 3, 0xc0ffee11, 40000);
	sdma_run(&q);
	assert_int_equal(dst[2], 0);
	for (u32 i = 0; i < 10000; i++)
		assert_int_equal(dst[3 + i], 0xc0ffee11);
	assert_int_equal(dst[3 + 10000], 0);
	sdma_destroy(&q);
}

static void sdma_atomic_adds_64_bits(int arg)
{
	struct session s;
	struct sdma q;
	u64 *counter;

	session_start(&s, false);
	sdma_create(&q, &s, 0);
	counter = sysmem_alloc(&s, PAGE);
	*counter = 0xffffffff;
	for (int i = 0; i < 10; i++)
		sdma_add64(&q, counter, 1);
	sdma_add64(&q, counter, ~0ull);
	sdma_run(&q);
	assert_true(*counter == 0xffffffffull + 9);
	sdma_destroy(&q);
}

static void sdma_timestamps_ascend_and_match_the_clock(int arg)
{
	struct kfd_ioctl_get_clock_counters_args before = { 0 }, after;
	struct session s;
	struct sdma q;
	u64 *stamps;

	session_start(&s, false);
	sdma_create(&q, &s, 0);
	stamps = sysmem_alloc(&s, PAGE);
	before.gpu_id = s.gpu[0].gpu_id;
	after = before;
	assert_ok(kfd_ioctl(s.kfd, AMDKFD_IOC_GET_CLOCK_COUNTERS, &before));
	for (int i = 0; i < 16; i++)
		sdma_timestamp(&q, stamps + 4 * i);
	sdma_run(&q);
	assert_ok(kfd_ioctl(s.kfd, AMDKFD_IOC_GET_CLOCK_COUNTERS, &after));
	assert_true(stamps[0] >= before.gpu_clock_counter);
	for (int i = 1; i < 16; i++)
		assert_true(stamps[4 * i] >= stamps[4 * (i - 1)]);
	assert_true(stamps[60] <= after.gpu_clock_counter);
	sdma_destroy(&q);
}

static void sdma_nop_skips_its_body(int arg)
{
	struct session s;
	struct sdma q;
	u32 *dst;

	session_start(&s, false);
	sdma_create(&q, &s, 0);
	dst = sysmem_alloc(&s, PAGE);
	for (u32 i = 0; i < 100; i++) {
		sdma_nop(&q, i);
		sdma_write1(&q, dst + i, i + 1);
	}
	sdma_run(&q);
	for (u32 i = 0; i < 100; i++)
		assert_int_equal(dst[i], i + 1);
	sdma_destroy(&q);
}

static void sdma_ring_wraps_many_times_in_order(int arg)
{
	struct session s;
	struct sdma q;
	u32 *dst;

	session_start(&s, false);
	sdma_create_type(&q, &s, 0, HSA_QUEUE_SDMA, 4096);
	dst = sysmem_alloc(&s, PAGE);
	for (u32 i = 0; i < 3000; i++) {
		sdma_write1(&q, dst, i);
		sdma_copy(&q, dst + 1 + i % 500, dst, 4);
		if (i % 37 == 36)
			sdma_run(&q);
	}
	sdma_run(&q);
	assert_true(q.wptr > 20 * 4096);
	for (u32 i = 2500; i < 3000; i++)
		assert_int_equal(dst[1 + i % 500], i);
	assert_true(wait_until(sdma_rptr(&q) == q.wptr, SDMA_MS));
	sdma_destroy(&q);
}

static void sdma_poll_waits_for_the_cpu(int arg)
{
	volatile u32 *gate;
	struct session s;
	struct sdma q, other;
	u32 seq;

	session_start(&s, false);
	sdma_create(&q, &s, 0);
	sdma_create(&other, &s, 0);
	gate = sysmem_alloc(&s, PAGE);
	sdma_poll(&q, gate, SDMA_EQ, 5);
	seq = sdma_submit(&q);
	assert_false(sdma_wait(&q, seq, 50));
	/* A waiting queue does not hold up another one. */
	sdma_fence(&other, gate, 4);
	sdma_run(&other);
	assert_false(sdma_wait(&q, seq, 50));
	*gate = 5;
	assert_true(sdma_wait(&q, seq, SDMA_MS));
	sdma_destroy(&q);
	sdma_destroy(&other);
}

static void sdma_queue_waits_for_another_queue(int arg)
{
	volatile u32 *gate;
	struct session s;
	struct sdma a, b;
	char *src, *mid, *dst;
	const size_t bytes = MIB;

	session_start(&s, false);
	sdma_create(&a, &s, 0);
	sdma_create(&b, &s, 0);
	gate = sysmem_alloc(&s, PAGE);
	src = sysmem_alloc(&s, bytes);
	mid = vram_alloc(&s, bytes);
	dst = sysmem_alloc(&s, bytes);
	pattern_fill(src, bytes, 12);
	sdma_poll(&b, gate, SDMA_GE, 1);
	sdma_copy(&b, dst, mid, bytes);
	sdma_submit(&b);
	sdma_copy(&a, mid, src, bytes);
	sdma_fence(&a, gate, 1);
	sdma_run(&a);
	assert_true(sdma_wait(&b, b.seq, SDMA_MS));
	pattern_check(dst, bytes, 12);
	sdma_destroy(&a);
	sdma_destroy(&b);
}

static void sdma_many_queues_copy_at_once(int arg)
{
	enum { NR = 8, BYTES = 512 * 1024 };
	struct sdma q[NR];
	char *src[NR], *dst[NR];
	struct session s;

	session_start(&s, false);
	for (int i = 0; i < NR; i++) {
		sdma_create(&q[i], &s, 0);
		src[i] = sysmem_alloc(&s, BYTES);
		dst[i] = vram_alloc(&s, BYTES);
		pattern_fill(src[i], BYTES, 100 + (u64)i);
	}
	for (int i = 0; i < NR; i++) {
		sdma_copy(&q[i], dst[i], src[i], BYTES);
		sdma_submit(&q[i]);
	}
	for (int i = 0; i < NR; i++) {
		assert_true(sdma_wait(&q[i], q[i].seq, SDMA_MS));
		pattern_check(dst[i], BYTES, 100 + (u64)i);
		sdma_destroy(&q[i]);
	}
}

static void sdma_xgmi_queue_copies(int arg)
{
	struct session s;
	struct sdma q;
	char *src, *dst;

	session_start(&s, false);
	sdma_create_type(&q, &s, 0, HSA_QUEUE_SDMA_XGMI, 65536);
	src = sysmem_alloc(&s, MIB);
	dst = vram_alloc(&s, MIB);
	pattern_fill(src, MIB, 13);
	sdma_copy(&q, dst, src, MIB);
	sdma_run(&q);
	pattern_check(dst, MIB, 13);
	sdma_destroy(&q);
}

/* Unknown packet: the queue stops, the error is counted, others go on. */
static void sdma_unknown_packet_stops_only_its_queue(int arg)
{
	const u32 garbage = 0x77;
	u64 errors;
	struct session s;
	struct sdma bad, good;
	u32 *dst;

	session_start(&s, false);
	errors = device_stat(0, VKFD_STAT_QUEUE_ERRORS);
	sdma_create(&bad, &s, 0);
	sdma_create(&good, &s, 0);
	dst = sysmem_alloc(&s, PAGE);
	sdma_write1(&bad, dst, 1);
	sdma_raw(&bad, &garbage, 1);
	sdma_write1(&bad, dst, 2);
	sdma_submit(&bad);
	assert_true(wait_until(device_stat(0, VKFD_STAT_QUEUE_ERRORS) == errors + 1, SDMA_MS));
	sdma_write1(&good, dst + 1, 3);
	sdma_run(&good);
	assert_int_equal(dst[0], 1);
	assert_int_equal(dst[1], 3);
	assert_false(sdma_done(&bad, bad.seq));
	sdma_destroy(&bad);
	sdma_destroy(&good);
}

static void sdma_privileged_packet_is_refused(int arg)
{
	const u32 ptepde[10] = { VKFD_SDMA_HEADER(VKFD_SDMA_PTEPDE, 0) };
	const u32 srbm[3] = { VKFD_SDMA_HEADER(VKFD_SDMA_SRBM_WRITE, 0), 0x38, 0x72657374 };
	u64 errors = device_stat(0, VKFD_STAT_QUEUE_ERRORS);
	struct session s;
	struct sdma q[2];

	session_start(&s, false);
	sdma_create(&q[0], &s, 0);
	sdma_create(&q[1], &s, 0);
	sdma_raw(&q[0], ptepde, 10);
	sdma_submit(&q[0]);
	sdma_raw(&q[1], srbm, 3);
	sdma_submit(&q[1]);
	assert_true(wait_until(device_stat(0, VKFD_STAT_QUEUE_ERRORS) == errors + 2, SDMA_MS));
	assert_false(sdma_done(&q[0], 1));
	assert_false(sdma_done(&q[1], 1));
	sdma_destroy(&q[0]);
	sdma_destroy(&q[1]);
	/* The GPU still works. */
	sdma_create(&q[0], &s, 0);
	sdma_run(&q[0]);
	sdma_destroy(&q[0]);
}

/* Compute queues come with context-save areas that are SVM memory. */
static void compute_queue_of(struct session *s, HSA_QUEUE_TYPE type, HsaQueueResource *res, void **ring)
{
	*ring = sysmem_alloc(s, 16 * PAGE);
	memset(res, 0, sizeof(*res));
	if (type == HSA_QUEUE_COMPUTE_AQL) {
		u64 *pointers = sysmem_alloc(s, PAGE);
		u64 *queue = pointers;
		u16 *header = *ring;

		/* AQL: pointers are the caller's; headers start INVALID. */
		for (u32 i = 0; i < 16 * PAGE / 64; i++)
			header[i * 32] = 1;
		res->Queue_read_ptr_aql = queue + 16;
		res->Queue_write_ptr_aql = queue + 7;
	}
	assert_hsa(hsaKmtCreateQueue(s->gpu[0].node, type, 100, HSA_QUEUE_PRIORITY_NORMAL, *ring, 16 * PAGE, NULL, res));
}

static void compute_queue_create_update_destroy(int type)
{
	HsaQueueResource res;
	struct session s;
	void *ring;

	session_start(&s, false);
	for (int i = 0; i < 5; i++) {
		compute_queue_of(&s, (HSA_QUEUE_TYPE)type, &res, &ring);
		assert_hsa(hsaKmtUpdateQueue(res.QueueId, 0, HSA_QUEUE_PRIORITY_NORMAL, ring, 16 * PAGE, NULL));
		assert_hsa(hsaKmtUpdateQueue(res.QueueId, 100, HSA_QUEUE_PRIORITY_HIGH, ring, 16 * PAGE, NULL));
		assert_hsa(hsaKmtDestroyQueue(res.QueueId));
		buffer_free(ring, 16 * PAGE);
	}
}

/* A type 1 packet does not exist: the queue stops, and the process is told why. */
static void compute_queue_packet_is_a_named_error(int arg)
{
	HsaQueueResource res;
	struct session s;
	u64 errors;
	u32 *ring;

	session_start(&s, false);
	errors = device_stat(0, VKFD_STAT_QUEUE_ERRORS);
	compute_queue_of(&s, HSA_QUEUE_COMPUTE, &res, (void **)&ring);
	ring[0] = 0x40000000;
	*res.Queue_write_ptr_aql = 1;
	*(volatile u64 *)res.Queue_DoorBell_aql = 1;
	assert_true(wait_until(device_stat(0, VKFD_STAT_QUEUE_ERRORS) == errors + 1, SDMA_MS));
	/* Exception bit of "packet unsupported" (20) reaches the process. */
	assert_true(!res.ErrorReason || wait_until(*res.ErrorReason & 1ll << 19, SDMA_MS));
	assert_hsa(hsaKmtDestroyQueue(res.QueueId));
}

/* Ends with a compute queue whose context-save area goes together with the address space. */
static int leave_compute_queue(struct child *c, void *arg)
{
	HsaQueueResource res = { 0 };
	struct session s;
	void *ring;

	child_expect(session_try_start(&s, *(int *)arg));
	ring = sysmem_alloc(&s, 16 * PAGE);
	child_expect(!hsaKmtCreateQueue(s.gpu[0].node, HSA_QUEUE_COMPUTE, 100,
					HSA_QUEUE_PRIORITY_NORMAL, ring, 16 * PAGE, NULL, &res));
	return 0;
}

/* exit() unmaps the save area while teardown puts it: the stops of both must stay even (a WARN if not). */
static void exit_leaves_compute_queues_behind(int xnack)
{
	for (int round = 0; round < (harness_slow() > 1 ? 4 : 12); round++) {
		struct child c[3];

		for (size_t i = 0; i < ARRAY_LEN(c); i++)
			child_start(&c[i], leave_compute_queue, &xnack);
		for (size_t i = 0; i < ARRAY_LEN(c); i++)
			assert_child_ok(&c[i]);
	}
}

static void update_suspends_and_resumes(int arg)
{
	struct session s;
	struct sdma q;
	u32 *dst, seq;

	session_start(&s, false);
	sdma_create(&q, &s, 0);
	dst = sysmem_alloc(&s, PAGE);
	sdma_write1(&q, dst, 1);
	sdma_run(&q);
	assert_hsa(hsaKmtUpdateQueue(q.res.QueueId, 0, HSA_QUEUE_PRIORITY_NORMAL, q.ring, q.ring_bytes, NULL));
	sdma_write1(&q, dst, 2);
	seq = sdma_submit(&q);
	assert_false(sdma_wait(&q, seq, 100));
	assert_int_equal(dst[0], 1);
	assert_hsa(hsaKmtUpdateQueue(q.res.QueueId, 100, HSA_QUEUE_PRIORITY_NORMAL, q.ring, q.ring_bytes, NULL));
	assert_true(sdma_wait(&q, seq, SDMA_MS));
	assert_int_equal(dst[0], 2);
	sdma_destroy(&q);
}

static void destroy_while_running_touches_memory_no_more(int arg)
{
	const size_t bytes = 8 * MIB;
	struct session s;
	struct sdma q;
	u32 *dst;

	session_start(&s, false);
	sdma_create(&q, &s, 0);
	dst = sysmem_alloc(&s, bytes);
	for (u32 i = 1; i <= 40; i++)
		sdma_fill(&q, dst, i, bytes);
	sdma_kick(&q);
	assert_hsa(hsaKmtDestroyQueue(q.res.QueueId));
	memset(dst, 0x11, bytes);
	memset(q.ring, 0, q.ring_bytes);
	for (int i = 0; i < 5; i++)
		bytes_check(dst, bytes, 0x11);
	buffer_free(dst, bytes);
}

/* All 40 slots of the SDMA engines, then one more. */
static void sdma_queue_slots_run_out_cleanly(int arg)
{
	struct raw_queue q[64];
	unsigned int nr = 0;
	struct raw r;
	int err = 0;

	raw_start(&r);
	for (; nr < ARRAY_LEN(q) && !err; nr++) {
		raw_queue_prepare(&r, &q[nr], 4096);
		err = raw_queue_create(&r, &q[nr]);
	}
	assert_true(err == -ENOMEM || err == -EBUSY || err == -ENOSPC);
	assert_int_equal(nr - 1, 16);	/* two engines with eight queues each */
	assert_ok(raw_queue_destroy(&r, q[0].args.queue_id));
	assert_ok(raw_queue_create(&r, &q[nr - 1]));
}

static void create_bad_arguments_are_refused(int arg)
{
	struct raw_queue good, q;
	struct raw r;

	raw_start(&r);
	raw_queue_prepare(&r, &good, 4096);
#define EXPECT(change, err)                                                  \
	do {                                                                 \
		q = good;                                                    \
		change;                                                      \
		assert_errno(raw_queue_create(&r, &q), err);                 \
	} while (0)
	EXPECT(q.args.gpu_id = 0xdead, EINVAL);
	EXPECT(q.args.queue_percentage = 101, EINVAL);
	EXPECT(q.args.queue_priority = 16, EINVAL);
	EXPECT(q.args.ring_size = 4097, EINVAL);
	EXPECT(q.args.ring_base_address = 0xffff888000000000ull, EFAULT);
	EXPECT(q.args.read_pointer_address = 0xffff888000000000ull, EFAULT);
	EXPECT(q.args.write_pointer_address = 0xffff888000000000ull, EFAULT);
	EXPECT(q.args.ring_base_address += 1 << 20, EINVAL);	/* not a buffer */
	EXPECT(q.args.ring_size = 8192, EINVAL);		/* larger than the buffer */
	EXPECT(q.args.read_pointer_address = RAW_VA, EINVAL);
	EXPECT(q.args.write_pointer_address = RAW_VA, EINVAL);
#undef EXPECT
	q = good;
	q.args.queue_type = 99;
	assert_true(raw_queue_create(&r, &q) < 0);
	/* Compute without end-of-pipe buffer and context-save area. */
	q = good;
	q.args.queue_type = KFD_IOC_QUEUE_TYPE_COMPUTE;
	assert_true(raw_queue_create(&r, &q) < 0);
	/* Nothing of this left a queue behind. */
	assert_int_equal(kfd_xnack(r.kfd, 1), 1);
	assert_ok(raw_queue_create(&r, &good));
	assert_ok(raw_queue_destroy(&r, good.args.queue_id));
}

static void create_as_libhsakmt_does_with_88_bytes(int arg)
{
	struct raw_queue q;
	struct raw r;

	raw_start(&r);
	raw_queue_prepare(&r, &q, 4096);
	q.args.sdma_engine_id = 77;	/* beyond the caller's size: must not be seen */
	assert_ok(kfd_ioctl_sized(r.kfd, _IOC_NR(AMDKFD_IOC_CREATE_QUEUE), 88, &q.args));
	assert_ok(raw_queue_destroy(&r, q.args.queue_id));
}

static void unknown_queue_ids_are_refused(int arg)
{
	struct kfd_ioctl_update_queue_args update = { .queue_id = 4711, .ring_size = 4096, .queue_percentage = 100 };
	struct kfd_ioctl_get_queue_wave_state_args wave = { .queue_id = 4711 };
	struct kfd_ioctl_set_cu_mask_args mask = { .queue_id = 4711, .num_cu_mask = 33 };
	u32 bits = 1;
	struct raw r;

	raw_start(&r);
	assert_errno(raw_queue_destroy(&r, 4711), EINVAL);
	assert_errno(raw_queue_destroy(&r, 0xffffffff), EINVAL);
	assert_errno(kfd_ioctl(r.kfd, AMDKFD_IOC_UPDATE_QUEUE, &update), EFAULT);
	assert_true(kfd_ioctl(r.kfd, AMDKFD_IOC_GET_QUEUE_WAVE_STATE, &wave) < 0);
	assert_errno(kfd_ioctl(r.kfd, AMDKFD_IOC_SET_CU_MASK, &mask), EINVAL);
	mask.num_cu_mask = 0;
	assert_errno(kfd_ioctl(r.kfd, AMDKFD_IOC_SET_CU_MASK, &mask), EINVAL);
	mask.num_cu_mask = 32;
	mask.cu_mask_ptr = 8;
	assert_errno(kfd_ioctl(r.kfd, AMDKFD_IOC_SET_CU_MASK, &mask), EFAULT);
	mask.cu_mask_ptr = (u64)(uintptr_t)&bits;
	assert_true(kfd_ioctl(r.kfd, AMDKFD_IOC_SET_CU_MASK, &mask) < 0);
	update.queue_percentage = 101;
	assert_errno(kfd_ioctl(r.kfd, AMDKFD_IOC_UPDATE_QUEUE, &update), EINVAL);
	update.queue_percentage = 100;
	update.queue_priority = 16;
	assert_errno(kfd_ioctl(r.kfd, AMDKFD_IOC_UPDATE_QUEUE, &update), EINVAL);
}

static void buffer_of_a_live_queue_cannot_be_pulled_away(int arg)
{
	struct raw_queue q;
	struct raw r;

	raw_start(&r);
	raw_queue_prepare(&r, &q, 4096);
	assert_ok(raw_queue_create(&r, &q));
	assert_true(kfd_unmap(r.kfd, q.ring.handle, r.gpu.gpu_id) < 0);
	assert_ok(raw_queue_destroy(&r, q.args.queue_id));
	raw_queue_free(&r, &q);
}

static void xnack_switch_with_queue_is_ebusy(int arg)
{
	struct raw_queue q;
	struct raw r;

	raw_start(&r);
	raw_queue_prepare(&r, &q, 4096);
	assert_ok(raw_queue_create(&r, &q));
	assert_errno(kfd_xnack(r.kfd, 1), EBUSY);
	assert_int_equal(kfd_xnack(r.kfd, -1), 0);
	assert_ok(raw_queue_destroy(&r, q.args.queue_id));
	assert_int_equal(kfd_xnack(r.kfd, 1), 1);
}

/* The GPU rings another queue's doorbell through its own page tables. */
static void gpu_rings_the_doorbell(int arg)
{
	u64 wptr[1];
	struct session s;
	struct sdma bell, q;
	u32 *dst;

	session_start(&s, false);
	sdma_create(&bell, &s, 0);
	sdma_create(&q, &s, 0);
	dst = sysmem_alloc(&s, PAGE);
	sdma_write1(&q, dst, 99);
	sdma_fence(&q, q.fence, ++q.seq);
	wptr[0] = q.wptr;
	sdma_write(&bell, q.res.Queue_write_ptr_aql, (u32 *)wptr, 2);
	sdma_write(&bell, q.res.Queue_DoorBell_aql, (u32 *)wptr, 2);
	sdma_run(&bell);
	assert_true(sdma_wait(&q, q.seq, SDMA_MS));
	assert_int_equal(dst[0], 99);
	sdma_destroy(&bell);
	sdma_destroy(&q);
}

static void sdma_counts_bytes_on_the_device(int arg)
{
	struct session s;
	struct sdma q;
	char *src, *dst;
	u64 read, packets;

	session_start(&s, false);
	sdma_create(&q, &s, 0);
	src = sysmem_alloc(&s, MIB);
	dst = vram_alloc(&s, MIB);
	read = device_stat(0, VKFD_STAT_SDMA_BYTES_READ);
	packets = device_stat(0, VKFD_STAT_SDMA_PACKETS);
	sdma_copy(&q, dst, src, MIB);
	sdma_run(&q);
	assert_true(wait_until(device_stat(0, VKFD_STAT_SDMA_PACKETS) >= packets + 2, 2000));
	assert_int_equal(device_stat(0, VKFD_STAT_SDMA_BYTES_READ) - read, MIB);
	sdma_destroy(&q);
}

static const struct guest_test tests[] = {
	TEST(sdma_write_lands_in_memory),
	TEST(sdma_copy_any_alignment_copies_exact_bytes),
	TEST(sdma_copy_broadcast_fills_both),
	TEST(sdma_fill_fills_exactly),
	TEST(sdma_atomic_adds_64_bits),
	TEST(sdma_timestamps_ascend_and_match_the_clock),
	TEST(sdma_nop_skips_its_body),
	TEST(sdma_ring_wraps_many_times_in_order),
	TEST(sdma_poll_waits_for_the_cpu),
	TEST(sdma_queue_waits_for_another_queue),
	TEST(sdma_many_queues_copy_at_once),
	TEST(sdma_xgmi_queue_copies),
	TEST(sdma_unknown_packet_stops_only_its_queue),
	TEST(sdma_privileged_packet_is_refused),
	TEST_ARG("compute_queue_create_update_destroy_pm4", compute_queue_create_update_destroy, HSA_QUEUE_COMPUTE),
	TEST_ARG("compute_queue_create_update_destroy_aql", compute_queue_create_update_destroy, HSA_QUEUE_COMPUTE_AQL),
	TEST(compute_queue_packet_is_a_named_error),
	TEST_XNACK(exit_leaves_compute_queues_behind),
	TEST(update_suspends_and_resumes),
	TEST(destroy_while_running_touches_memory_no_more),
	TEST(sdma_queue_slots_run_out_cleanly),
	TEST(create_bad_arguments_are_refused),
	TEST(create_as_libhsakmt_does_with_88_bytes),
	TEST(unknown_queue_ids_are_refused),
	TEST(buffer_of_a_live_queue_cannot_be_pulled_away),
	TEST(xnack_switch_with_queue_is_ebusy),
	TEST(gpu_rings_the_doorbell),
	TEST(sdma_counts_bytes_on_the_device),
};
HARNESS_MAIN(tests)
