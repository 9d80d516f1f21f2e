// SPDX-License-Identifier: MIT
/* The program of the checkpoint tests; see criu_world.h. */
#include "criu_world.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "pattern.h"
#include "residency.h"

#define ATTR(name, value) { KFD_IOCTL_SVM_ATTR_##name, value }
#define BUFFER_STEP (16 * MIB)

static const struct {
	u64 bytes;
	u32 flags;
} kinds[WORLD_BUFFERS] = {
	[WORLD_RING] = { 65536, RAW_GTT },
	[WORLD_POINTERS] = { PAGE, RAW_GTT },
	[WORLD_BOUNCE] = { HUGE_BYTES, RAW_GTT },
	[WORLD_LOCAL] = { 16 * PAGE, RAW_VRAM },
	[WORLD_EVENTS] = { 8 * PAGE, RAW_GTT },
};

struct world *world_new(bool xnack, bool huge)
{
	struct world *w = mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(w, MAP_FAILED);
	w->xnack = xnack;
	w->huge = huge;
	return w;
}

volatile struct world_flags *world_flags(struct world *w)
{
	return w->buffer[WORLD_POINTERS].addr;
}

static void map_at(void *addr, u64 bytes, int fd, u64 offset)
{
	child_expect(mmap(addr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, fd,
			  (off_t)offset) == addr);
}

static char *place(unsigned int buffer)
{
	return (char *)(uintptr_t)(WORLD_GTT + buffer * BUFFER_STEP);
}

static void buffer_make(struct world *w, unsigned int i)
{
	struct raw_buffer *b = &w->buffer[i];
	u64 offset = 0;

	b->addr = place(i);
	b->bytes = kinds[i].bytes;
	child_expect(!kfd_alloc(w->raw.kfd, w->raw.gpu.gpu_id, (u64)(uintptr_t)b->addr, b->bytes,
				kinds[i].flags, &offset, &b->handle));
	map_at(b->addr, b->bytes, w->raw.render, offset);
	child_expect(!kfd_map(w->raw.kfd, b->handle, w->raw.gpu.gpu_id));
}

static void doorbell_map(struct world *w)
{
	map_at(place(WORLD_BUFFERS), KFD_DOORBELL_BYTES, w->raw.kfd,
	       KFD_MMAP_DOORBELL(w->raw.gpu.gpu_id));
}

static void queue_make(struct world *w)
{
	volatile struct world_flags *flags = world_flags(w);
	struct kfd_ioctl_create_queue_args args = {
		.ring_base_address = (u64)(uintptr_t)w->buffer[WORLD_RING].addr,
		.ring_size = (u32)w->buffer[WORLD_RING].bytes,
		.write_pointer_address = (u64)(uintptr_t)&flags->wptr,
		.read_pointer_address = (u64)(uintptr_t)&flags->rptr,
		.gpu_id = w->raw.gpu.gpu_id,
		.queue_type = KFD_IOC_QUEUE_TYPE_SDMA,
		.queue_percentage = 100,
		.queue_priority = 7,
	};

	child_expect(!kfd_ioctl(w->raw.kfd, AMDKFD_IOC_CREATE_QUEUE, &args));
	doorbell_map(w);
	w->queue_id = args.queue_id;
	w->q.ring = w->buffer[WORLD_RING].addr;
	w->q.ring_bytes = w->buffer[WORLD_RING].bytes;
	w->q.fence = &flags->fence;
	w->q.res.Queue_read_ptr_aql = (HSAuint64 *)&flags->rptr;
	w->q.res.Queue_write_ptr_aql = (HSAuint64 *)&flags->wptr;
	w->q.res.Queue_DoorBell_aql = (HSAuint64 *)(place(WORLD_BUFFERS) +
						    args.doorbell_offset % KFD_DOORBELL_BYTES);
}

static u32 event_make(struct world *w, u32 type, u64 page)
{
	struct kfd_ioctl_create_event_args args = { .event_type = type, .event_page_offset = page };

	child_expect(!kfd_ioctl(w->raw.kfd, AMDKFD_IOC_CREATE_EVENT, &args));
	return args.event_id;
}

static void open_files(struct world *w)
{
	struct kfd_node nodes[MAX_GPUS];

	w->raw.kfd = kfd_open();
	child_expect(w->raw.kfd >= 0);
	w->raw.nr_gpus = kfd_nodes(nodes);
	w->raw.gpu = nodes[0];
	w->raw.render = kfd_render_open(&w->raw.gpu);
	child_expect(w->raw.render >= 0);
}

void world_start(struct world *w)
{
	open_files(w);
	child_expect(kfd_xnack(w->raw.kfd, w->xnack) == w->xnack);
	child_expect(!kfd_acquire_vm(w->raw.kfd, w->raw.gpu.gpu_id, w->raw.render));
	for (unsigned int i = 0; i < WORLD_BUFFERS; i++)
		buffer_make(w, i);
	queue_make(w);
	w->signal_event = event_make(w, KFD_IOC_EVENT_SIGNAL, w->buffer[WORLD_EVENTS].handle);
	w->memory_event = event_make(w, KFD_IOC_EVENT_MEMORY, 0);
	pattern_fill(w->buffer[WORLD_LOCAL].addr, w->buffer[WORLD_LOCAL].bytes, WORLD_SEED + 1);
}

void world_map_svm(struct world *w)
{
	child_expect(mmap(WORLD_SVM, WORLD_SVM_BYTES, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == WORLD_SVM);
	child_expect(!madvise(WORLD_SVM, WORLD_SVM_BYTES, w->huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE));
}

#define SET(first, nr, ...) \
	child_expect(!svm_set(w->raw.kfd, WORLD_SVM + (first) * PAGE, (nr) * PAGE, __VA_ARGS__))

void world_set_attributes(struct world *w)
{
	u32 gpu = w->raw.gpu.gpu_id;

	SET(WORLD_VRAM, 512ul, ATTR(ACCESS_IN_PLACE, gpu), ATTR(PREFERRED_LOC, gpu),
	    ATTR(PREFETCH_LOC, gpu));
	SET(WORLD_RAM, 512ul, ATTR(ACCESS, gpu), ATTR(PREFERRED_LOC, 0), ATTR(PREFETCH_LOC, 0),
	    ATTR(GRANULARITY, 4), ATTR(SET_FLAGS, KFD_IOCTL_SVM_FLAG_GPU_READ_MOSTLY),
	    ATTR(CLR_FLAGS, KFD_IOCTL_SVM_FLAG_HOST_ACCESS | KFD_IOCTL_SVM_FLAG_COHERENT));
	SET(WORLD_FEW, 5ul, ATTR(ACCESS, gpu), ATTR(GRANULARITY, 0),
	    ATTR(SET_FLAGS, KFD_IOCTL_SVM_FLAG_GPU_EXEC));
	SET(WORLD_MANY, WORLD_MANY_END - WORLD_MANY + 0ul, ATTR(ACCESS, gpu));
	for (unsigned int page = WORLD_MANY; page < WORLD_MANY_END; page += 2)
		SET(page, 1ul, ATTR(GRANULARITY, page % 10));
	SET(WORLD_MAPPED, WORLD_PAGES - WORLD_MAPPED, ATTR(ACCESS, gpu),
	    ATTR(SET_FLAGS, KFD_IOCTL_SVM_FLAG_GPU_ALWAYS_MAPPED));
	SET(WORLD_MAPPED, WORLD_MAPPED_RAM - WORLD_MAPPED + 0ul, ATTR(PREFETCH_LOC, gpu));
}

void world_ask(struct world *w, struct kfd_ioctl_svm_attribute answer[][6])
{
	const struct kfd_ioctl_svm_attribute question[6] = {
		ATTR(PREFERRED_LOC, 0), ATTR(PREFETCH_LOC, 0), ATTR(SET_FLAGS, 0), ATTR(CLR_FLAGS, 0),
		ATTR(GRANULARITY, 0), ATTR(ACCESS, w->raw.gpu.gpu_id),
	};

	for (unsigned int page = 0; page < WORLD_PAGES; page++) {
		if (page % 8 && (page < WORLD_FEW || page >= WORLD_MANY_END))
			continue;
		memcpy(answer[page], question, sizeof(question));
		child_expect(!kfd_svm(w->raw.kfd, KFD_IOCTL_SVM_OP_GET_ATTR, WORLD_SVM + page * PAGE,
				      PAGE, answer[page], 6));
	}
}

void world_expect_same_answers(struct world *w)
{
	static struct kfd_ioctl_svm_attribute now[WORLD_PAGES][6];

	world_ask(w, now);
	for (unsigned int page = 0; page < WORLD_PAGES; page++)
		for (unsigned int i = 0; i < 6; i++) {
			if (!memcmp(&now[page][i], &w->answer[page][i], sizeof(now[page][i])))
				continue;
			fprintf(stderr, "page %u, attribute %u: was %u 0x%x, is %u 0x%x\n", page, i,
				w->answer[page][i].type, w->answer[page][i].value, now[page][i].type,
				now[page][i].value);
			child_expect(!"the attributes of a page are what they were");
		}
}

void world_expect_vram(unsigned int first, unsigned int nr, size_t wanted)
{
	size_t found = residency_vram(WORLD_SVM + first * PAGE, nr * PAGE);
	char letters[WORLD_PAGES + 1];

	if (found == wanted)
		return;
	residency_letters(WORLD_SVM + first * PAGE, nr, letters);
	fprintf(stderr, "of pages %u to %u, %zu are in VRAM, not %zu: %s\n", first, first + nr - 1, found,
		wanted, letters);
	child_expect(!"pages are where they should be");
}

void world_submit(struct world *w)
{
	sdma_submit(&w->q);
}

void world_wait(struct world *w)
{
	child_expect(sdma_wait(&w->q, w->q.seq, SDMA_MS));
}

void world_gpu_check(struct world *w, unsigned int first, unsigned int nr)
{
	char *bounce = w->buffer[WORLD_BOUNCE].addr;
	u64 expected[512];

	child_expect(nr * PAGE <= w->buffer[WORLD_BOUNCE].bytes);
	memset(bounce, 0xee, nr * PAGE);
	sdma_copy(&w->q, bounce, WORLD_SVM + first * PAGE, nr * PAGE);
	world_submit(w);
	world_wait(w);
	for (unsigned int page = 0; page < nr; page++) {
		for (unsigned int i = 0; i < 512; i++)
			expected[i] = pattern_word(WORLD_SEED, (first + page) * PAGE + i * 8);
		child_expect(!memcmp(bounce + page * PAGE, expected, PAGE));
	}
}

/* CRIU maps each buffer again, where its mapping was, at the new offset. */
static void buffers_map(struct world *w, const struct criu_image *image)
{
	for (u32 i = 0; i < image->args.num_bos; i++)
		map_at((void *)(uintptr_t)image->bos[i].addr, image->bos[i].size, w->raw.render,
		       image->bos[i].restored_offset);
	doorbell_map(w);
}

void world_reopen(struct world *w, struct criu_image *image, const char *svm)
{
	int err;

	open_files(w);
	err = criu_restore(w->raw.kfd, w->raw.render, image);
	if (err)
		fprintf(stderr, "RESTORE: %s\n", strerror(-err));
	child_expect(!err);
	child_expect(!criu_fill_buffers(image));
	buffers_map(w, image);
	world_map_svm(w);
	memcpy(WORLD_SVM, svm, WORLD_SVM_BYTES);
}
