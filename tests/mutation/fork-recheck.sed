# SPDX-License-Identifier: MIT
# what: a fork between the look for shared pages and the commit is not noticed
# file: kmod/svm/svm_map.c
# kernel: stock
# tests: guest.svm_race.fork_before_collect_still_breaks_sharing_xnack_on
s/^\tif (job->vram && ((u64)atomic64_read(&job->svm->cow_gen) != job->cow_gen ||$/\tif (job->vram \&\& (false ||/
