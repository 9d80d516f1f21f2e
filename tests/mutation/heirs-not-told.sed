# SPDX-License-Identifier: MIT
# what: forked children find zeroes where pages were lost, and nobody tells them
# file: kmod/mem/mem_pagemap.c
# kernel: stock
# tests: guest.plug.forked_child_is_told_of_lost_pages_xnack_on
/^\tvkfd_loss_tell(dev);$/d
