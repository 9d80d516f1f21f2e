# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# One guest from start to end: its work directory, what its init reads, and
# its processes, which the supervisor owns.

guest_work='' guest_log='' guest_log_own=0

guest_cleanup() {
	[ -z "$guest_work" ] || rm -rf "$guest_work"
	guest_work=
}

# Logs nobody asked for stay only after a bad end, and only for a day or two.
guest_log_drop() {
	[ "$guest_log_own" = 1 ] || return 0
	case $1 in 70 | 71 | 72) ;; *) rm -rf "$guest_log" ;; esac
	find "$VKFD_BUILD/logs" -maxdepth 1 -name 'run-*' -mtime +0 -exec rm -rf {} +
}

# Work directories of launchers that were killed with SIGKILL. The lock of a
# directory in use is held by its launcher and all its children.
guest_sweep() {
	for sweep_dir in "${TMPDIR:-/tmp}"/vkfd-run.*; do
		if [ -O "$sweep_dir" ] && [ -e "$sweep_dir/lock" ]; then
			flock -n "$sweep_dir/lock" rm -rf "$sweep_dir" || :
		fi
	done
}

guest_work_create() {
	guest_sweep
	guest_work=$(mktemp -d "${TMPDIR:-/tmp}/vkfd-new.XXXXXX") ||
		die 1 "cannot create a work directory in ${TMPDIR:-/tmp}"
	# Under the name that is swept only once it is locked.
	exec 8>"$guest_work/lock"
	flock 8
	guest_run=${TMPDIR:-/tmp}/vkfd-run.${guest_work##*.}
	mv "$guest_work" "$guest_run"
	guest_work=$guest_run
	mkdir "$guest_work/host"
	# Better one sentence now than a guest that finds half a script.
	head -c 262144 /dev/zero >"$guest_work/room" 2>/dev/null ||
		die 1 "no space left in ${TMPDIR:-/tmp} (set TMPDIR to a directory with room)"
	rm "$guest_work/room"
	if [ -n "$opt_log" ]; then
		mkdir -p "$opt_log" || die 1 "cannot create $opt_log"
		guest_log=$(CDPATH='' cd -- "$opt_log" && pwd -P)
	else
		guest_log=$VKFD_BUILD/logs/run-$(date +%H%M%S)-$$
		mkdir -p "$guest_log" || die 1 "cannot create $guest_log"
		guest_log_own=1
	fi
}

# quote ARGS...: as one line of shell that gives ARGS back.
quote() {
	for quote_one; do
		printf "'"
		printf '%s' "$quote_one" | sed "s/'/'\\\\''/g"
		printf "' "
	done
	echo
}

# guest_config INTERACTIVE CMD ARGS...: what init reads.
guest_config() {
	config_rows=24 config_columns=80
	if [ "$1" = 1 ] && [ -t 0 ]; then
		config_size=$(stty size 2>/dev/null || echo '24 80')
		config_rows=${config_size% *} config_columns=${config_size#* }
	fi
	cat >"$guest_work/host/config" <<-CONFIG
		driver=$opt_driver gpus=$opt_gpus flavour=$opt_kernel interactive=$1
		rows=$config_rows columns=$config_columns term=$(quote "${TERM:-vt100}")
		driver_params=$(quote "${guest_driver_params:-}")
	CONFIG
	shift
	printf 'exec %s\n' "$(quote "$@")" >"$guest_work/host/command"
	config_nr=0
	printf '%s' "$opt_shares" | while IFS=$tab read -r _ config_guest; do
		printf 'share%d %s\n' "$config_nr" "$config_guest"
		config_nr=$((config_nr + 1))
	done >"$guest_work/host/shares"
	cp "$VKFD_TOP/launcher/guest/init" "$guest_work/host/init"
}

# Under TCG the guest's time stamp counter is the host's. A guest that measures it on
# a busy host can be wrong by a factor, and no clock of it is right then.
guest_tsc() {
	[ "$guest_accel" = tcg ] || return 0
	tsc_khz=$("$rootfs_ld" --library-path "$rootfs_lib" "$VKFD_BUILD/launcher/tsc-khz") || return 0
	printf 'tsc_early_khz=%s ' "$tsc_khz"
}

# init_on_alloc: TCG keeps the code that it translated for a page until the guest
# itself writes there. virtiofsd fills page cache from outside, so a page that
# held other code before would run that; zeroing on allocation is the write.
guest_kernel_line() {
	printf '%s ' root=vkfd-root rootfstype=virtiofs ro init=/init \
		console=ttyS0 panic=-1 unknown_nmi_panic mitigations=off \
		no_timer_check tsc=reliable init_on_alloc=1 iomem=relaxed audit=0 8250.nr_uarts=1 \
		random.trust_cpu=on rcupdate.rcu_expedited=1 cryptomgr.notests \
		nokaslr modprobe.blacklist=amdgpu loglevel=7 \
		rcupdate.rcu_cpu_stall_timeout=60 watchdog_thresh=30
	guest_tsc
	[ "$opt_kernel" = stock ] || printf '%s ' "${guest_kmemleak:-kmemleak=off}"
}

# guest_virtiofsd TAG DIR [OPTIONS...]: one share, as arguments of supervise
# in the file that guest_args reads (one argument a line).
guest_virtiofsd() {
	guest_tag=$1 guest_dir=$2
	shift 2
	printf '%s\n' ::: "virtiofsd-$guest_tag" "$rootfs_ld" --library-path "$rootfs_lib" \
		"$rootfs/usr/libexec/virtiofsd" "--fd={listen:$guest_work/$guest_tag.sock}" \
		--shared-dir="$guest_dir" --sandbox=none --seccomp=none \
		--rlimit-nofile=0 --log-level=warn "$@" >>"$guest_work/helpers"
	printf '%s\n' -chardev "socket,id=fs-$guest_tag,path=$guest_work/$guest_tag.sock" >>"$guest_work/devices"
	guest_virtio "vhost-user-fs-pci,chardev=fs-$guest_tag,tag=$guest_tag"
}

# guest_virtio DEVICE: a virtio device, behind a port of its own. Only there it is
# a PCI Express device with a power management capability. With one that says that
# it keeps its state in D3hot the kernel suspends it whatever its driver can do
# (that of virtiofs cannot), and QEMU does not reset it at a wake-up from S3. Slots
# 16 to 30, so that GPUs have the low bus numbers; what comes after is not suspended.
guest_virtio() {
	guest_virtios=$((guest_virtios + 1))
	if [ "$guest_virtios" -gt 15 ]; then
		printf '%s\n' -device "$1" >>"$guest_work/devices"
		return
	fi
	printf '%s\n' -device "pcie-root-port,id=vp$guest_virtios,chassis=$((100 + guest_virtios)),bus=pcie.0,addr=$(printf '%#x' $((15 + guest_virtios)))" \
		-device "$1,bus=vp$guest_virtios,x-pcie-pm-no-soft-reset=on" >>"$guest_work/devices"
}

guest_shares() {
	guest_virtiofsd vkfd-root "$rootfs" --readonly --cache=always
	guest_virtiofsd vkfd "$VKFD_TOP" --cache=auto
	guest_virtiofsd vkfd-host "$guest_work/host" --cache=auto
	guest_nr=0
	printf '%s' "$opt_shares" >"$guest_work/sharelist"
	while IFS=$tab read -r guest_host _; do
		guest_virtiofsd "share$guest_nr" "$guest_host" --cache=auto
		guest_nr=$((guest_nr + 1))
	done <"$guest_work/sharelist"
}

# The GPU process, and for each GPU a root port of its own, so that a GPU can
# be unplugged and plugged in again.
guest_gpus() {
	[ "$opt_gpus" != 0 ] || return 0
	printf '%s\n' ::: +vkfd-gpu "$rootfs_ld" --library-path "$rootfs_lib" \
		"$VKFD_BUILD/device/vkfd-gpu" --gpus "$opt_gpus" \
		--socket-dir "$guest_work" --vram "$opt_vram" --cus "$opt_cus" \
		--seed "${opt_seed:-0}" --link "$opt_link" --mode "$opt_mode" \
		--log "$guest_log/gpu.log" >>"$guest_work/helpers"
	[ "$opt_verbose" = 0 ] || echo -v >>"$guest_work/helpers"
	guest_nr=0
	while [ "$guest_nr" -lt "$opt_gpus" ]; do
		printf '%s\n' -device "pcie-root-port,id=rp$guest_nr,chassis=$((guest_nr + 1)),bus=pcie.0" \
			-device "{\"driver\":\"vfio-user-pci\",\"id\":\"gpu$guest_nr\",\"bus\":\"rp$guest_nr\",\"socket\":{\"type\":\"unix\",\"path\":\"$guest_work/gpu$guest_nr.sock\"}}" \
			>>"$guest_work/devices"
		guest_nr=$((guest_nr + 1))
	done
}

# A port of the virtio-serial bus, connected to the supervisor.
guest_port() {
	printf '%s\n' -chardev "socket,id=$1,fd={$1}" \
		-device "virtserialport,chardev=$1,name=$1" >>"$guest_work/devices"
}

guest_ports() {
	guest_virtio virtio-serial-pci
	printf '%s\n' -chardev "socket,id=tty,fd={tty}" -device "virtconsole,chardev=tty,name=tty" >>"$guest_work/devices"
	for guest_one in out err in ctl gpu; do guest_port "$guest_one"; done
}

# The guest's memory, always shared: the GPU process maps it. Several nodes
# have a backend each, and the processors in turn.
guest_memory() {
	if [ "$opt_numa" = 1 ]; then
		printf '%s\n' -M q35,memory-backend=mem \
			-object "memory-backend-memfd,id=mem,size=$opt_mem,share=on"
		return
	fi
	printf '%s\n' -M q35
	memory_node=0
	while [ "$memory_node" -lt "$opt_numa" ]; do
		printf '%s\n' -object "memory-backend-memfd,id=mem$memory_node,size=$((opt_mem / opt_numa)),share=on" \
			-numa "node,nodeid=$memory_node,memdev=mem$memory_node"
		memory_node=$((memory_node + 1))
	done
	memory_cpu=0
	while [ "$memory_cpu" -lt "$guest_maxcpus" ]; do
		printf '%s\n' -numa "cpu,node-id=$((memory_cpu % opt_numa)),socket-id=$memory_cpu"
		memory_cpu=$((memory_cpu + 1))
	done
}

guest_qemu() {
	# At least two possible processors, or TCG drops the atomicity that
	# the guest shares with the GPU process.
	guest_maxcpus=$((opt_cpus < 2 ? 2 : opt_cpus))
	guest_cpu=qemu64 guest_accel_arg=tcg,thread=multi
	[ "$guest_accel" = tcg ] || guest_cpu=host guest_accel_arg=kvm
	case $opt_kernel:$opt_image in stock:packed) guest_kernel=$(stock_image) ;; stock:*) guest_kernel=$(stock_kernel) ;; esac
	{
		printf '%s\n' ::: qemu "$rootfs_ld" --library-path "$rootfs_lib" \
			"$rootfs/usr/bin/qemu-system-x86_64" \
			-L "$rootfs/usr/share/qemu" -L "$rootfs/usr/share/seabios"
		guest_memory
		printf '%s\n' \
			-m "size=$((opt_mem >> 20))M" -accel "$guest_accel_arg" -cpu "$guest_cpu" \
			-smp "$opt_cpus,maxcpus=$guest_maxcpus,sockets=$guest_maxcpus" \
			-nodefaults -no-user-config -display none -no-reboot \
			-chardev "socket,id=serial,fd={serial}" -serial chardev:serial \
			-chardev "socket,id=qmp,fd={qmp}" -mon chardev=qmp,mode=control \
			-device isa-debug-exit,iobase=0x501,iosize=1 \
			-kernel "$guest_kernel" -append "$(guest_kernel_line)"
		cat "$guest_work/devices"
		[ -z "${guest_plugin:-}" ] || printf '%s\n' -plugin "$guest_plugin"
	} >>"$guest_work/helpers"
}

# guest_start INTERACTIVE CMD ARGS...: runs a guest to its end and returns the
# status of the command line contract.
guest_start() {
	guest_config "$@"
	guest_interactive=$1
	# The guest before this one may have taken its logs with it.
	mkdir -p "$guest_log" || die 1 "cannot create $guest_log"
	rm -f "$guest_work/helpers" "$guest_work/devices" "$guest_work"/*.sock
	guest_virtios=0
	guest_shares
	guest_gpus
	guest_ports
	guest_qemu
	set -- --boot-timeout "$guest_boot_timeout" --timeout "$opt_timeout" --log "$guest_log" \
		--silence "${guest_silence:-0}"
	[ "$guest_interactive" = 0 ] || set -- "$@" --interactive
	[ "$opt_verbose" = 0 ] || set -- "$@" --verbose
	while IFS= read -r guest_arg; do set -- "$@" "$guest_arg"; done <"$guest_work/helpers"
	guest_status=0
	attend env QEMU_MODULE_DIR="$rootfs_lib/qemu" "$rootfs_ld" --library-path "$rootfs_lib" \
		"$VKFD_BUILD/launcher/supervise" "$@" || guest_status=$?
	guest_log_drop "$guest_status"
	return "$guest_status"
}

# The environment and the kernel of the options.
guest_prepare_environment() {
	setup
	accel_choose
	guest_boot_timeout=180
	if [ "$opt_kernel" = debug ]; then
		debug_kernel_create
		guest_kernel=$debug_dir/bzImage
		guest_boot_timeout=400
	else
		guest_kernel=$(stock_kernel)
	fi
}

# Everything before a guest can start: environment, build, work directory.
guest_prepare() {
	options_check
	guest_prepare_environment
	[ "$opt_build" = 0 ] || build_for_guest
	guest_work_create
}
