# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# usage: ./vkfd bench [NAME...] [--json FILE] [--cpus N] [--quick]
#
# Measures, each thing beside its reference in the same run:
#   copy   the GPU's copy engine through ring, page tables and scattered pages,
#          beside memcpy
#   isa    lane-operations a second of the shader cores, beside the same loops
#          compiled for the CPU
#   dispatch  what a workgroup costs before its first instruction, grids of 262144
#   svm    migration, faults and their cost against scale in a guest, beside the
#          kernel's test_hmm, move_pages(2) and the CPU's own faults; then, in a
#          second guest, the guest instructions a page that moves
# Without a name: all of them. --json also writes the numbers to FILE. --cpus N
# gives the guest of svm so many processors (2). --quick shortens svm, to see
# that it runs. The machine should be idle. Exit status 1 if a bench misses a target.

bench_names="copy isa dispatch svm"

bench_check() {
	for bench_name; do
		case " $bench_names " in
		*" $bench_name "*) ;;
		*) die 2 "bench: no bench '$bench_name'; there are: $bench_names" ;;
		esac
	done
}

# bench_program NAME [--json]: 0, or the status of the program.
bench_program() {
	bench_name=$1
	shift
	case $bench_name in
	svm) bench_svm "$@" ;;
	*) attend enter "/vkfd/build/device/${bench_name}_bench" "$@" ;;
	esac
}

# Room for 4 GiB in one call, on both sides.
bench_svm() {
	opt_vram=$((8 << 30)) opt_mem=$((10 << 30)) opt_numa=2
	guest_work_create
	bench_one=0
	# shellcheck disable=SC2086 # none or one word
	guest_start 0 /vkfd/launcher/guest/bench-svm $bench_quick "$@" || bench_one=$?
	# Counting takes time, so what is timed runs without it.
	if [ "$guest_accel" = tcg ] && [ "$bench_one" -lt 70 ]; then
		guest_plugin=$VKFD_BUILD/launcher/count.so
		guest_start 0 /vkfd/launcher/guest/bench-svm "$@" instructions || bench_one=$?
		guest_plugin=
	fi
	guest_cleanup
	return "$bench_one"
}

# bench_run NAME: 0, or the status of the program.
bench_run() {
	printf '== %s\n' "$1"
	if [ -z "$bench_json" ]; then
		bench_program "$1"
	else
		bench_status_one=0
		bench_program "$1" --json >"$bench_dir/$1.lines" || bench_status_one=$?
		cat "$bench_dir/$1.lines"
		return "$bench_status_one"
	fi
}

# What the benches asked for need, each once.
bench_prepare() {
	setup
	for bench_name; do
		case $bench_name in
		svm)
			guest_prepare_environment
			build_for_guest
			build bench-svm
			test_hmm_create
			;;
		*) build device-bench ;;
		esac
	done
}

# The programs print an object a line; the file is one object, a list a bench.
bench_write() {
	bench_comma='{'
	for bench_name; do
		printf '%s\n"%s": [\n' "$bench_comma" "$bench_name"
		sed '$!s/$/,/' "$bench_dir/$bench_name.lines"
		printf ']'
		bench_comma=,
	done >"$bench_dir/json"
	printf '\n}\n' >>"$bench_dir/json"
	cp "$bench_dir/json" "$bench_json"
}

cmd_bench() {
	bench_json='' bench_list='' bench_status=0 bench_quick=''
	while [ $# -gt 0 ]; do
		case $1 in
		-h | --help)
			usage_of "$VKFD_TOP/launcher/cmd/bench.sh"
			return
			;;
		--json)
			[ $# -ge 2 ] || die 2 "bench: --json needs a file name"
			bench_json=$2
			shift
			;;
		--cpus)
			[ $# -ge 2 ] || die 2 "bench: --cpus needs a number"
			option_take --cpus "$2"
			shift
			;;
		--quick) bench_quick=--quick ;;
		-*) die 2 "bench: unknown option '$1'; './vkfd bench --help' lists them" ;;
		*) bench_list="$bench_list $1" ;;
		esac
		shift
	done
	# shellcheck disable=SC2086 # a list of words
	bench_check $bench_list
	# shellcheck disable=SC2086 # a list of words
	set -- ${bench_list:-$bench_names}
	if [ -n "$bench_json" ] && ! (: >>"$bench_json") 2>/dev/null; then
		die 1 "bench: cannot write $bench_json"
	fi
	bench_prepare "$@"
	bench_dir=$VKFD_BUILD/bench
	mkdir -p "$bench_dir"
	for bench_name; do
		bench_run "$bench_name" || bench_status=$?
	done
	[ -z "$bench_json" ] || bench_write "$@"
	return "$bench_status"
}
