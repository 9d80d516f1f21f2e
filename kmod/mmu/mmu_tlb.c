// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: TLB flush and fault acknowledge
 *
 * Translates intervals of a space into KIQ commands. A flush is complete only
 * when no engine uses an old translation, so a page may be freed after it. In
 * two halves, because several GPUs should flush at the same time.
 *
 * An interval is rounded out to 2 MiB: vkfd_vm_zap() may have removed a leaf or
 * split a fragment that reaches beyond it.
 *
 * Locks: none of its own; legal inside an MMU notifier.
 */
#include "core/device.h"
#include "core/trace.h"
#include "engine/eng_kiq.h"
#include "mmu/mmu_tlb.h"
#include "mmu/mmu_vm.h"
#include "vkfd_hw/addr.h"

#define FLUSH_ALIGN	BIT_ULL(VKFD_PT_SHIFT(1))

static struct vkfd_kiq_cmd range_cmd(struct vkfd_vm *vm, enum vkfd_kiq_op op, u64 start, u64 end)
{
	u64 limit = VKFD_GPUVM_LIMIT + 1;

	return (struct vkfd_kiq_cmd){
		.op = op,
		.range = {
			.ctx = vkfd_vm_ctx(vm),
			.start = start & ~(FLUSH_ALIGN - 1),
			.end = end > limit - FLUSH_ALIGN ? limit :
			       (end + FLUSH_ALIGN - 1) & ~(FLUSH_ALIGN - 1),
		},
	};
}

/**
 * vkfd_tlb_flush_issue() - Start to drop translations of [start, end)
 * @vm:    Space.
 * @start: First address.
 * @end:   End, half-open.
 * @seq:   Out: for vkfd_tlb_flush_wait().
 *
 * Context: Process context, also in a notifier; no allocation.
 * Return: 0, -ENODEV, -ETIMEDOUT: the device is lost and was reset.
 */
int vkfd_tlb_flush_issue(struct vkfd_vm *vm, u64 start, u64 end, u64 *seq)
{
	struct vkfd_device *dev = vkfd_vm_device(vm);
	struct vkfd_kiq_cmd cmd = range_cmd(vm, VKFD_KIQ_TLB_FLUSH, start, end);
	int err = vkfd_kiq_submit(dev, &cmd, seq);

	trace_vkfd_tlb_flush(dev->gpu_id, cmd.range.ctx, start, end - start, err);
	return err;
}

/**
 * vkfd_tlb_flush_wait() - Until no engine uses the old translations
 * @vm:  Space.
 * @seq: From vkfd_tlb_flush_issue().
 *
 * Context: Process context, also in a notifier; no allocation.
 * Return: 0, -ENODEV, -ETIMEDOUT: the device is lost and was reset.
 */
int vkfd_tlb_flush_wait(struct vkfd_vm *vm, u64 seq)
{
	struct vkfd_device *dev = vkfd_vm_device(vm);
	int err = vkfd_kiq_wait(dev, seq);

	/* Refused: translations may be live, and the caller is about to free pages. */
	if (WARN_ON_ONCE(err == -EINVAL || err == -EBUSY))
		vkfd_device_mark_lost(dev, "TLB flush refused");
	return err;
}

/**
 * vkfd_tlb_flush() - Issue and wait
 * @vm:    Space.
 * @start: First address.
 * @end:   End, half-open.
 *
 * Context: As vkfd_tlb_flush_wait().
 * Return: As vkfd_tlb_flush_wait().
 */
int vkfd_tlb_flush(struct vkfd_vm *vm, u64 start, u64 end)
{
	u64 seq;
	int err = vkfd_tlb_flush_issue(vm, start, end, &seq);

	return err ?: vkfd_tlb_flush_wait(vm, seq);
}

/**
 * vkfd_fault_ack() - Let accesses parked in [start, end) run again
 * @vm:    Space.
 * @start: First address, page aligned.
 * @end:   End, half-open, page aligned.
 *
 * Takes effect at the next vkfd_fault_ack_ring(). Does not wait: commands
 * execute in order, and nobody depends on the moment.
 *
 * Context: Process context, no allocation.
 * Return: 0, -ENODEV, -ETIMEDOUT.
 */
int vkfd_fault_ack(struct vkfd_vm *vm, u64 start, u64 end)
{
	struct vkfd_kiq_cmd cmd = {
		.op = VKFD_KIQ_FAULT_ACK,
		.range = { .ctx = vkfd_vm_ctx(vm), .start = start, .end = end },
	};

	return vkfd_kiq_post(vkfd_vm_device(vm), &cmd);
}

/** vkfd_fault_ack_ring() - Acknowledged accesses run. Context: process context. */
void vkfd_fault_ack_ring(struct vkfd_vm *vm)
{
	vkfd_kiq_ring(vkfd_vm_device(vm));
}
