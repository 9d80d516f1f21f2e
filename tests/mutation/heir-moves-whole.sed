# SPDX-License-Identifier: MIT
# what: a 2 MiB page moves as one where nobody hears who drops it
# file: kmod/mem/mem_fault.c
# kernel: debug
# tests: guest.svm_race.heir_drops_memory_while_cpu_fetches_it
s/ || !vkfd_whole_is_guarded(vmf->vma->vm_mm)//
