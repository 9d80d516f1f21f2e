# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# usage: ./vkfd top [OPTIONS] [--once] [--interval SECONDS] [-- CMD [ARGS...]]
#
# Boots a guest and shows live what its GPUs do: processes, where their pages
# are, GPU faults and migrations by cause, VRAM and evictions. CMD runs beside
# it; its output is shown at the end. q quits and ends the guest. --once, or no
# terminal: lines of text; --once waits until CMD uses a GPU and takes one
# sample. In a guest of 'run' or 'shell' the program is vkfd-top.

cmd_top() {
	top_once=0 top_interval=1
	while :; do
		options_parse "$@"
		shift "$opt_taken"
		case ${1:-} in
		--once) top_once=1 ;;
		--interval)
			[ $# -ge 2 ] || die 2 "top: --interval needs a number of seconds"
			case $2 in
			'' | *[!0-9.]* | *.*.* | .) die 2 "top: --interval: '$2' is not a number of seconds" ;;
			esac
			top_interval=$2
			shift
			;;
		-h | --help)
			usage_of "$VKFD_TOP/launcher/cmd/top.sh"
			options_help
			return
			;;
		--)
			shift
			[ $# -gt 0 ] || die 2 "top: no command behind --"
			break
			;;
		'') break ;;
		*) die 2 "top: unexpected '$1'; a command comes behind --" ;;
		esac
		shift
	done
	guest_prepare
	[ "$opt_build" = 0 ] || build tools
	top_interactive=0
	if [ "$top_once" = 0 ] && [ -t 0 ] && [ -t 1 ]; then top_interactive=1; fi
	top_status=0
	guest_start "$top_interactive" /bin/sh /vkfd/launcher/guest/top \
		"$top_once" "$top_interval" "$@" || top_status=$?
	exit "$top_status"
}
