# SPDX-License-Identifier: MIT
# what: every piece of a copy window begins at the page of its first
# file: kmod/engine/eng_copy.c
# kernel: stock
# tests: guest.engine.selftest_copies_scattered_pages_without_a_wrong_byte
s/\.first = done, /.first = 0, /
