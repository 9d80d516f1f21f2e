#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: rocrand.sh --list | rocrand.sh PROGRAM
#
# rocRAND's own tests, as Debian packages them (librocrand1-tests), on the
# virtual GPU. One program is one test; it passes only if each of its gtest
# cases passes that rocRAND has not switched off (DISABLED_). Prints
# "not passed: CASE" for each that failed, was skipped, is switched off, or never
# came because the program died or its time was over, and "cases: LISTED listed,
# PASSED passed". They take long, most of it on the guest's CPU: run by name,
# ./vkfd test rocrand. Some want buffers of 512 MiB in VRAM.
set -u
dir=/usr/libexec/rocm/librocrand1-tests
programs='log_normal_distribution normal_distribution poisson_distribution
	rocrand_basic rocrand_cpp_wrapper rocrand_generate
	rocrand_generate_log_normal rocrand_generate_normal
	rocrand_generate_poisson rocrand_generate_uniform
	rocrand_generator_type rocrand_kernel_lfsr113 rocrand_kernel_mrg
	rocrand_kernel_mtgp32 rocrand_kernel_philox4x32_10
	rocrand_kernel_scrambled_sobol32 rocrand_kernel_scrambled_sobol64
	rocrand_kernel_sobol32 rocrand_kernel_sobol64
	rocrand_kernel_threefry2x32_20 rocrand_kernel_threefry2x64_20
	rocrand_kernel_threefry4x32_20 rocrand_kernel_threefry4x64_20
	rocrand_kernel_xorwow rocrand_lfsr113_prng rocrand_linkage
	rocrand_mrg_prng rocrand_mt19937_prng rocrand_mtgp32_prng
	rocrand_philox_prng rocrand_scrambled_sobol32_qrng
	rocrand_scrambled_sobol64_qrng rocrand_sobol32_qrng
	rocrand_sobol64_qrng rocrand_threefry2x32_20_prng
	rocrand_threefry2x64_20_prng rocrand_threefry4x32_20_prng
	rocrand_threefry4x64_20_prng rocrand_xorwow_prng uniform_distribution'

case ${1:-} in
--list)
	for program in $programs; do printf '%s\tlong timeout=2400 vram=2G\n' "$program"; done
	exit 0
	;;
'' | -*)
	echo "usage: rocrand.sh --list | rocrand.sh PROGRAM" >&2
	exit 2
	;;
esac
program=$dir/test_$1
[ -x "$program" ] || {
	echo "rocrand.sh: no program $program" >&2
	exit 2
}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# In the list a case is indented, its suite is not.
"$program" --gtest_list_tests 2>/dev/null |
	awk '/^  / { print suite $1; next } /\.$|\.[ \t]/ { suite = $1 }' | sort >"$work/listed"
status=0
# Ends before the runner's limit, so that the count is printed.
timeout -k 5 2370 "$program" >"$work/out" 2>&1 || status=$?
cat "$work/out"
sed -n 's/^\[       OK \] \([^ ]*\) .*/\1/p' "$work/out" | sort >"$work/passed"
comm -23 "$work/listed" "$work/passed" | sed 's/^/not passed: /'
listed=$(wc -l <"$work/listed") passed=$(comm -12 "$work/listed" "$work/passed" | wc -l)
echo "cases: $listed listed, $passed passed"
[ "$status" = 0 ] || {
	echo "exit status $status" >&2
	exit 1
}
# gtest lists these and does not run them: its authors switched them off.
disabled=$(grep -c DISABLED_ "$work/listed")
[ "$passed" -gt 0 ] && [ "$listed" = $((passed + disabled)) ]
