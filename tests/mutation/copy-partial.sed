# SPDX-License-Identifier: MIT
# what: only the first 4 KiB of a 2 MiB page are copied to VRAM
# file: kmod/mem/mem_copy.c
# kernel: stock
# tests: guest.svm_migrate.prefetch_round_trip_keeps_data_2m_xnack_on
/^int vkfd_copy_to_devmem(/,/^}/s/addrs\[i\]\.addr, nr);/addrs[i].addr, 1);/
