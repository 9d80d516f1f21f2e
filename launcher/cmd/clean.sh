# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# usage: ./vkfd clean [--all]
#
# Removes build/. With --all also the cache: root tree, packages, kernels.

cmd_clean() {
	case ${1:-} in
	-h | --help) usage_of "$VKFD_TOP/launcher/cmd/clean.sh"; return ;;
	'' | --all) ;;
	*) die 2 "clean: unexpected '$1'; usage: ./vkfd clean [--all]" ;;
	esac
	[ $# -le 1 ] || die 2 "clean: unexpected '$2'"
	if [ -d "$VKFD_BUILD" ]; then
		with_lock "$VKFD_BUILD/lock" "this tree's build directory" rm -rf "$VKFD_BUILD"
	fi
	[ "${1:-}" = --all ] && [ -d "$vkfd_cache" ] || return 0
	with_lock "$vkfd_cache/lock" "the cache" clean_cache
	rmdir "$vkfd_cache" 2>/dev/null || :
}

# Only what setup made: the directory may be one the user named.
clean_cache() {
	for clean_one in "$vkfd_cache"/rootfs-* "$debs" "$debs.new" "$kernels" "$cache_logs" "$vkfd_cache"/kvm-* "$vkfd_cache/lock"; do
		remove_tree "$clean_one"
	done
}
