# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# usage: ./vkfd setup [--kernel stock|debug]
#
# Makes the environment: one root tree of Debian packages that is compiler,
# QEMU and guest userland, and the kernel. Needs the network the first time
# only. --kernel debug also builds the debug kernel.

cmd_setup() {
	case ${1:-} in -h | --help) usage_of "$VKFD_TOP/launcher/cmd/setup.sh"; return ;; esac
	options_parse "$@"
	[ "$opt_taken" = $# ] || die 2 "setup: unexpected argument; './vkfd setup --help'"
	setup
	[ "$opt_kernel" = stock ] || debug_kernel_create
}
