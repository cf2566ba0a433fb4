# Commands, or files, and the Debian packages that have them, as COMMAND:PACKAGE[:optional]; sourced after say.sh.
PATH=$PATH:/usr/sbin:/sbin
tunnel_commands='ip:iproute2 ping:iputils-ping tcpdump:tcpdump nsenter:util-linux'
build_commands='python3:python3 make:make g++:g++'
test_commands='cc:gcc nft:nftables:optional modprobe:kmod:optional linux.uml:user-mode-linux:optional
	/usr/include/openssl/evp.h:libssl-dev:optional zsh:zsh:optional fish:fish:optional
	openssl:openssl:optional'
bench_commands='iperf3:iperf3:optional wireguard-go:wireguard-go:optional wg:wireguard-tools:optional'

apt() {
	DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" </dev/null >&2
}

# debian_packages COMMAND:PACKAGE[:optional]...
# Installs what is missing. A missing optional package is only a remark.
debian_packages() {
	missing='' packages='' required=''
	for row in "$@"; do
		command=${row%%:*} rest=${row#*:}
		package=${rest%%:*}
		if [ -e "$command" ] || command -v "$command" >/dev/null; then continue; fi
		missing="$missing $command" packages="$packages $package"
		[ "$rest" = "$package" ] && required="$required $command"
	done
	[ -n "$missing" ] || return 0
	if ! command -v apt-get >/dev/null; then
		[ -z "$required" ] || fail "missing commands:$missing (this is not Debian: install what provides them)"
		note "missing commands:$missing; the tests that want them will be skipped"
		return 0
	fi
	if [ "$(id -u)" != 0 ]; then
		[ -z "$required" ] || fail "missing packages; type:  sudo apt-get install$packages"
		note "missing packages:$packages; the tests that want them will be skipped"
		return 0
	fi
	say "installing Debian packages:$packages"
	apt install --no-install-recommends $packages ||
		{ apt update && apt install --no-install-recommends $packages; } ||
		{ [ -z "$required" ] && note "apt-get failed; the tests that want$missing will be skipped"; } ||
		fail "apt-get could not install$packages"
}
