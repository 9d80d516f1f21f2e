# SPDX-License-Identifier: MIT
# what: a destroyed queue goes on running
# file: kmod/process/queue_hw.c
# kernel: stock
# tests: guest.queues.destroy_while_running_touches_memory_no_more
/^void vkfd_queue_unmap(/,/^}/{
/^\tunmap_locked(q);$/d
}
