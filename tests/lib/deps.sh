#!/bin/sh
# Installs the Debian packages that building and testing need and that are missing; silent when none is.
# WHOSH_DEPS=build leaves out what only the tests need.
set -eu
build="gcc make pkg-config libc6-dev libcurl4-openssl-dev libmicrohttpd-dev libcjson-dev libssl-dev libsodium-dev
libsqlite3-dev libpcre2-dev bash bash-builtins dash"
run="openssl curl git sqlite3 openssh-server openssh-client rsync python3 python3-cryptography"
test="python3-html5lib golang-go golang-golang-x-mod-dev sudo clang clang-format clang-tidy libclang-rt-14-dev mandoc postgresql postgresql-client npm bash-completion
libtree-sitter-dev util-linux strace gettext locales systemd ansible-core cron expect tmux vim less procps"
want="$build $run $test"
[ "${WHOSH_DEPS:-}" = build ] && want=$build
missing=
for package in $want; do
	# npm may be there without being Debian's own package.
	case $package in npm) command -v npm >/dev/null 2>&1 && continue ;; esac
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
root=
[ "$(id -u)" = 0 ] || root=sudo
echo "installing:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
$root apt-get update -qq >/dev/null
# shellcheck disable=SC2086 # a list of names
$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
