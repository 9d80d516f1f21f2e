#!/bin/sh
# SPDX-License-Identifier: MIT
# vkfd-doctor on prepared trees that look like machines with AMD GPUs: each
# thing that keeps HMM or XNACK off is named, and nothing else is.
# shellcheck source=tests/e2e/lib/check.sh
. "$(dirname "$0")/lib/check.sh"

doctor=$VKFD_TOP/build/tools/vkfd-doctor
[ -x "$doctor" ] || fail "no $doctor: ./vkfd build tools"
r=$tmp/machine
nodes=$r/sys/class/kfd/kfd/topology/nodes

# gpu NODE GFX CAPABILITY: a node of the topology, its PCI device and render node.
gpu() {
	mkdir -p "$nodes/$1/mem_banks/0" "$r/sys/bus/pci/devices/0000:0$1:00.0/driver"
	printf 'cpu_cores_count 0\nsimd_count 416\ncapability %s\ndrm_render_minor %s\ngfx_target_version %s\n' \
		"$3" $((127 + $1)) "$2" >"$nodes/$1/properties"
	printf 'heap_type 1\nsize_in_bytes 68702699520\n' >"$nodes/$1/mem_banks/0/properties"
	echo 0x1002 >"$r/sys/bus/pci/devices/0000:0$1:00.0/vendor"
	echo 0x038000 >"$r/sys/bus/pci/devices/0000:0$1:00.0/class"
	: >"$r/dev/dri/renderD$((127 + $1))"
}

svm=$((1 << 27 | 0x280)) no_svm=$((0x280))

# A machine with one MI210 where all is well, for the cases to spoil.
machine() {
	rm -rf "$r"
	mkdir -p "$r/proc/sys/kernel" "$r/boot" "$r/etc/modprobe.d" "$r/dev/dri" \
		"$r/sys/module/amdgpu/parameters" "$nodes/0"
	echo 6.12.1-amd64 >"$r/proc/sys/kernel/osrelease"
	echo 'root=/dev/sda1 ro quiet' >"$r/proc/cmdline"
	printf 'root:x:0:\nvideo:x:44:\n' >"$r/etc/group"
	for symbol in ZONE_DEVICE DEVICE_PRIVATE HMM_MIRROR MMU_NOTIFIER HSA_AMD HSA_AMD_SVM; do
		echo "CONFIG_$symbol=y"
	done >"$r/boot/config-6.12.1-amd64"
	echo -1 >"$r/sys/module/amdgpu/parameters/noretry"
	printf 'cpu_cores_count 64\nsimd_count 0\ncapability 0\n' >"$nodes/0/properties"
	: >"$r/dev/kfd"
	gpu 1 90010 "$svm"
}

# diagnose IDS HMM XNACK [VARIABLE=VALUE...] [PROGRAM]: exactly these causes,
# in this order, and these verdicts.
cases=0
diagnose() {
	diagnose_ids=$1 diagnose_hmm=$2 diagnose_xnack=$3
	shift 3
	diagnose_program=
	diagnose_env=HSA_XNACK=1
	for diagnose_arg; do
		case $diagnose_arg in
		*=*) diagnose_env="$diagnose_env $diagnose_arg" ;;
		*) diagnose_program=$diagnose_arg ;;
		esac
	done
	diagnose_want=1
	[ -n "$diagnose_ids" ] || diagnose_want=0
	# shellcheck disable=SC2086 # words
	expect "$diagnose_want" env -i PATH="$PATH" $diagnose_env $as_user "$doctor" --root "$r" \
		${diagnose_program:+"$diagnose_program"}
	diagnose_got=$(sed -n 's/^  cause *\[\([^]]*\)\].*/\1/p' "$tmp/out" | tr '\n' ' ')
	[ "${diagnose_got% }" = "$diagnose_ids" ] ||
		fail "causes '$diagnose_got' instead of '$diagnose_ids': $(cat "$tmp/out")"
	grep -q "^  HMM  *$diagnose_hmm" "$tmp/out" || fail "HMM is not $diagnose_hmm: $(cat "$tmp/out")"
	grep -q "^  XNACK  *$diagnose_xnack" "$tmp/out" || fail "XNACK is not $diagnose_xnack: $(cat "$tmp/out")"
	cases=$((cases + 1))
}
as_user=
told() { grep -q -- "$1" "$tmp/out" || fail "the doctor does not say '$1': $(cat "$tmp/out")"; }

machine; diagnose '' on on

# The kernel.
lacks() { sed -i "/^CONFIG_$1=/s/.*/# CONFIG_$1 is not set/" "$r/boot/config-6.12.1-amd64"; }
machine; echo 5.10.0-30-amd64 >"$r/proc/sys/kernel/osrelease"; diagnose kernel-too-old off off
machine; lacks ZONE_DEVICE; diagnose no-zone-device off off
machine; lacks DEVICE_PRIVATE; diagnose no-device-private off off
machine; lacks HMM_MIRROR; diagnose no-hmm-mirror off off
machine; lacks MMU_NOTIFIER; diagnose no-mmu-notifier off off
machine; lacks HSA_AMD; diagnose no-hsa-amd off off
machine; lacks HSA_AMD_SVM; diagnose no-hsa-amd-svm off off
machine; lacks HSA_AMD_SVM; gzip "$r/boot/config-6.12.1-amd64"; mv "$r/boot/config-6.12.1-amd64.gz" "$r/proc/config.gz"
diagnose no-hsa-amd-svm off off
told 'proc/config.gz'
machine; mkdir "$r/sys/module/vkfd"; diagnose no-drm-gpusvm off off
machine; rm "$r/boot/config-6.12.1-amd64"; diagnose '' on on
told 'nowhere to be read'

# The driver.
unloaded() { rm -rf "$r/sys/module/amdgpu" "$r/sys/class" "$r/dev/kfd" "$r/dev/dri" "$r/sys/bus/pci/devices/0000:01:00.0/driver"; }
machine; unloaded; diagnose no-driver off off
machine; unloaded; echo 'ro modprobe.blacklist=nouveau,amdgpu quiet' >"$r/proc/cmdline"; diagnose driver-blacklisted off off
told 'command line'
machine; unloaded; printf '# mine\nblacklist amdgpu\n' >"$r/etc/modprobe.d/gpu.conf"; diagnose driver-blacklisted off off
told '/etc/modprobe.d/gpu.conf'
machine; unloaded; echo 'ro nomodeset' >"$r/proc/cmdline"; diagnose nomodeset off off
machine; rm -r "$r/sys/bus"; diagnose no-gpu off off
machine; rmdir "$r/sys/bus/pci/devices/0000:01:00.0/driver"; rm -r "$nodes/1"; diagnose 'gpu-unbound no-kfd-gpu' off off
machine; rm -r "$nodes/1"; diagnose no-kfd-gpu off off

# Device nodes and permissions.
machine; rm "$r/dev/kfd"; diagnose no-kfd-node off off
machine; rm "$r/dev/dri/renderD128"; diagnose no-render-node off off
chmod 755 "$tmp"
[ "$(id -u)" != 0 ] || as_user="setpriv --reuid 65534 --regid 65534 --clear-groups"
machine; chmod 666 "$r/dev/kfd" "$r/dev/dri/renderD128"; diagnose '' on on
chmod 000 "$r/dev/kfd"; diagnose kfd-permission off off
chmod 666 "$r/dev/kfd"; chmod 040 "$r/dev/dri/renderD128"; diagnose render-permission off off
[ -z "$as_user" ] || told 'join the group root'
as_user=

# What the GPU can do.
noretry() { echo "$1" >"$r/sys/module/amdgpu/parameters/noretry"; }
machine; gpu 1 80003 "$no_svm"; diagnose gpu-too-old off off
machine; gpu 1 90010 "$no_svm"; diagnose gpu-no-svm off off
machine; gpu 1 100300 "$svm"; diagnose gpu-no-retry on off
machine; gpu 1 110000 "$svm"; noretry 0; diagnose gpu-no-retry on off
machine; gpu 1 90006 "$svm"; diagnose noretry-default on off
machine; gpu 1 90006 "$svm"; noretry 0; diagnose '' on on
machine; gpu 1 90012 "$svm"; diagnose '' on on
machine; gpu 1 90012 "$svm"; noretry 1; diagnose noretry-set on off
machine; gpu 1 90402 "$svm"; noretry 1; diagnose '' on on
machine; gpu 2 100300 "$svm"; diagnose mixed-gpus on off
told 'node 2 (gfx1030).*node 1 (gfx90a).*renderD129'
machine; gpu 2 90008 "$svm"; diagnose mixed-gpus on off
machine; gpu 2 90008 "$svm"; noretry 0; diagnose '' on on

# What the process asks for.
machine; diagnose hsa-xnack-0 on off HSA_XNACK=0
machine; diagnose hsa-xnack-ignored on off HSA_XNACK=yes
machine; noretry 0; diagnose hsa-xnack-0 on off HSA_XNACK=0
machine; diagnose hsa-use-svm-0 off on HSA_USE_SVM=0
machine; diagnose no-visible-device off off ROCR_VISIBLE_DEVICES=
machine
expect 1 env -i PATH="$PATH" "$doctor" --root "$r"
told '\[hsa-xnack-unset\]'
noretry 0
expect 0 env -i PATH="$PATH" "$doctor" --root "$r"
mkdir -p "$r/proc/77"
printf 'A=b\0HSA_XNACK=0\0C=d\0' >"$r/proc/77/environ"
expect 1 env -i HSA_XNACK=1 "$doctor" --root "$r" --pid 77
told '\[hsa-xnack-0\]'

# What the program was compiled for. code FILE ABI MACH_FLAGS: an ELF header
# of 64 bytes with e_flags (3 bytes in octal escapes), in the middle of a file.
code() {
	{
		printf 'program text '
		printf '\177ELF\002\001\001\100%b\0\0\0\0\0\0\0' "$2"
		printf '\003\0\340\0\001\0\0\0'
		head -c 24 /dev/zero
		printf '%b\0' "$3"
		head -c 12 /dev/zero
	} >>"$tmp/$1"
}
code any '\002' '\077\005\0'; code minus '\002' '\077\006\0'; code plus '\002' '\077\007\0'
code other '\002' '\066\0\0'; code both '\002' '\077\006\0'; code both '\002' '\077\007\0'
code v3minus '\001' '\077\0\0'; code v3plus '\001' '\077\001\0'
printf 'x CCOB\002\0\001\0 y' >"$tmp/packed"
echo '#!/bin/sh' >"$tmp/none"
machine
diagnose '' on on "$tmp/any"
told 'gfx90a$'
diagnose '' on on "$tmp/plus"
diagnose '' on on "$tmp/both"
diagnose '' on on "$tmp/v3plus"
diagnose code-xnack-minus on on "$tmp/minus"
diagnose code-xnack-minus on on "$tmp/v3minus"
diagnose 'hsa-xnack-0 code-xnack-plus' on off HSA_XNACK=0 "$tmp/plus"
diagnose hsa-xnack-0 on off HSA_XNACK=0 "$tmp/minus"
diagnose hsa-xnack-0 on off HSA_XNACK=0 "$tmp/both"
diagnose code-wrong-gpu on on "$tmp/other"
diagnose code-none on on "$tmp/none"
diagnose code-compressed on on "$tmp/packed"
diagnose code-unreadable on on "$tmp/missing"
diagnose 'gfx-override code-wrong-gpu' on on HSA_OVERRIDE_GFX_VERSION=9.0.8 "$tmp/any"
diagnose '' on on HSA_OVERRIDE_GFX_VERSION=9.0.10 "$tmp/any"

# Several at once: each has its line.
machine; lacks DEVICE_PRIVATE; gpu 2 100300 "$svm"
diagnose 'no-device-private mixed-gpus hsa-xnack-0 code-xnack-plus code-wrong-gpu' off off HSA_XNACK=0 "$tmp/plus"

expect 2 "$doctor" --nonsense
expect 2 "$doctor" one two
expect 2 "$doctor" --root "$r" --pid 78
echo "$cases machines"
