# SPDX-License-Identifier: MIT
# what: system memory of buffers stays on the account
# file: kmod/mem/mem_obj.c
# kernel: stock
# tests: guest.svm_leak.system_memory_account_returns_to_zero_xnack_on
/^\t\tvkfd_sysmem_unreserve(mem->charged);$/d
