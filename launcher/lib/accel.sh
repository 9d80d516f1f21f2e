# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# KVM or TCG. That /dev/kvm opens says little: nested and filtered KVMs open
# and then run no guest. So the stock kernel is booted once without a root
# file system, until it says so; the answer holds until the host reboots.

# Boots for at most 10 s, but gives up after 3 s without a first sign.
accel_probe() {
	[ -r /dev/kvm ] && [ -w /dev/kvm ] || return 1
	probe_log=$vkfd_cache/kvm-probe.log
	: >"$probe_log"
	QEMU_MODULE_DIR=$rootfs_lib/qemu "$rootfs_ld" --library-path "$rootfs_lib" \
		"$rootfs/usr/bin/qemu-system-x86_64" -L "$rootfs/usr/share/qemu" \
		-L "$rootfs/usr/share/seabios" -M q35 -accel kvm -cpu host -m 512M -smp 2 \
		-nodefaults -no-user-config -display none -no-reboot \
		-serial "file:$probe_log" -kernel "$(stock_kernel)" \
		-append "console=ttyS0 earlyprintk=ttyS0 panic=-1 root=none" \
		</dev/null >/dev/null 2>&1 &
	job_pid=$! probe_tick=0 probe_answer=1
	while [ "$probe_tick" -lt 100 ] && kill -0 "$job_pid" 2>/dev/null; do
		sleep 0.1
		probe_tick=$((probe_tick + 1))
		if grep -q 'Kernel panic - not syncing: VFS' "$probe_log"; then probe_answer=0; fi
		[ "$probe_tick" -lt 30 ] || [ -s "$probe_log" ] || break
	done
	if grep -q 'Kernel panic - not syncing: VFS' "$probe_log"; then probe_answer=0; fi
	kill -9 "$job_pid" 2>/dev/null || :
	job_wait 2>/dev/null || :
	rm -f "$probe_log"
	return "$probe_answer"
}

# Sets guest_accel to kvm or tcg.
accel_choose() {
	guest_accel=tcg
	[ "$opt_accel" != tcg ] || return 0
	accel_memo=$vkfd_cache/kvm-$(cat /proc/sys/kernel/random/boot_id 2>/dev/null || echo once)
	if [ ! -e "$accel_memo" ]; then
		rm -f "$vkfd_cache"/kvm-*
		if accel_probe; then echo kvm; else echo tcg; fi >"$accel_memo"
	fi
	read -r guest_accel <"$accel_memo"
	[ "$opt_accel" != kvm ] || [ "$guest_accel" = kvm ] ||
		die 1 "--accel kvm: no guest runs with KVM on this machine; use --accel tcg or auto"
}
