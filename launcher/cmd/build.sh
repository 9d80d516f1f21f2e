# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# usage: ./vkfd build [--kernel stock|debug] [PART...]
#
# Compiles PARTs, or all that the chosen kernel needs. Parts: launcher device
# device-bench kmod-stock kmod-debug tests-guest tests-rocr tests-hip tests-host
# bench-svm tools demo.

cmd_build() {
	case ${1:-} in -h | --help) usage_of "$VKFD_TOP/launcher/cmd/build.sh"; return ;; esac
	options_parse "$@"
	shift "$opt_taken"
	case ${1:-} in -*) die 2 "build: unknown option '$1'; './vkfd build --help'" ;; esac
	for build_arg; do
		case " $build_parts " in
		*" $build_arg "*) ;;
		*) die 2 "build: no part '$build_arg'; the parts are: $build_parts" ;;
		esac
		[ "$build_arg" != kmod-debug ] || opt_kernel=debug
	done
	[ $# -gt 0 ] || set -- launcher device "kmod-$opt_kernel" tests-guest tests-rocr tests-hip tests-host tools demo
	setup
	[ "$opt_kernel" = stock ] || debug_kernel_create
	build "$@"
}
