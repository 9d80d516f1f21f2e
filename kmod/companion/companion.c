// SPDX-License-Identifier: GPL-2.0 OR MIT
/**
 * DOC: the module named amdgpu
 *
 * rocminfo refuses to run unless /sys/module/amdgpu/initstate says "live", and
 * kfdtest reads two parameters there to choose what it tests. This module has
 * that name and nothing else. It is loaded by path, with the real driver
 * blacklisted (D15); it owns no device and does no work.
 */
#include <linux/module.h>

static int cwsr_enable = 1;
module_param(cwsr_enable, int, 0444);
MODULE_PARM_DESC(cwsr_enable, "Queues of vkfd keep their state across preemption (always 1)");

static int emu_mode;
module_param(emu_mode, int, 0444);
MODULE_PARM_DESC(emu_mode, "Tests shorten their work (always 0: they run in full)");

static int __init companion_init(void)
{
	return 0;
}
module_init(companion_init);

static void __exit companion_exit(void)
{
}
module_exit(companion_exit);

MODULE_VERSION("vkfd");
MODULE_DESCRIPTION("Stands where ROCm clients look for the amdgpu module");
MODULE_AUTHOR("vkfd authors");
MODULE_LICENSE("Dual MIT/GPL");
