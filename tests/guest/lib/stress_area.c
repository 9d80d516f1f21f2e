// SPDX-License-Identifier: MIT
/*
 * The oracle of the stress test: what each page must hold and which attributes
 * it must have. A thread owns its areas alone, so nothing here is locked; what
 * threads share are 2 MiB blocks, page tables, VRAM and the driver.
 */
#include "stress.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pattern.h"
#include "residency.h"

#define WORDS	(PAGE / sizeof(u64))
#define LAST	(WORDS - 1)

static const char *const op_names[] = {
#define STRESS_NAME(name, weight) #name,
	STRESS_OPS(STRESS_NAME)
#undef STRESS_NAME
};

u64 stress_random(struct stress_thread *t, u64 limit)
{
	u64 z = (t->random += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return (z ^ (z >> 31)) % limit;
}

static void history_print(struct stress_thread *t)
{
	u64 steps = atomic_load(&t->progress->steps);
	u64 nr = steps < ARRAY_LEN(t->progress->history) ? steps : ARRAY_LEN(t->progress->history);

	for (u64 i = steps - nr; i < steps; i++) {
		const struct stress_step *s =
			&t->progress->history[i % ARRAY_LEN(t->progress->history)];

		fprintf(stderr, "  step %llu: %s area %u pages %u+%u (%u)\n", (unsigned long long)i,
			op_names[s->op], s->area, s->first, s->nr, s->detail);
	}
}

void stress_fail(struct stress_thread *t, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "error: process %u (XNACK %s) thread %u: %s\n", t->worker->number,
		t->worker->xnack ? "on" : "off", t->number, text);
	history_print(t);
	for (u32 i = 0; i < STRESS_AREAS; i++)
		fprintf(stderr, "  area %u: %u pages at %p\n", i, t->area[i].pages, t->area[i].p);
	fflush(stderr);
	_exit(1);
}

struct stress_span stress_part(struct stress_area *area, u32 first, u32 nr)
{
	return (struct stress_span){ area, first, nr, area->p + first * PAGE, nr * PAGE };
}

/* Half of all spans are a few pages, the others anything up to @max. */
struct stress_span stress_span(struct stress_thread *t, u32 max)
{
	struct stress_area *area = &t->area[stress_random(t, STRESS_AREAS)];
	struct stress_progress *progress = t->progress;
	struct stress_step *step = &progress->history[(atomic_load(&progress->steps) - 1) %
						      ARRAY_LEN(progress->history)];
	u32 most = area->pages < max ? area->pages : max, first, nr;

	if (stress_random(t, 2))
		most = most < 8 ? most : 8;
	nr = 1 + (u32)stress_random(t, most);
	first = (u32)stress_random(t, area->pages - nr + 1);
	if (!step->nr)
		*step = (struct stress_step){ step->op, (u32)(area - t->area), first, nr, 0 };
	else
		step->detail = (u32)(area - t->area) << 16 | first;
	return stress_part(area, first, nr);
}

void stress_expect_zero(struct stress_span *s)
{
	memset(&s->area->page[s->first], 0, s->nr * sizeof(*s->area->page));
	for (u32 i = 0; i < s->nr; i++)
		s->area->page[s->first + i].fill = true;
}

void stress_areas_forget(struct stress_thread *t, struct stress_span *s)
{
	(void)t;
	stress_expect_zero(s);
	memset(&s->area->attr[s->first], 0, s->nr * sizeof(*s->area->attr));
}

static void area_make(struct stress_thread *t, struct stress_area *area, char *home, char *away, u32 pages)
{
	struct stress_span all;

	area->place[0] = area->p = home;
	area->place[1] = away;
	area->pages = pages;
	area->page = calloc(pages, sizeof(*area->page));
	area->attr = calloc(pages, sizeof(*area->attr));
	if (!area->page || !area->attr)
		stress_fail(t, "no memory for the oracle");
	if (mmap(home, pages * PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		stress_fail(t, "mmap at %p: %s", home, strerror(errno));
	all = stress_part(area, 0, pages);
	stress_areas_forget(t, &all);
}

/*
 * The region: first the shared blocks, in which each 64 KiB belong to another
 * thread; then, for each thread, its own areas; then the same again, shifted by
 * one page, as the places that mremap goes to.
 */
void stress_areas_make(struct stress_thread *t)
{
	const size_t own = STRESS_OWN_AREAS * STRESS_OWN_PAGES * PAGE;
	const size_t piece = STRESS_PIECE_PAGES * PAGE;
	const size_t shared = STRESS_THREADS * STRESS_PIECES * piece;
	const size_t half = shared + STRESS_THREADS * own;
	char *home = t->worker->region, *away = home + half + PAGE;
	u32 i;

	for (i = 0; i < STRESS_PIECES; i++) {
		size_t at = (i * STRESS_THREADS + t->number) * piece;

		area_make(t, &t->area[STRESS_OWN_AREAS + i], home + at, away + at, STRESS_PIECE_PAGES);
	}
	for (i = 0; i < STRESS_OWN_AREAS; i++) {
		size_t at = shared + t->number * own + i * STRESS_OWN_PAGES * PAGE;

		area_make(t, &t->area[i], home + at, away + at, STRESS_OWN_PAGES);
	}
}

void stress_write(struct stress_thread *t, struct stress_span *s)
{
	for (u32 i = 0; i < s->nr; i++) {
		struct stress_page *page = &s->area->page[s->first + i];

		page->seed = ((u64)t->worker->number << 8 | t->number) << 48 ^ ++t->seq;
		page->fill = false;
		page->last = pattern_word(page->seed, LAST * sizeof(u64));
		pattern_fill(s->p + i * PAGE, PAGE, page->seed);
	}
}

/* Index of the first wrong word, or WORDS. */
static size_t page_mismatch(const struct stress_page *page, const u64 *found)
{
	for (size_t i = 0; i < LAST; i++)
		if (found[i] != (page->fill ? page->seed : pattern_word(page->seed, i * sizeof(u64))))
			return i;
	return found[LAST] == page->last ? WORDS : LAST;
}

/* Twice a second read tells a stale view from bytes that are really wrong. */
static void report_page(struct stress_thread *t, const struct stress_span *s, u32 i, const u64 *found,
			const char *who)
{
	const struct stress_page *page = &s->area->page[s->first + i];
	size_t at = page_mismatch(page, found);
	u64 want = at == LAST ? page->last :
			       (page->fill ? page->seed : pattern_word(page->seed, at * sizeof(u64)));
	u64 value = found[at < WORDS ? at : 0];
	size_t in_vram = residency_vram(s->p + i * PAGE, PAGE);
	u64 cpu_now = ((volatile u64 *)(s->p + i * PAGE))[at < WORDS ? at : 0];

	stress_fail(t, "area %u page %u at %p, word %zu: %s read 0x%llx, expected 0x%llx; %s; CPU reads 0x%llx now",
		    (u32)(s->area - t->area), s->first + i, (void *)(s->p + i * PAGE), at, who,
		    (unsigned long long)value, (unsigned long long)want,
		    in_vram ? "in VRAM" : "not in VRAM", (unsigned long long)cpu_now);
}

void stress_check(struct stress_thread *t, const struct stress_span *s, const void *bytes, const char *who)
{
	const u64 *found = bytes;

	for (u32 i = 0; i < s->nr; i++, found += WORDS)
		if (page_mismatch(&s->area->page[s->first + i], found) != WORDS)
			report_page(t, s, i, found, who);
	atomic_fetch_add(&t->worker->shared->pages_checked, s->nr);
}

static void attr_apply(struct stress_attr *attr, u32 type, u32 value)
{
	switch (type) {
	case KFD_IOCTL_SVM_ATTR_PREFERRED_LOC:
		attr->preferred = value;
		break;
	case KFD_IOCTL_SVM_ATTR_PREFETCH_LOC:
		attr->prefetch = value;
		break;
	case KFD_IOCTL_SVM_ATTR_SET_FLAGS:
		attr->flags |= value;
		break;
	case KFD_IOCTL_SVM_ATTR_CLR_FLAGS:
		attr->flags &= ~value;
		break;
	case KFD_IOCTL_SVM_ATTR_GRANULARITY:
		attr->granularity = value;
		break;
	default:
		attr->access = type;
	}
}

static struct stress_attr attr_default(const struct stress_thread *t)
{
	return (struct stress_attr){
		.preferred = SVM_UNDEFINED,
		.prefetch = SVM_UNDEFINED,
		.flags = SVM_FLAG_DEFAULTS,
		.granularity = 9,
		.access = t->worker->xnack ? KFD_IOCTL_SVM_ATTR_ACCESS : KFD_IOCTL_SVM_ATTR_NO_ACCESS,
	};
}

void stress_set(struct stress_thread *t, struct stress_span *s, u32 type, u32 value)
{
	struct kfd_ioctl_svm_attribute attr = { type, value };
	int err = kfd_svm(t->worker->session.kfd, KFD_IOCTL_SVM_OP_SET_ATTR, s->p, s->bytes, &attr, 1);

	if (err)
		stress_fail(t, "set attribute %u to 0x%x over %p, %zu bytes: %s", type, value, (void *)s->p,
			    s->bytes, strerror_neg(err));
	for (u32 i = s->first; i < s->first + s->nr; i++) {
		if (!s->area->attr[i].set)
			s->area->attr[i] = attr_default(t);
		s->area->attr[i].set = true;
		attr_apply(&s->area->attr[i], type, value);
	}
}

/* KFD's answer: what registered pages have in common, or the defaults. */
static struct stress_attr attr_common(const struct stress_thread *t, const struct stress_span *s, u32 *any_flags)
{
	struct stress_attr out = attr_default(t);

	*any_flags = out.flags;
	for (u32 i = s->first; i < s->first + s->nr; i++) {
		const struct stress_attr *attr = &s->area->attr[i];

		if (!attr->set)
			continue;
		if (!out.set) {
			out = *attr;
			*any_flags = attr->flags;
			continue;
		}
		if (out.preferred != attr->preferred)
			out.preferred = SVM_UNDEFINED;
		if (out.prefetch != attr->prefetch)
			out.prefetch = SVM_UNDEFINED;
		if (out.access != attr->access)
			out.access = KFD_IOCTL_SVM_ATTR_NO_ACCESS;
		if (out.granularity > attr->granularity)
			out.granularity = attr->granularity;
		out.flags &= attr->flags;
		*any_flags |= attr->flags;
	}
	return out;
}

void stress_get(struct stress_thread *t, struct stress_span *s)
{
	u32 any_flags, gpu_id = t->worker->session.gpu[0].gpu_id;
	struct stress_attr want = attr_common(t, s, &any_flags);
	struct kfd_ioctl_svm_attribute got[] = {
		{ KFD_IOCTL_SVM_ATTR_PREFERRED_LOC }, { KFD_IOCTL_SVM_ATTR_PREFETCH_LOC },
		{ KFD_IOCTL_SVM_ATTR_SET_FLAGS }, { KFD_IOCTL_SVM_ATTR_CLR_FLAGS },
		{ KFD_IOCTL_SVM_ATTR_GRANULARITY }, { KFD_IOCTL_SVM_ATTR_ACCESS, gpu_id },
	};
	const u32 wanted[] = { want.preferred, want.prefetch, want.flags, ~any_flags, want.granularity, want.access };
	int err = kfd_svm(t->worker->session.kfd, KFD_IOCTL_SVM_OP_GET_ATTR, s->p, s->bytes, got, ARRAY_LEN(got));

	if (err)
		stress_fail(t, "get attributes of %p, %zu bytes: %s", (void *)s->p, s->bytes, strerror_neg(err));
	for (u32 i = 0; i < ARRAY_LEN(got); i++) {
		u32 value = i == 5 ? got[i].type : got[i].value;

		if (value != wanted[i])
			stress_fail(t, "attribute %u of %p, %zu bytes is 0x%x, expected 0x%x", i, (void *)s->p,
				    s->bytes, value, wanted[i]);
	}
}
