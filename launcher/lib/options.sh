# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The options that run, shell, test and demo share.

opt_gpus=1 opt_vram=$((512 << 20)) opt_cus=8 opt_mem=$((4 << 30))
opt_cpus=2 opt_kernel=stock opt_accel=auto opt_link=xgmi opt_mode=dgpu
opt_numa=1 opt_image=elf opt_seed='' opt_timeout=0 opt_log='' opt_verbose=0 opt_driver=1 opt_build=1
# One "HOST<TAB>GUEST" line each.
opt_shares=
newline='
'
tab=$(printf '\t')

options_help() {
	cat <<'HELP'

Options:
  --gpus N             GPUs, 1..8 (1)
  --vram SIZE          memory of each GPU; of an apu, what its driver keeps (512M)
  --cus N              compute units of each GPU, a multiple of 8 (8)
  --mem SIZE           memory of the guest (4G)
  --cpus N             processors of the guest (2)
  --numa N             memory nodes of the guest, 1..8 (1)
  --kernel stock|debug Debian's kernel, or one with KASAN, lockdep, ... (stock)
  --image elf|packed   how the stock kernel is loaded: packed boots 7 s later, and
                       survives S3 (elf)
  --accel auto|kvm|tcg auto takes KVM only if a guest really runs on it (auto)
  --share DIR[:GUEST]  show a host directory, read-write, at GUEST
                       (/mnt/<name>); may be repeated
  --link xgmi|pcie     how the GPUs are linked (xgmi)
  --mode dgpu|coherent|apu  VRAM behind PCIe, VRAM that the CPU uses in place,
                       or GPUs that work in system memory (dgpu)
  --seed N             choices of timing inside the GPUs (0); for test also the
                       choices of random tests, which print theirs
  --timeout SECONDS    stop after this time, status 72 (no limit)
  --log DIR            keep kernel.log, vkfd-gpu.log, ... in DIR
  -v                   say more
HELP
}

# number NAME VALUE MIN MAX
number() {
	case $2 in
	'' | *[!0-9]* | ??????????????*) die 2 "$1: '$2' is not a number" ;;
	esac
	{ [ "$2" -ge "$3" ] && [ "$2" -le "$4" ]; } || die 2 "$1: $2 is not in $3..$4"
}

# size NAME TEXT: sets size_bytes.
size() {
	size_text=${2%[iI]B}
	case $size_text in
	*[kK]) size_shift=10 ;;
	*[mM]) size_shift=20 ;;
	*[gG]) size_shift=30 ;;
	*) size_shift=0 ;;
	esac
	size_digits=${size_text%[kKmMgG]}
	case $size_digits in
	'' | *[!0-9]* | ???????????*) die 2 "$1: '$2' is not a size; write 512M or 2G" ;;
	esac
	size_bytes=$((size_digits << size_shift))
}

option_vram() {
	size --vram "$1"
	opt_vram=$size_bytes
	{ [ "$opt_vram" -ge $((64 << 20)) ] && [ "$opt_vram" -le $((64 << 30)) ]; } ||
		die 2 "--vram: $1 is not between 64M and 64G"
	# It is a PCI BAR.
	[ $((opt_vram & (opt_vram - 1))) = 0 ] || die 2 "--vram: $1 is not a power of two"
}

option_mem() {
	size --mem "$1"
	opt_mem=$size_bytes
	[ "$opt_mem" -ge $((512 << 20)) ] || die 2 "--mem: $1 is less than the 512M that the guest needs"
	[ $((opt_mem % (2 << 20))) = 0 ] || die 2 "--mem: $1 is not a multiple of 2M"
}

option_share() {
	share_host=${1%%:*} share_guest=
	case $1 in *:*) share_guest=${1#*:} ;; esac
	case $1 in *"$tab"* | *"$newline"* | *,*) die 2 "--share: no tab, newline or comma in '$1', please" ;; esac
	[ -d "$share_host" ] || die 2 "--share: '$share_host' is not a directory"
	share_host=$(CDPATH='' cd -- "$share_host" && pwd -P)
	[ -n "$share_guest" ] || share_guest=/mnt/$(basename "$share_host")
	case $share_guest in
	*/../* | */..) die 2 "--share: no '..' in '$share_guest', please" ;;
	/mnt/?* | /opt/?* | /home/?* | /root/?* | /tmp/?* | /run/?*) ;;
	*) die 2 "--share: '$share_guest' must lie below /mnt, /opt, /home, /root, /tmp or /run (the guest's root is read-only)" ;;
	esac
	opt_shares="$opt_shares$share_host$tab$share_guest$newline"
}

choice() {
	choice_name=$1 choice_value=$2
	shift 2
	for choice_one; do [ "$choice_value" != "$choice_one" ] || return 0; done
	die 2 "$choice_name: '$choice_value' is none of: $*"
}

# option_take NAME VALUE: 0 if NAME is a shared option with a value.
option_take() {
	case $1 in
	--gpus) number --gpus "$2" 1 8 && opt_gpus=$2 ;;
	--vram) option_vram "$2" ;;
	--cus) number --cus "$2" 8 104 && opt_cus=$2 ;;
	--mem) option_mem "$2" ;;
	--cpus) number --cpus "$2" 1 64 && opt_cpus=$2 ;;
	--numa) number --numa "$2" 1 8 && opt_numa=$2 ;;
	--kernel) choice --kernel "$2" stock debug && opt_kernel=$2 ;;
	--image) choice --image "$2" elf packed && opt_image=$2 ;;
	--accel) choice --accel "$2" auto kvm tcg && opt_accel=$2 ;;
	--share) option_share "$2" ;;
	--link) choice --link "$2" xgmi pcie && opt_link=$2 ;;
	--mode) choice --mode "$2" dgpu coherent apu && opt_mode=$2 ;;
	--seed) number --seed "$2" 0 4294967295 && opt_seed=$2 ;;
	--timeout) number --timeout "$2" 1 1000000 && opt_timeout=$2 ;;
	--log) opt_log=$2 ;;
	*) return 1 ;;
	esac
}

# options_parse ARGS...: takes the shared options, leaves the number of
# arguments taken in opt_taken. Stops at --, at the first word that is no
# option, and at an option it does not know.
options_parse() {
	opt_taken=0
	while [ $# -gt 0 ]; do
		case $1 in
		--?*=*)
			option_take "${1%%=*}" "${1#*=}" || return 0
			shift
			opt_taken=$((opt_taken + 1))
			continue
			;;
		-v) opt_verbose=1 ;;
		--no-driver) opt_driver=0 ;;
		--no-build) opt_build=0 ;;
		--no-gpu) opt_gpus=0 ;;
		--gpus | --vram | --cus | --mem | --cpus | --numa | --kernel | --image | --accel | --share | \
			--link | --mode | --seed | --timeout | --log)
			[ $# -ge 2 ] || die 2 "$1 needs a value"
			option_take "$1" "$2"
			shift
			opt_taken=$((opt_taken + 1))
			;;
		*) return 0 ;;
		esac
		shift
		opt_taken=$((opt_taken + 1))
	done
}

# What the options say together.
options_check() {
	[ "$opt_link" = xgmi ] || die 2 "--link $opt_link: not yet; only xgmi"
	[ $((opt_mem % (opt_numa * (2 << 20)))) = 0 ] ||
		die 2 "--numa $opt_numa: --mem cannot be divided into $opt_numa nodes of whole 2M"
	[ $((opt_cus % 8)) = 0 ] || die 2 "--cus: $opt_cus is not a multiple of the 8 shader engines"
}
