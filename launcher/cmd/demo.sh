# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# usage: ./vkfd demo [OPTIONS] [FILE]
#
# Everything from nothing: environment, build, boot, then a program whose
# malloc'ed memory is used by CPU and GPU in turn. Shows the pages move and
# checks every byte of FILE (default: 32 MiB that it makes up).

cmd_demo() {
	options_parse "$@"
	shift "$opt_taken"
	case ${1:-} in
	-h | --help)
		usage_of "$VKFD_TOP/launcher/cmd/demo.sh"
		options_help
		return
		;;
	-*) die 2 "demo: unknown option '$1'; './vkfd demo --help' lists them" ;;
	esac
	[ $# -le 1 ] || die 2 "demo: one file, please; './vkfd demo --help'"
	demo_file=${1:-}
	if [ -n "$demo_file" ]; then
		{ [ -f "$demo_file" ] && [ -r "$demo_file" ]; } || die 2 "demo: cannot read '$demo_file'"
		demo_dir=$(CDPATH='' cd -- "$(dirname -- "$demo_file")" && pwd -P)
		demo_inside=/mnt/vkfd-demo-input/$(basename -- "$demo_file")
		option_share "$demo_dir:/mnt/vkfd-demo-input"
	fi
	say "demo: 1 of 3: environment and build (a few minutes the first time)"
	options_check
	guest_prepare
	[ "$opt_build" = 0 ] || build demo
	say "demo: 2 of 3: booting Linux in QEMU ($guest_accel) with $opt_gpus virtual GPU(s)"
	say "demo: 3 of 3: the program (tests/demo/vkfd-demo, as root in the guest)"
	demo_status=0
	rm -f "$VKFD_BUILD/demo-trace.json"
	guest_start 0 /vkfd/build/tests/demo/vkfd-demo --trace /vkfd/build/demo-trace.json \
		${demo_file:+"$demo_inside"} || demo_status=$?
	[ ! -e "$VKFD_BUILD/demo-trace.json" ] ||
		say "demo: the trace is $VKFD_BUILD/demo-trace.json on this machine"
	exit "$demo_status"
}
