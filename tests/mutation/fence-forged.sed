# SPDX-License-Identifier: MIT
# what: a completion number that was never emitted is believed
# file: kmod/engine/eng_fence.c
# kernel: stock
# tests: guest.forged.completion_of_the_future_is_not_believed_xnack_on
s/if (advance > timeline->emitted - timeline->done) {/if (0) {/
