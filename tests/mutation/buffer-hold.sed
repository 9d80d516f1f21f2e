# SPDX-License-Identifier: MIT
# what: a queue takes no reference on its buffers
# file: kmod/process/buffer.c
# kernel: stock
# tests: guest.queues.buffer_of_a_live_queue_cannot_be_pulled_away
/^\t\t\tbuffer->holds++;$/d
