/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef VKFD_SVM_NOTIFIER_H
#define VKFD_SVM_NOTIFIER_H

struct drm_gpusvm_ops;
struct mmu_interval_notifier_ops;

extern const struct drm_gpusvm_ops vkfd_svm_gpusvm_ops;
extern const struct mmu_interval_notifier_ops vkfd_svm_watch_ops;

#endif
