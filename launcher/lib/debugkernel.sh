# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The debug kernel: built once from Debian's linux-source, kept in the cache.
# An interrupted build goes on where it stopped.

debug_dir=$kernels/debug-$(hash_of "$VKFD_TOP"/launcher/kernel/* \
	"$VKFD_TOP/launcher/rootfs/version")
debug_inside=/vkfd-cache/kernels/${debug_dir##*/}

# apt keeps its lists in the root tree; they may be older than the archive.
debug_source_fetch() {
	# shellcheck disable=SC2016
	enter sh -euc '
		cd /tmp
		series=$(ls /usr/lib/modules | cut -d. -f1,2)
		apt-get download "linux-source-$series" || {
			apt-get update
			apt-get download "linux-source-$series"
		}
		mv linux-source-*.deb "$1/source.deb.new"
		mv "$1/source.deb.new" "$1/source.deb"
	' sh "$debug_inside"
}

debug_kernel_build() {
	[ ! -e "$debug_dir/.done" ] || return 0
	mkdir -p "$debug_dir"
	debug_free=$(df -Pk "$debug_dir" | awk 'NR == 2 { print int($4 / 1024) }')
	[ "$debug_free" -ge 3500 ] ||
		die 1 "not enough room: $debug_dir has $debug_free MB free, the debug kernel needs 3500 MB while it is built"
	if [ ! -e "$debug_dir/.unpack" ] && [ ! -e "$debug_dir/source.deb" ]; then
		step "loading Debian's kernel source (160 MB)" 15 "$cache_logs/debug-fetch.log" \
			debug_source_fetch || die 1 "no kernel source; this needs the network once"
	fi
	for debug_one in "unpack 40" "configure 15" "compile 1200" "prune 5"; do
		debug_name=${debug_one% *}
		[ ! -e "$debug_dir/.$debug_name" ] || continue
		step "debug kernel: $debug_name" "${debug_one#* }" "$cache_logs/debug-$debug_name.log" \
			enter /vkfd/launcher/kernel/build "$debug_name" "$debug_inside" || die 1 "no debug kernel"
		: >"$debug_dir/.$debug_name"
	done
	: >"$debug_dir/.done"
}

debug_kernel_create() {
	[ ! -e "$debug_dir/.done" ] || return 0
	say "the debug kernel is built once; that takes 10 to 20 minutes on 2 processors"
	with_lock "$kernels/debug.lock" "the debug kernel" debug_kernel_build
}
