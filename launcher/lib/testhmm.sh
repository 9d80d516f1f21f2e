# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The kernel's own HMM test module for Debian's kernel, which does not come
# with it: two files of Debian's linux-source, compiled once and kept in the cache.

test_hmm_dir() { echo "$kernels/test_hmm-$(kernel_release)"; }

# Runs inside step. The source must be of the release that runs.
# shellcheck disable=SC2016 # expanded inside
test_hmm_build() {
	enter sh -euc '
		dir=$1 release=$2 build=/tmp/test_hmm
		mkdir -p "$build"
		cd /tmp
		apt-get download "linux-source-${release%.*}" || {
			apt-get update
			apt-get download "linux-source-${release%.*}"
		}
		dpkg-deb --fsys-tarfile linux-source-*.deb |
			tar -xO --wildcards "./usr/src/linux-source-*.tar.xz" |
			xz -dc -T0 | tar -x -C "$build" --strip-components=2 --wildcards \
			"*/lib/test_hmm.c" "*/lib/test_hmm_uapi.h"
		echo "obj-m := test_hmm.o" >"$build/Kbuild"
		make -C "/lib/modules/$3/build" M="$build" modules
		cp "$build/test_hmm.ko" "$dir/test_hmm.ko.new"
		mv "$dir/test_hmm.ko.new" "$dir/test_hmm.ko"
	' sh "/vkfd-cache/kernels/test_hmm-$(kernel_release)" \
		"$(kernel_release | cut -d+ -f1)" "$(kernel_release)"
}

test_hmm_locked() {
	[ ! -e "$(test_hmm_dir)/test_hmm.ko" ] || return 0
	mkdir -p "$(test_hmm_dir)"
	step "loading and compiling the kernel's test_hmm (160 MB of source)" 40 \
		"$cache_logs/test-hmm.log" test_hmm_build ||
		die 1 "no test_hmm to compare with; its source needs the network once"
}

# Into the build directory, where the guest finds it.
test_hmm_create() {
	with_lock "$kernels/test_hmm.lock" "the test_hmm module" test_hmm_locked
	cp "$(test_hmm_dir)/test_hmm.ko" "$VKFD_BUILD/kmod-stock/"
}
