#!/bin/sh
# usage: chroot.sh DIR [WAY...]
# Tries the ways to build and install from a clean Debian bookworm, with nothing but `make` present: demo install wheel deb test.
# DIR is filled by debootstrap the first time; each way gets a copy of it, removed afterwards. As root, with a network.
set -eu
dir=${1:?usage: chroot.sh DIR [WAY...]}
shift
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
root=$(cd "$(dirname "$0")/.." && pwd)
[ "$(id -u)" = 0 ] || { echo "chroot.sh: chroot needs root" >&2; exit 2; }
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
if [ ! -e "$dir/base/complete" ]; then
    rm -rf "$dir/base"
    debootstrap --variant=minbase --include=make bookworm "$dir/base" "$mirror" >"$dir/debootstrap.log" 2>&1 ||
        { tail -n 5 "$dir/debootstrap.log" >&2; exit 2; }
    touch "$dir/base/complete"
fi

# What each way does, in the sources. "Left" lists what removal has left behind.
demo='make demo'
install='make deps && touch /before && make install PREFIX=/opt/heap && /opt/heap/bin/heapdump run -o /a.db -- python3 -c pass &&
/opt/heap/bin/heapquery verify /a.db && make uninstall PREFIX=/opt/heap && left=$(find /opt/heap ! -type d) && test -z "$left"'
wheel='make deps && make wheel && python3 -m venv /venv && touch /before && /venv/bin/pip -q install build/wheel/dist/*.whl &&
/venv/bin/python -c "import heapdump; print(heapdump.snap(\"/a.db\"))" && /venv/bin/heapquery verify /a.db &&
/venv/bin/pip -q uninstall -y heapsnap && left=$(find /venv -newer /before -path "*heap*" ! -type d) && test -z "$left"'
deb='make deb && apt-get install -qq -y --no-install-recommends ./build/deb/heapsnap_*.deb >/dev/null &&
python3 -c "import heapdump; print(heapdump.snap(\"/a.db\"))" && heapquery verify /a.db &&
apt-get purge -qq -y heapsnap >/dev/null &&
left=$(find /usr /etc /var/lib/dpkg/info -name "*heapsnap*" -o -name "*heapdump*" -o -name "*heapquery*") && test -z "$left"'
test='make test'

copy=
clean() {
    [ -n "$copy" ] || return 0
    umount "$copy/proc" 2>/dev/null || :
    rm -rf --one-file-system "$copy"
    copy=
}
trap clean EXIT
trap 'exit 2' INT TERM HUP

try() {
    way=$1
    eval "commands=\$$way"
    copy=$dir/$way
    cp -a "$dir/base" "$copy"
    mkdir "$copy/src"
    (cd "$root" && tar cf - --exclude=./build --exclude=./build-* --exclude=./pythons --exclude=./.git .) | tar xf - -C "$copy/src"
    mount -t proc proc "$copy/proc"
    status=0
    chroot "$copy" /bin/sh -c "export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8; cd /src; $commands" >"$dir/$way.log" 2>&1 || status=$?
    clean
    if [ "$status" = 0 ]; then echo "$way: done"; else
        echo "$way: ended with $status; the end of $dir/$way.log:"
        tail -n 15 "$dir/$way.log"
    fi
    return "$status"
}

failed=0
for way in ${*:-demo install wheel deb test}; do
    try "$way" || failed=1
done
exit $failed
