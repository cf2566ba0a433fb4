# Progress for whoever waits; sourced. Colour only on a terminal.
if [ -t 2 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$(printf '\033[1m') red=$(printf '\033[31m') plain=$(printf '\033[0m')
else
	bold='' red='' plain=''
fi
say() { printf '%s==> %s%s\n' "$bold" "$*" "$plain" >&2; }
note() { printf '    %s\n' "$*" >&2; }
fail() {
	printf '%ssetup: %s%s\n' "$red" "$*" "$plain" >&2
	exit 1
}
