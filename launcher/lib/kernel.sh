# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The stock kernel: Debian's, as the ELF file inside its compressed image.
# That boots through the PVH entry and skips the slow decompressor. But QEMU loads
# an ELF file into memory again at each reset, and a wake-up from S3 is one: what shall
# come back from there boots the compressed image.

stock_kernel() { echo "$kernels/stock-$(kernel_release)/vmlinux"; }
stock_image() { echo "$rootfs/usr/lib/modules/$(kernel_release)/vmlinuz"; }

# u32 FILE OFFSET: a little-endian number.
u32() { od -An -tu4 -j "$2" -N 4 "$1" | tr -d ' '; }

# vmlinux_extract VMLINUZ OUT. The setup header says where the payload is; its
# last four bytes are the uncompressed size and no part of the zstd stream.
vmlinux_extract() {
	extract_sectors=$(od -An -tu1 -j 497 -N 1 "$1" | tr -d ' ')
	extract_start=$(((extract_sectors + 1) * 512 + $(u32 "$1" 584)))
	extract_len=$(($(u32 "$1" 588) - 4))
	tail -c +$((extract_start + 1)) "$1" | head -c "$extract_len" |
		"$rootfs_ld" --library-path "$rootfs_lib" "$rootfs/usr/bin/zstd" -dqc >"$2"
}

stock_kernel_create() {
	stock_out=$(stock_kernel)
	[ ! -e "$stock_out" ] || return 0
	mkdir -p "$(dirname "$stock_out")"
	stock_in=$(stock_image)
	[ -e "$stock_in" ] || die 1 "the root tree has no kernel image $stock_in"
	step "unpacking Debian's kernel" 1 "$cache_logs/stock-kernel.log" \
		vmlinux_extract "$stock_in" "$stock_out.tmp" || die 1 "cannot unpack $stock_in"
	mv "$stock_out.tmp" "$stock_out"
}
