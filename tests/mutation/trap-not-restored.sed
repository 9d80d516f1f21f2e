# SPDX-License-Identifier: MIT
# what: a restored process' trap handler is remembered but not given to the GPU
# file: kmod/process/criu_restore.c
# kernel: stock
# tests: guest.criu.trap_handler_is_restored_xnack_off
s/^\treturn vkfd_pdd_set_trap(pdd, r->device\[i\].tba, r->device\[i\].tma);$/\treturn 0;/
