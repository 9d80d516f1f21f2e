// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: News of migrations
 *
 * Tells the upper layers what moves, without knowing them: pages that changed
 * place, for counters (vkfd_migrate_done(), piece by piece), and begin and end
 * of what a reader of events would call one migration: an interval of one VMA
 * between one GPU and RAM, however many pieces it takes. And a page of 2 MiB that
 * moves as one, which must not be dropped meanwhile (svm/svm_whole.c).
 *
 * Called by every way of moving pages in this directory, with the locks of the
 * migration held. Allocates nothing; only vkfd_whole_begin() may wait.
 */
#include "core/trace.h"
#include "mem/mem_int.h"

static const struct vkfd_migrate_ops *migrate_ops;

/**
 * vkfd_migrate_set_ops() - who hears of migrations
 * @ops: callbacks, or NULL; set before the first probe, cleared after the last remove.
 */
void vkfd_migrate_set_ops(const struct vkfd_migrate_ops *ops)
{
	WRITE_ONCE(migrate_ops, ops);
}

void vkfd_migrate_done(struct mm_struct *mm, u64 start, u64 end, u32 from, u32 to,
		       enum vkfd_migrate_trigger trigger, u64 pages, int err)
{
	const struct vkfd_migrate_ops *ops = READ_ONCE(migrate_ops);

	trace_vkfd_migrate_end(start, end - start, from, to, trigger, pages, err);
	if (ops && ops->done)
		ops->done(mm, start, end, from, to, trigger, pages, err);
}

/* @news is filled in; nothing happens if it was told before and has not ended. */
void vkfd_news_begin(struct vkfd_migrate_news *news)
{
	const struct vkfd_migrate_ops *ops = READ_ONCE(migrate_ops);

	if (news->told)
		return;
	news->told = true;
	if (ops && ops->begin)
		ops->begin(news);
}

/* Nothing happens if it was not told. */
void vkfd_news_end(struct vkfd_migrate_news *news, int err)
{
	const struct vkfd_migrate_ops *ops = READ_ONCE(migrate_ops);

	if (!news->told)
		return;
	news->told = false;
	if (ops && ops->end)
		ops->end(news, err);
}

/* Of @mm, alive, before the page is collected. */
void vkfd_whole_begin(struct vkfd_whole_move *move, struct mm_struct *mm, u64 start)
{
	const struct vkfd_migrate_ops *ops = READ_ONCE(migrate_ops);

	*move = (struct vkfd_whole_move){ .mm = mm, .start = start, .end = start + SZ_2M };
	if (ops && ops->whole_begin)
		ops->whole_begin(move);
}

/* Is there anybody who makes others wait while a page of @mm, alive, moves as one? */
bool vkfd_whole_is_guarded(struct mm_struct *mm)
{
	const struct vkfd_migrate_ops *ops = READ_ONCE(migrate_ops);

	return ops && ops->owned && ops->owned(mm);
}

void vkfd_whole_end(struct vkfd_whole_move *move)
{
	const struct vkfd_migrate_ops *ops = READ_ONCE(migrate_ops);

	if (move->owner && ops && ops->whole_end)
		ops->whole_end(move);
}
