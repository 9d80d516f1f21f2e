# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Compiles inside the root tree. Each part has its own makefile and its own
# stamp: if nothing it is made from is newer, make is not even started.

build_parts="launcher device device-bench kmod-stock kmod-debug tests-guest tests-rocr tests-hip tests-host bench-svm tools demo"

# The kernel build directory of FLAVOUR, as seen inside the root tree.
kernel_build_dir() {
	case $1 in
	stock) echo "/lib/modules/$(kernel_release)/build" ;;
	debug) echo "$debug_inside/linux" ;;
	esac
}

# part NAME: sets part_dir, part_inputs and part_make (the command).
part() {
	case $1 in
	launcher) part_dir=launcher part_inputs= ;;
	device | device-bench) part_dir=device part_inputs=include ;;
	kmod-*) part_dir=kmod part_inputs=include ;;
	tests-guest) part_dir=tests/guest part_inputs=include ;;
	tests-rocr) part_dir=tests/rocr part_inputs="tests/guest/lib include" ;;
	tests-hip) part_dir=tests/hip part_inputs= ;;
	tests-host) part_dir=tests/host part_inputs="tests/shim kmod include" ;;
	bench-svm) part_dir=tests/bench part_inputs="tests/guest/lib include" ;;
	tools) part_dir=tools part_inputs=include ;;
	demo) part_dir=tests/demo part_inputs=include ;;
	*) die 2 "build: no part '$1'; the parts are: $build_parts" ;;
	esac
	part_inputs="$part_dir $part_inputs"
	case $1 in
	kmod-*) part_make="make -C $(kernel_build_dir "${1#kmod-}") M=/vkfd/kmod MO=/vkfd/build/$1 modules" ;;
	device) part_make="make -C /vkfd/device OUT=/vkfd/build/device all tests" ;;
	device-bench) part_make="make -C /vkfd/device OUT=/vkfd/build/device bench" ;;
	*) part_make="make -C /vkfd/$part_dir OUT=/vkfd/build/$part_dir" ;;
	esac
}

# True if NAME has to be made: something it comes from is newer than its last
# good build, or it was made with another compiler or kernel.
part_is_stale() {
	part_stamp=$VKFD_BUILD/.stamp/$1
	[ -e "$part_stamp" ] || return 0
	[ "$(cat "$part_stamp")" = "$part_make $rootfs_hash" ] || return 0
	for part_input in $part_inputs; do
		[ -e "$VKFD_TOP/$part_input" ] || continue
		[ -z "$(find "$VKFD_TOP/$part_input" -newer "$part_stamp" -print | head -n 1)" ] || return 0
	done
	return 1
}

build_part() {
	part "$1"
	[ -d "$VKFD_TOP/$part_dir" ] || die 1 "this tree is not complete: no $part_dir"
	part_is_stale "$1" || return 0
	# Written before make reads its inputs: what changes meanwhile is newer.
	mkdir -p "$VKFD_BUILD/.stamp"
	case $1 in kmod-*) mkdir -p "$VKFD_BUILD/$1" ;; esac
	echo "$part_make $rootfs_hash" >"$VKFD_BUILD/.stamp/$1.new"
	# shellcheck disable=SC2086
	step "compiling $1" '' "$VKFD_BUILD/logs/$1.log" enter $part_make -j"$(nproc)" ||
		die 1 "$1 does not compile"
	# The kernel's own HMM test module, where suites find it in the guest.
	[ "$1" != kmod-debug ] || cp "$debug_dir/test_hmm.ko" "$VKFD_BUILD/kmod-debug/"
	mv "$VKFD_BUILD/.stamp/$1.new" "$VKFD_BUILD/.stamp/$1"
}

# build PARTS...
build_locked() { for build_one; do build_part "$build_one"; done; }
build() { with_lock "$VKFD_BUILD/lock" "this tree's build directory" build_locked "$@"; }

# What a guest needs with the options given: supervisor, GPU, driver, tests.
build_for_guest() {
	set -- launcher tools
	[ "$opt_gpus" = 0 ] || set -- "$@" device
	[ "$opt_driver" = 0 ] || set -- "$@" "kmod-$opt_kernel"
	build "$@"
}
