# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The root tree: made once from Debian packages, then only read. It is
# assembled under another name and renamed when complete, so a tree that
# exists is whole.

# The Debian mirror this host's apt already uses.
mirror() {
	if [ -n "${VKFD_MIRROR:-}" ]; then
		echo "$VKFD_MIRROR"
		return
	fi
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(CREATED_BY)|$(COMPONENT)|$(SUITE)|$(CODENAME)|$(REPO_URI)' 2>/dev/null |
		awk -F'|' '$1 == "Packages" && $2 == "main" &&
			$4 ~ /^(bookworm|trixie|forky|sid|stable|testing|unstable)$/ { sub(/\/$/, "", $5); print $5; exit }'
}

# host_tool TOOL PACKAGE: as root installs PACKAGE if TOOL is missing.
host_tool() {
	if command -v "$1" >/dev/null 2>&1; then return 0; fi
	[ "$(id -u)" = 0 ] ||
		die 1 "this machine lacks '$1'; as root: apt-get install $2"
	step "installing $2 on this machine (it makes the root tree)" 10 \
		"$cache_logs/host-tools.log" sh -c \
		"apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $2" ||
		die 1 "cannot install $2 on this machine; see the log above"
}

# What a user without root needs before the root tree can be made.
host_user_namespaces() {
	[ "$(id -u)" != 0 ] || return 0
	host_tool newuidmap uidmap
	grep -q "^$(id -un):\|^$(id -u):" /etc/subuid 2>/dev/null ||
		die 1 "user $(id -un) has no line in /etc/subuid; as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $(id -un)"
	unshare --user --map-root-user --map-auto true 2>/dev/null ||
		die 1 "this machine does not let user $(id -un) make user namespaces (sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns); run vkfd as root instead"
}

# shellcheck disable=SC2016
rootfs_hook='
set -eu
release=$(ls "$1/usr/lib/modules")
case $release in
7.3.*) ;;
*) [ "${VKFD_KERNEL:-}" = newest ] || {
	echo "Debian now has kernel $release; vkfd is tested with 7.3. VKFD_KERNEL=newest tries it anyway."
	exit 1
   } ;;
esac
chroot "$1" apt-get install -y --no-install-recommends "linux-binary-$release"
mkdir -p "$1/vkfd" "$1/vkfd-cache"
dpkg-query --admindir="$1/var/lib/dpkg" -W >"$1/vkfd-versions"
'

# rootfs_debootstrap TARGET: mmdebstrap with everything it has to be told.
rootfs_debootstrap() {
	if [ "$(id -u)" = 0 ]; then debootstrap_mode=root; else debootstrap_mode=unshare; fi
	# shellcheck disable=SC2016
	set -- --mode=$debootstrap_mode --variant=minbase --architectures=amd64 \
		--aptopt='Apt::Install-Recommends "false"' \
		--aptopt='Acquire::Languages "none"' \
		--aptopt='Acquire::Retries "3"' \
		--aptopt='APT::Sandbox::User "root"' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='force-unsafe-io' \
		--skip=essential/unlink --skip=cleanup/apt \
		--setup-hook='mkdir -p "$1/var/cache/apt/archives" "$1/etc/apt/preferences.d"' \
		--setup-hook="sync-in '$debs' /var/cache/apt/archives" \
		--setup-hook="copy-in '$VKFD_TOP/launcher/rootfs/preferences' /etc/apt/preferences.d" \
		--customize-hook="$rootfs_hook" \
		--customize-hook="copy-in '$VKFD_TOP/launcher/rootfs/init' /" \
		--customize-hook="sync-out /var/cache/apt/archives '$debs.new'" \
		--customize-hook='rm -f "$1"/var/cache/apt/archives/*.deb' \
		--include="$(package_list | tr '\n' ' ')" \
		trixie "$1" "deb $rootfs_mirror trixie main" \
		"deb $rootfs_mirror trixie-backports main"
	for proxy in http https; do
		proxy_url=$(apt-config dump "Acquire::$proxy::Proxy" | sed -n 's/.*"\(.*\)";/\1/p' | head -n 1)
		[ -z "$proxy_url" ] || set -- --aptopt="Acquire::$proxy::Proxy \"$proxy_url\"" "$@"
	done
	mmdebstrap "$@"
}

# Runs inside step; makes $rootfs.tmp.
rootfs_make() {
	mkdir -p "$debs" "$debs.new"
	if [ "$(id -u)" = 0 ]; then
		rootfs_debootstrap "$rootfs.tmp"
	else
		# Through a tar stream, so that the tree need not be reachable
		# for the subordinate users, and its files belong to us.
		mkdir "$rootfs.tmp"
		rootfs_debootstrap - >"$rootfs.tmp.tar"
		enter_namespaces tar -C "$rootfs.tmp" --numeric-owner -xpf "$rootfs.tmp.tar" --exclude='./dev/*'
		rm -f "$rootfs.tmp.tar"
	fi
	rm -f "$debs.new/lock"
	rmdir "$debs.new/partial" 2>/dev/null || :
	rm -rf "$debs"
	mv "$debs.new" "$debs"
}

# Removes trees whose files may belong to subordinate users.
remove_tree() {
	[ -e "$1" ] || return 0
	rm -rf "$1" 2>/dev/null || enter_namespaces rm -rf "$1"
}

rootfs_create() {
	[ ! -d "$rootfs" ] || return 0
	[ "$(uname -m)" = x86_64 ] || die 1 "this machine is $(uname -m); vkfd needs x86-64"
	command -v apt-get >/dev/null 2>&1 || die 1 "vkfd needs a Debian (12 or 13) host: no apt-get here"
	host_tool mmdebstrap mmdebstrap
	host_user_namespaces
	rootfs_mirror=$(mirror)
	[ -n "$rootfs_mirror" ] ||
		die 1 "no Debian mirror in this host's apt configuration; set VKFD_MIRROR=URL"
	rootfs_free=$(df -Pk "$vkfd_cache" | awk 'NR == 2 { print int($4 / 1024) }')
	[ "$rootfs_free" -ge 3500 ] ||
		die 1 "not enough room: $vkfd_cache has $rootfs_free MB free, the root tree needs 3500 MB"
	remove_tree "$rootfs.tmp"
	rm -rf "$debs.new" "$rootfs.tmp.tar"
	step "making the root tree from Debian packages (440 MB to load)" 90 \
		"$cache_logs/rootfs.log" rootfs_make || {
		remove_tree "$rootfs.tmp"
		die 1 "no root tree; without network to a Debian mirror it cannot be made"
	}
	mv "$rootfs.tmp" "$rootfs"
	versions_compare
}

# Says when Debian moved on since the tested versions were written down.
versions_compare() {
	while read -r name version; do
		have=$(awk -v n="$name" '{ sub(/:.*/, "", $1) } $1 == n { print $2; exit }' "$rootfs/vkfd-versions")
		[ "$have" = "$version" ] || say "note: $name is ${have:-missing}, tested was $version"
	done <"$VKFD_TOP/launcher/rootfs/tested-versions"
}

setup_locked() {
	rootfs_create
	stock_kernel_create
}

# setup: everything that needs the network. Nothing if it is all there.
setup() {
	mkdir -p "$vkfd_cache" || die 1 "cannot create the cache $vkfd_cache"
	if [ -d "$rootfs" ] && [ -e "$(stock_kernel)" ]; then return 0; fi
	with_lock "$vkfd_cache/lock" "the cache" setup_locked
}
