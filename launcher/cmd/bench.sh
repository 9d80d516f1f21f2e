# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# usage: ./vkfd bench [NAME...] [--json FILE]
#
# Measures, each thing beside its reference in the same run:
#   copy   the GPU's copy engine through ring, page tables and scattered pages,
#          beside memcpy
#   isa    lane-operations a second of the shader cores, beside the same loops
#          compiled for the CPU
# Without a name: all of them. --json also writes the numbers to FILE. The
# machine should be idle. Exit status 1 if a bench misses its own target.

bench_names="copy isa"

bench_check() {
	for bench_name; do
		case " $bench_names " in
		*" $bench_name "*) ;;
		*) die 2 "bench: no bench '$bench_name'; there are: $bench_names" ;;
		esac
	done
}

# bench_run NAME: 0, or the status of the program.
bench_run() {
	printf '== %s\n' "$1"
	if [ -z "$bench_json" ]; then
		attend enter "/vkfd/build/device/$1_bench"
	else
		bench_one=0
		attend enter "/vkfd/build/device/$1_bench" --json >"$bench_dir/$1.lines" || bench_one=$?
		cat "$bench_dir/$1.lines"
		return "$bench_one"
	fi
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
	bench_json='' bench_list='' bench_status=0
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
	setup
	build device-bench
	bench_dir=$VKFD_BUILD/bench
	mkdir -p "$bench_dir"
	for bench_name; do
		bench_run "$bench_name" || bench_status=$?
	done
	[ -z "$bench_json" ] || bench_write "$@"
	return "$bench_status"
}
