# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# usage: ./vkfd doctor [OPTIONS] [PROGRAM]
#
# Says why this machine can or cannot run vkfd. If everything is built, also
# boots a guest and says whether HMM and XNACK are on there for a process with
# HSA_XNACK=1 (or what HSA_XNACK is here), and if not, why; and the same of
# this machine if it has an AMD GPU. PROGRAM: does its GPU code load, too?
# Changes nothing. Exit status 0 if all is well.

doctor_row() { printf '  %-12s %s\n' "$1" "$2"; }
doctor_bad() {
	doctor_row "$1" "$2"
	doctor_status=1
}

doctor_host() {
	if [ "$(uname -m)" = x86_64 ]; then
		doctor_row machine "x86_64, $(nproc) processors"
	else
		doctor_bad machine "$(uname -m): only x86_64 works"
	fi
	doctor_os=$(sed -n 's/^PRETTY_NAME="\{0,1\}\([^"]*\)"\{0,1\}/\1/p' /etc/os-release 2>/dev/null)
	if command -v apt-get >/dev/null 2>&1; then
		doctor_row system "$doctor_os"
	else
		doctor_bad system "${doctor_os:-unknown}: no apt-get; Debian 12 or 13 is needed"
	fi
	doctor_memory=$(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)
	doctor_need=$((opt_mem >> 20))
	if [ "$doctor_memory" -ge "$doctor_need" ]; then
		doctor_row memory "$doctor_memory MiB free, the guest may use $doctor_need"
	else
		doctor_row memory "$doctor_memory MiB free, less than the $doctor_need of the guest (it takes only what it touches; --mem makes it smaller)"
	fi
}

doctor_user() {
	if [ "$(id -u)" = 0 ]; then
		doctor_row user "root"
	elif ! grep -q "^$(id -un):\|^$(id -u):" /etc/subuid 2>/dev/null; then
		doctor_bad user "$(id -un) has no line in /etc/subuid; as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $(id -un)"
	elif ! command -v newuidmap >/dev/null 2>&1; then
		doctor_bad user "newuidmap is missing; as root: apt-get install uidmap"
	elif ! unshare --user --map-root-user --map-auto true 2>/dev/null; then
		doctor_bad user "$(id -un) may not make user namespaces (see sysctl kernel.unprivileged_userns_clone and kernel.apparmor_restrict_unprivileged_userns)"
	else
		doctor_row user "$(id -un), with user namespaces"
	fi
}

doctor_tools() {
	if command -v mmdebstrap >/dev/null 2>&1; then
		doctor_row mmdebstrap "installed"
	elif [ "$(id -u)" = 0 ]; then
		doctor_row mmdebstrap "missing; setup installs it"
	elif [ -d "$rootfs" ]; then
		doctor_row mmdebstrap "missing, but the root tree exists"
	else
		doctor_bad mmdebstrap "missing; as root: apt-get install mmdebstrap"
	fi
	doctor_mirror=$(mirror 2>/dev/null || :)
	if [ -n "$doctor_mirror" ]; then
		doctor_row mirror "$doctor_mirror"
	elif [ -d "$rootfs" ]; then
		doctor_row mirror "none configured, but the root tree exists"
	else
		doctor_bad mirror "no Debian mirror in apt's configuration; set VKFD_MIRROR=URL"
	fi
}

# The nearest directory that exists says how much room there is.
doctor_cache() {
	doctor_dir=$vkfd_cache
	while [ ! -d "$doctor_dir" ]; do doctor_dir=$(dirname "$doctor_dir"); done
	doctor_free=$(df -Pk "$doctor_dir" | awk 'NR == 2 { print int($4 / 1024) }')
	if [ -d "$rootfs" ]; then
		doctor_row environment "complete, in $vkfd_cache ($doctor_free MiB free)"
	elif [ "$doctor_free" -ge 2500 ]; then
		doctor_row environment "not made yet; $doctor_free MiB free in $doctor_dir"
	else
		doctor_bad environment "not made yet, and only $doctor_free MiB free in $doctor_dir (2500 needed)"
	fi
	if [ -e "$debug_dir/.done" ]; then
		doctor_row "debug kernel" "built"
	else
		doctor_row "debug kernel" "not built; --kernel debug builds it once (10 to 20 minutes)"
	fi
}

doctor_accel() {
	if [ ! -e /dev/kvm ]; then
		doctor_row KVM "no /dev/kvm: TCG is used (slower, works everywhere)"
	elif [ ! -d "$rootfs" ]; then
		doctor_row KVM "/dev/kvm exists; whether a guest runs is seen after setup"
	else
		opt_accel=auto
		accel_choose
		case $guest_accel in
		kvm) doctor_row KVM "works" ;;
		*) doctor_row KVM "/dev/kvm exists, but no guest runs with it: TCG is used" ;;
		esac
	fi
}

# The doctor itself is a static program: it runs here as well as in a guest.
doctor_examine() {
	doctor_program=$VKFD_BUILD/tools/vkfd-doctor
	doctor_xnack=HSA_XNACK=${HSA_XNACK-1}
	if [ -d /sys/class/kfd/kfd ] && [ -x "$doctor_program" ]; then
		echo "The GPUs of this machine:"
		env "$doctor_xnack" "$doctor_program" ${1:+"$1"} || doctor_status=1
	fi
	if [ ! -d "$rootfs" ] || [ ! -x "$doctor_program" ] ||
		[ ! -e "$VKFD_BUILD/kmod-$opt_kernel/vkfd.ko" ]; then
		echo "A guest: not built yet ('./vkfd build', then doctor says more)"
		return
	fi
	echo "A guest:"
	guest_prepare
	guest_start 0 env "$doctor_xnack" /vkfd/build/tools/vkfd-doctor \
		${1:+"/mnt/vkfd-doctor-input/$(basename -- "$1")"} || doctor_status=1
}

cmd_doctor() {
	options_parse "$@"
	shift "$opt_taken"
	case ${1:-} in
	-h | --help) usage_of "$VKFD_TOP/launcher/cmd/doctor.sh"; return ;;
	-*) die 2 "doctor: unknown option '$1'; './vkfd doctor --help'" ;;
	esac
	[ $# -le 1 ] || die 2 "doctor: one program, please; './vkfd doctor --help'"
	if [ -n "${1:-}" ]; then
		{ [ -f "$1" ] && [ -r "$1" ]; } || die 2 "doctor: cannot read '$1'"
		option_share "$(dirname -- "$1"):/mnt/vkfd-doctor-input"
	fi
	options_check
	doctor_status=0
	echo "This machine:"
	for doctor_part in host user tools cache accel; do "doctor_$doctor_part"; done
	doctor_examine "$@"
	if [ "$doctor_status" = 0 ]; then echo "All is well."; else echo "Something is missing; see above."; fi
	exit "$doctor_status"
}
