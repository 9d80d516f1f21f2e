# SPDX-License-Identifier: MIT
# what: an auto-reset event that nobody waits for is forgotten
# file: kmod/process/event.c
# kernel: stock
# tests: guest.events.set_wakes_wait_and_auto_reset_consumes
s/!event->auto_reset || list_empty(&event->waiters);/!event->auto_reset;/
