# SPDX-License-Identifier: MIT
# what: destinations of a migration that failed keep a reference: RAM leaks
# file: kmod/mem/mem_ram.c
# kernel: stock
# tests: guest.robustness.failed_copy_to_ram_gives_its_memory_back_xnack_on
/^\t\tfolio_put(page_folio(page));$/d
