# SPDX-License-Identifier: MIT
# what: evicting everything goes on after a kill
# file: kmod/mem/mem_evict.c
# kernel: stock
# tests: guest.evict_all.killed_eviction_ends_xnack_on
/^\t\tif (fatal_signal_pending(current))$/{N;s/fatal_signal_pending(current)\().*return true;\)$/false\1/}
