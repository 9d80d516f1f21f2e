# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# usage: ./vkfd shell [OPTIONS]
#
# An interactive guest; 'exit' or Ctrl-D ends it. Without a terminal, the
# shell reads its commands from stdin. Exit status as with 'run'.

cmd_shell() {
	options_parse "$@"
	shift "$opt_taken"
	case ${1:-} in
	-h | --help)
		usage_of "$VKFD_TOP/launcher/cmd/shell.sh"
		options_help
		return
		;;
	?*) die 2 "shell: unexpected '$1'; './vkfd shell --help'" ;;
	esac
	guest_prepare
	shell_status=0
	if [ -t 0 ] && [ -t 1 ]; then
		guest_start 1 /bin/bash -l || shell_status=$?
	else
		guest_start 0 /bin/bash || shell_status=$?
	fi
	exit "$shell_status"
}
