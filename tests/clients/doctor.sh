#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: doctor.sh --list | doctor.sh CASE
#
# vkfd-doctor in a real guest: what it says must be what the driver does.
# tests/e2e/doctor.sh has the prepared machines.
set -eu
doctor=/vkfd/build/tools/vkfd-doctor
kmod=/vkfd/build/kmod-${VKFD_FLAVOUR:-stock}
unset HSA_XNACK

fail() {
	echo "FAIL: $*"
	exit 1
}

# diagnose IDS HMM XNACK CMD...: exactly these causes and verdicts.
diagnose() {
	ids=$1 hmm=$2 xnack=$3 want=1
	shift 3
	[ -n "$ids" ] || want=0
	status=0
	out=$("$@" 2>&1) || status=$?
	printf '%s\n' "$out"
	got=$(printf '%s\n' "$out" | sed -n 's/^  cause *\[\([^]]*\)\].*/\1/p' | tr '\n' ' ')
	[ "${got% }" = "$ids" ] || fail "causes '$got' instead of '$ids'"
	printf '%s\n' "$out" | grep -q "^  HMM  *$hmm" || fail "HMM is not $hmm"
	printf '%s\n' "$out" | grep -q "^  XNACK  *$xnack" || fail "XNACK is not $xnack"
	[ "$status" = "$want" ] || fail "exit status $status instead of $want"
}

# As ROCm itself sees it: the name of the GPU's code target.
# rocm_says MODE [VARIABLE=VALUE]
rocm_says() {
	mode=$1
	shift
	env "$@" rocminfo 2>&1 | grep -q "gfx90a.*$mode" || fail "rocminfo does not say $mode"
}

environment() {
	diagnose '' on on env HSA_XNACK=1 "$doctor"
	rocm_says 'xnack+' HSA_XNACK=1
	diagnose hsa-xnack-unset on off "$doctor"
	rocm_says xnack-
	diagnose hsa-xnack-0 on off env HSA_XNACK=0 "$doctor"
	rocm_says 'xnack-' HSA_XNACK=0
	diagnose hsa-xnack-ignored on off env HSA_XNACK=on "$doctor"
	rocm_says 'xnack-' HSA_XNACK=on
	pipes=$(mktemp -d)
	mkfifo "$pipes/up" "$pipes/end"
	# shellcheck disable=SC2016 # expanded by the other process
	env HSA_XNACK=0 sh -c 'echo up >"$1/up"; read -r _ <"$1/end"' sh "$pipes" &
	other=$!
	read -r _ <"$pipes/up"
	diagnose hsa-xnack-0 on off env HSA_XNACK=1 "$doctor" --pid $other
	echo end >"$pipes/end"
	wait $other
	rm -r "$pipes"
}

permission() {
	nobody="setpriv --reuid 65534 --regid 65534 --clear-groups"
	node=$(echo /dev/dri/renderD*)
	modes=$(stat -c %a /dev/kfd "$node" | tr '\n' ' ')
	chmod 666 /dev/kfd "$node"
	# shellcheck disable=SC2086 # words
	diagnose '' on on $nobody env HSA_XNACK=1 "$doctor"
	chmod 600 "$node"
	# shellcheck disable=SC2086
	diagnose render-permission off off $nobody env HSA_XNACK=1 "$doctor"
	chmod 600 /dev/kfd
	# shellcheck disable=SC2086
	diagnose 'kfd-permission render-permission' off off $nobody env HSA_XNACK=1 "$doctor"
	chmod "${modes%% *}" /dev/kfd
	modes=${modes#* }
	chmod "${modes%% *}" "$node"
}

# The compiler's own targets and a whole HIP program, in both modes.
program() {
	dir=$(mktemp -d)
	for target in gfx90a:xnack+ gfx90a:xnack-; do
		echo 'int f(int a) { return a + 1; }' |
			clang-17 --target=amdgcn-amd-amdhsa -mcpu="$target" -nogpulib -c -x c -o "$dir/$target" -
	done
	diagnose '' on on env HSA_XNACK=1 "$doctor" /vkfd/build/tests/demo/vkfd-demo
	diagnose '' on on env HSA_XNACK=1 "$doctor" "$dir/gfx90a:xnack+"
	diagnose code-xnack-minus on on env HSA_XNACK=1 "$doctor" "$dir/gfx90a:xnack-"
	diagnose hsa-xnack-0 on off env HSA_XNACK=0 "$doctor" /vkfd/build/tests/demo/vkfd-demo
	diagnose hsa-xnack-0 on off env HSA_XNACK=0 "$doctor" "$dir/gfx90a:xnack-"
	diagnose 'hsa-xnack-0 code-xnack-plus' on off env HSA_XNACK=0 "$doctor" "$dir/gfx90a:xnack+"
	rm -r "$dir"
}

unbound() {
	device=$(echo /sys/bus/pci/drivers/vkfd/0000:*)
	device=${device##*/}
	export HSA_XNACK=1
	echo "$device" >/sys/bus/pci/drivers/vkfd/unbind
	diagnose 'gpu-unbound no-kfd-gpu' off off "$doctor"
	rmmod vkfd amdgpu
	# The debug kernel has no amdgpu of its own, which is a cause too while ours is away.
	kernel=
	[ "${VKFD_FLAVOUR:-stock}" = stock ] || kernel='no-hsa-amd no-hsa-amd-svm '
	diagnose "${kernel}no-driver" off off "$doctor"
	insmod "$kmod/amdgpu.ko"
	insmod "$kmod/vkfd.ko"
	diagnose '' on on "$doctor"
}

case ${1:-} in
--list)
	# What the environment and the program say is read by the doctor alone, slowly on the debug kernel.
	printf '%s\n' 'environment	kernel=stock' permission 'program	kernel=stock'
	printf 'unbound\tunloads\n'
	;;
environment | permission | program | unbound) "$1" ;;
*)
	echo "usage: doctor.sh --list | doctor.sh CASE" >&2
	exit 2
	;;
esac
