# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# usage: ./vkfd run [OPTIONS] -- CMD [ARGS...]
#
# Boots a guest, runs CMD in it as root with /vkfd (this tree) as its working
# directory, streams stdin, stdout and stderr, and exits with CMD's status.
# Or with: 2 wrong use, 70 the guest's kernel complained (WARN, BUG, KASAN,
# lockdep, hung task), 71 the guest or the GPU died, 72 --timeout is over.
cmd_run() {
	options_parse "$@"
	shift "$opt_taken"
	case ${1:-} in
	-h | --help)
		usage_of "$VKFD_TOP/launcher/cmd/run.sh"
		options_help
		return
		;;
	--) shift ;;
	-*) die 2 "run: unknown option '$1'; './vkfd run --help' lists them" ;;
	esac
	[ $# -gt 0 ] || die 2 "run: no command; usage: ./vkfd run [OPTIONS] -- CMD [ARGS...]"
	guest_prepare
	run_status=0
	guest_start 0 "$@" || run_status=$?
	exit "$run_status"
}
