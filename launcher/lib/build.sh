# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Compiles inside the root tree. Each part has its own makefile and its own
# stamp: if nothing it is made from is newer, make is not even started.

# part NAME: sets part_inputs and part_make, the command run in the tree.
part() {
	part_inputs= part_make=
	case $1 in
	launcher)
		part_inputs="launcher"
		part_make="make -C /vkfd/launcher OUT=/vkfd/build/launcher"
		;;
	device)
		part_inputs="device include"
		part_make="make -C /vkfd/device OUT=/vkfd/build/device all tests"
		;;
	kmod-stock)
		part_inputs="kmod include"
		part_make="make -C /lib/modules/$(kernel_release)/build M=/vkfd/kmod MO=/vkfd/build/kmod-stock modules"
		;;
	kmod-debug)
		part_inputs="kmod include"
		part_make="make -C /vkfd-cache/${debug_dir#"$vkfd_cache"/}/linux M=/vkfd/kmod MO=/vkfd/build/kmod-debug modules"
		;;
	tests-guest)
		part_inputs="tests/guest include"
		part_make="make -C /vkfd/tests/guest OUT=/vkfd/build/tests/guest"
		;;
	tests-host)
		part_inputs="tests/host tests/shim kmod include"
		part_make="make -C /vkfd/tests/host OUT=/vkfd/build/tests/host"
		;;
	demo)
		part_inputs="tests/demo include"
		part_make="make -C /vkfd/tests/demo OUT=/vkfd/build/tests/demo"
		;;
	*) die 2 "build: no part '$1'; parts are: $build_parts" ;;
	esac
}
build_parts="launcher device kmod-stock kmod-debug tests-guest tests-host demo"

# True if PART has to be made: an input is newer than its last good build.
part_is_stale() {
	part_stamp=$VKFD_BUILD/.stamp/$1
	[ -e "$part_stamp" ] || return 0
	part_paths=
	for part_input in $part_inputs; do
		[ ! -e "$VKFD_TOP/$part_input" ] || part_paths="$part_paths $VKFD_TOP/$part_input"
	done
	# The stamp holds what the build was made with (root tree, kernel).
	[ "$(cat "$part_stamp")" = "$part_make $rootfs" ] || return 0
	# shellcheck disable=SC2086
	[ -n "$(find $part_paths -newer "$part_stamp" -print 2>/dev/null | head -n 1)" ]
}

build_part() {
	part "$1"
	part_is_stale "$1" || return 0
	# The time before make reads its inputs, not after.
	mkdir -p "$VKFD_BUILD/.stamp"
	echo "$part_make $rootfs" >"$VKFD_BUILD/.stamp/$1.new"
	# shellcheck disable=SC2086
	step "compiling $1" '' "$VKFD_BUILD/logs/$1.log" enter $part_make -j"$(nproc)" ||
		die 1 "$1 does not compile"
	mv "$VKFD_BUILD/.stamp/$1.new" "$VKFD_BUILD/.stamp/$1"
}

# build PARTS...
build_locked() { for build_one; do build_part "$build_one"; done; }
build() { with_lock "$VKFD_BUILD/lock" "this tree's build directory" build_locked "$@"; }

# The parts that a guest of FLAVOUR needs: the supervisor, the GPU, the driver.
build_for_guest() {
	set -- launcher
	[ "$opt_gpus" = 0 ] || set -- "$@" device
	[ "$opt_driver" = 0 ] || set -- "$@" "kmod-$opt_kernel"
	build "$@"
}
