#!/bin/sh
# usage: deps.sh PACKAGE...   Installs the Debian packages that are missing, as root; says what is missing otherwise.
set -eu

command -v dpkg-query >/dev/null || {
    echo "not a Debian system: please provide what these packages provide: $*" >&2
    exit 0
}
missing=
for package in "$@"; do
    case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
    *' installed') ;;
    *) missing="$missing $package" ;;
    esac
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" != 0 ]; then
    echo "missing packages; install them with: sudo apt-get install$missing" >&2
    exit 0
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# One package that a release does not have must not stop the others, so what apt does not know is left out and said.
apt-get update >"$log" 2>&1 || { cat "$log" >&2; echo "apt-get update failed" >&2; exit 1; }
known=
for package in $missing; do
    if apt-cache show "$package" >/dev/null 2>&1; then
        known="$known $package"
    else
        echo "skipped: $package is not in this system's package lists"
    fi
done
# shellcheck disable=SC2086
apt-get install -y --no-install-recommends $known >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
