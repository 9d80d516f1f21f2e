/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vkfd

#if !defined(VKFD_CORE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define VKFD_CORE_TRACE_H

#include <linux/tracepoint.h>

/*
 * One event an arrow of a page's path. Addresses and lengths in bytes; gpu is
 * the KFD gpu_id, 0 = system memory; err is 0 or -errno. trigger: 0 prefetch,
 * 1 gpu fault, 2 cpu fault, 3 eviction (KFD's numbers).
 */

/* ask */
TRACE_EVENT(vkfd_ioctl,
	TP_PROTO(u32 nr, int err),
	TP_ARGS(nr, err),
	TP_STRUCT__entry(__field(u32, nr) __field(int, err)),
	TP_fast_assign(__entry->nr = nr; __entry->err = err;),
	TP_printk("nr=0x%02x err=%d", __entry->nr, __entry->err)
);

TRACE_EVENT(vkfd_ioctl_svm,
	TP_PROTO(u32 pasid, u32 op, u64 va, u64 len, u32 nattr, int err),
	TP_ARGS(pasid, op, va, len, nattr, err),
	TP_STRUCT__entry(__field(u32, pasid) __field(u32, op) __field(u64, va)
			 __field(u64, len) __field(u32, nattr) __field(int, err)),
	TP_fast_assign(__entry->pasid = pasid; __entry->op = op; __entry->va = va;
		       __entry->len = len; __entry->nattr = nattr; __entry->err = err;),
	TP_printk("pasid=%u op=%s va=0x%llx len=0x%llx nattr=%u err=%d", __entry->pasid,
		  __entry->op ? "get" : "set", __entry->va, __entry->len, __entry->nattr,
		  __entry->err)
);

/* move */
TRACE_EVENT(vkfd_migrate_begin,
	TP_PROTO(u64 va, u64 len, u32 from_gpu, u32 to_gpu, u32 trigger),
	TP_ARGS(va, len, from_gpu, to_gpu, trigger),
	TP_STRUCT__entry(__field(u64, va) __field(u64, len) __field(u32, from_gpu)
			 __field(u32, to_gpu) __field(u32, trigger)),
	TP_fast_assign(__entry->va = va; __entry->len = len; __entry->from_gpu = from_gpu;
		       __entry->to_gpu = to_gpu; __entry->trigger = trigger;),
	TP_printk("va=0x%llx len=0x%llx from=%u to=%u trigger=%u", __entry->va, __entry->len,
		  __entry->from_gpu, __entry->to_gpu, __entry->trigger)
);

TRACE_EVENT(vkfd_migrate_end,
	TP_PROTO(u64 va, u64 len, u32 from_gpu, u32 to_gpu, u32 trigger, u64 pages, int err),
	TP_ARGS(va, len, from_gpu, to_gpu, trigger, pages, err),
	TP_STRUCT__entry(__field(u64, va) __field(u64, len) __field(u32, from_gpu)
			 __field(u32, to_gpu) __field(u32, trigger) __field(u64, pages)
			 __field(int, err)),
	TP_fast_assign(__entry->va = va; __entry->len = len; __entry->from_gpu = from_gpu;
		       __entry->to_gpu = to_gpu; __entry->trigger = trigger;
		       __entry->pages = pages; __entry->err = err;),
	TP_printk("va=0x%llx len=0x%llx from=%u to=%u trigger=%u pages=%llu err=%d",
		  __entry->va, __entry->len, __entry->from_gpu, __entry->to_gpu,
		  __entry->trigger, __entry->pages, __entry->err)
);

/* copy */
TRACE_EVENT(vkfd_copy,
	TP_PROTO(u32 gpu, bool to_vram, u64 pages, u32 runs, u64 seqno),
	TP_ARGS(gpu, to_vram, pages, runs, seqno),
	TP_STRUCT__entry(__field(u32, gpu) __field(bool, to_vram) __field(u64, pages)
			 __field(u32, runs) __field(u64, seqno)),
	TP_fast_assign(__entry->gpu = gpu; __entry->to_vram = to_vram; __entry->pages = pages;
		       __entry->runs = runs; __entry->seqno = seqno;),
	TP_printk("gpu=%u dir=%s pages=%llu runs=%u seqno=%llu", __entry->gpu,
		  __entry->to_vram ? "to_vram" : "to_ram", __entry->pages, __entry->runs,
		  __entry->seqno)
);

TRACE_EVENT(vkfd_evict,
	TP_PROTO(u32 gpu, u64 len, int err),
	TP_ARGS(gpu, len, err),
	TP_STRUCT__entry(__field(u32, gpu) __field(u64, len) __field(int, err)),
	TP_fast_assign(__entry->gpu = gpu; __entry->len = len; __entry->err = err;),
	TP_printk("gpu=%u len=0x%llx err=%d", __entry->gpu, __entry->len, __entry->err)
);

/* complain */
TRACE_EVENT(vkfd_irq,
	TP_PROTO(u32 gpu, u32 client, u32 source, u32 pasid, u32 data0),
	TP_ARGS(gpu, client, source, pasid, data0),
	TP_STRUCT__entry(__field(u32, gpu) __field(u32, client) __field(u32, source)
			 __field(u32, pasid) __field(u32, data0)),
	TP_fast_assign(__entry->gpu = gpu; __entry->client = client; __entry->source = source;
		       __entry->pasid = pasid; __entry->data0 = data0;),
	TP_printk("gpu=%u client=0x%x source=%u pasid=%u data0=0x%x", __entry->gpu,
		  __entry->client, __entry->source, __entry->pasid, __entry->data0)
);

/* serve */
TRACE_EVENT(vkfd_fault_begin,
	TP_PROTO(u32 gpu, u32 pasid, u64 va, bool write, bool retry),
	TP_ARGS(gpu, pasid, va, write, retry),
	TP_STRUCT__entry(__field(u32, gpu) __field(u32, pasid) __field(u64, va)
			 __field(bool, write) __field(bool, retry)),
	TP_fast_assign(__entry->gpu = gpu; __entry->pasid = pasid; __entry->va = va;
		       __entry->write = write; __entry->retry = retry;),
	TP_printk("gpu=%u pasid=%u va=0x%llx %s %s", __entry->gpu, __entry->pasid, __entry->va,
		  __entry->write ? "write" : "read", __entry->retry ? "retry" : "noretry")
);

TRACE_EVENT(vkfd_fault_done,
	TP_PROTO(u32 gpu, u32 pasid, u64 va, const char *how, int err),
	TP_ARGS(gpu, pasid, va, how, err),
	TP_STRUCT__entry(__field(u32, gpu) __field(u32, pasid) __field(u64, va)
			 __string(how, how) __field(int, err)),
	TP_fast_assign(__entry->gpu = gpu; __entry->pasid = pasid; __entry->va = va;
		       __assign_str(how); __entry->err = err;),
	TP_printk("gpu=%u pasid=%u va=0x%llx how=%s err=%d", __entry->gpu, __entry->pasid,
		  __entry->va, __get_str(how), __entry->err)
);

/* decide: what: pinned, released */
TRACE_EVENT(vkfd_thrash,
	TP_PROTO(u32 pasid, u64 va, u64 len, u32 bounces, const char *what),
	TP_ARGS(pasid, va, len, bounces, what),
	TP_STRUCT__entry(__field(u32, pasid) __field(u64, va) __field(u64, len)
			 __field(u32, bounces) __string(what, what)),
	TP_fast_assign(__entry->pasid = pasid; __entry->va = va; __entry->len = len;
		       __entry->bounces = bounces; __assign_str(what);),
	TP_printk("pasid=%u va=0x%llx len=0x%llx bounces=%u what=%s", __entry->pasid,
		  __entry->va, __entry->len, __entry->bounces, __get_str(what))
);

/* decide: how: moved, stayed, declined; pages moved */
TRACE_EVENT(vkfd_hot,
	TP_PROTO(u32 gpu, u32 pasid, u64 va, u32 requests, u64 pages, const char *how),
	TP_ARGS(gpu, pasid, va, requests, pages, how),
	TP_STRUCT__entry(__field(u32, gpu) __field(u32, pasid) __field(u64, va)
			 __field(u32, requests) __field(u64, pages) __string(how, how)),
	TP_fast_assign(__entry->gpu = gpu; __entry->pasid = pasid; __entry->va = va;
		       __entry->requests = requests; __entry->pages = pages;
		       __assign_str(how);),
	TP_printk("gpu=%u pasid=%u va=0x%llx len=0x10000 requests=%u pages=%llu how=%s",
		  __entry->gpu, __entry->pasid, __entry->va, __entry->requests,
		  __entry->pages, __get_str(how))
);

/* map */
TRACE_EVENT(vkfd_map,
	TP_PROTO(u32 gpu, u32 pasid, u64 va, u64 len, u32 vram_pages, bool writable),
	TP_ARGS(gpu, pasid, va, len, vram_pages, writable),
	TP_STRUCT__entry(__field(u32, gpu) __field(u32, pasid) __field(u64, va)
			 __field(u64, len) __field(u32, vram_pages) __field(bool, writable)),
	TP_fast_assign(__entry->gpu = gpu; __entry->pasid = pasid; __entry->va = va;
		       __entry->len = len; __entry->vram_pages = vram_pages;
		       __entry->writable = writable;),
	TP_printk("gpu=%u pasid=%u va=0x%llx len=0x%llx vram_pages=%u %s", __entry->gpu,
		  __entry->pasid, __entry->va, __entry->len, __entry->vram_pages,
		  __entry->writable ? "rw" : "ro")
);

TRACE_EVENT(vkfd_invalidate,
	TP_PROTO(u32 pasid, u64 va, u64 len, u32 event),
	TP_ARGS(pasid, va, len, event),
	TP_STRUCT__entry(__field(u32, pasid) __field(u64, va) __field(u64, len)
			 __field(u32, event)),
	TP_fast_assign(__entry->pasid = pasid; __entry->va = va; __entry->len = len;
		       __entry->event = event;),
	TP_printk("pasid=%u va=0x%llx len=0x%llx event=%u", __entry->pasid, __entry->va,
		  __entry->len, __entry->event)
);

TRACE_EVENT(vkfd_tlb_flush,
	TP_PROTO(u32 gpu, u32 ctx, u64 va, u64 len, int err),
	TP_ARGS(gpu, ctx, va, len, err),
	TP_STRUCT__entry(__field(u32, gpu) __field(u32, ctx) __field(u64, va) __field(u64, len)
			 __field(int, err)),
	TP_fast_assign(__entry->gpu = gpu; __entry->ctx = ctx; __entry->va = va;
		       __entry->len = len; __entry->err = err;),
	TP_printk("gpu=%u ctx=%u va=0x%llx len=0x%llx err=%d", __entry->gpu, __entry->ctx,
		  __entry->va, __entry->len, __entry->err)
);

/* queues */
TRACE_EVENT(vkfd_queue,
	TP_PROTO(u32 gpu, u32 pasid, u32 queue, const char *what, int err),
	TP_ARGS(gpu, pasid, queue, what, err),
	TP_STRUCT__entry(__field(u32, gpu) __field(u32, pasid) __field(u32, queue)
			 __string(what, what) __field(int, err)),
	TP_fast_assign(__entry->gpu = gpu; __entry->pasid = pasid; __entry->queue = queue;
		       __assign_str(what); __entry->err = err;),
	TP_printk("gpu=%u pasid=%u queue=%u %s err=%d", __entry->gpu, __entry->pasid,
		  __entry->queue, __get_str(what), __entry->err)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH core
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
