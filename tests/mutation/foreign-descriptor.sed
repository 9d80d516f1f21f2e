# SPDX-License-Identifier: MIT
# what: whoever has the descriptor acts for the process that opened it
# file: kmod/uapi/chardev.c
# kernel: stock
# tests: guest.abi.fork_child_with_parents_descriptor_is_ebadf
/^static long kfd_ioctl(/,/^}/s/if (!is_own(kfd) \&\& /if (0 \&\& /
