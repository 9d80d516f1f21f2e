# SPDX-License-Identifier: MIT
# what: a migration is finalized although its copy failed
# file: kmod/mem/mem_copy.c
# kernel: stock
# tests: guest.robustness.failed_copy_to_vram_leaves_memory_in_ram_xnack_on
s/^\treturn err == -ENOMEM ? -ENOMEM : -EIO;$/\treturn 0;/
