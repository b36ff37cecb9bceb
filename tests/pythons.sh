#!/bin/sh
# usage: pythons.sh DIR
# The CPythons of Debian sid, for the tests: unpacked into DIR/sid, and DIR/bin/python3.N runs each with its own C library,
# on this system's files. About 80 MB to fetch, once: nothing is done where DIR is complete already. Without root, debootstrap
# or the network nothing is left behind, that is said, and the tests do without.
dir=${1:?usage: pythons.sh DIR}
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
minors='13 14 15'
machine=x86_64-linux-gnu
[ -e "$dir/complete" ] && exit 0

skip() {
    echo "skipped: the CPythons of Debian sid: $1"
    rm -rf "$dir"
    exit 0
}
[ "$(id -u)" = 0 ] || skip 'debootstrap needs root'
[ "$(uname -m)" = x86_64 ] || skip 'they are unpacked for x86-64 only'
if ! command -v debootstrap >/dev/null; then
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends debootstrap >/dev/null 2>&1 ||
        skip 'debootstrap is not installed'
fi

# unpack PACKAGES: into a new DIR/sid
unpack() {
    rm -rf "$dir"
    mkdir -p "$dir/bin" "$dir/include/$machine" || exit 2
    timeout 600 debootstrap --variant=minbase --include="$1" sid "$dir/sid" "$mirror" >"$dir/log" 2>&1
}
packages=
for minor in $minors; do packages=$packages,python3.$minor,python3.$minor-dev; done
echo "Unpacking the CPythons of Debian sid into $dir: takes a minute"
if ! unpack "${packages#,}"; then
    # Releases come and go: what sid does not have any more is left out.
    gone=$(sed -n "s/^E: Couldn't find these debs: //p" "$dir/log")
    [ -n "$gone" ] || skip "debootstrap: $(tail -n 1 "$dir/log")"
    for package in $gone; do packages=$(echo "$packages," | sed "s/,$package,/,/; s/,\$//"); done
    echo "skipped: sid does not have $gone"
    [ -n "${packages#,}" ] && unpack "${packages#,}" || skip "debootstrap: $(tail -n 1 "$dir/log")"
fi
dir=$(cd "$dir" && pwd)

# What is not needed to run them.
rm -rf "$dir"/sid/var/cache/apt/* "$dir"/sid/var/lib/apt/lists/* "$dir"/sid/usr/share/doc "$dir"/sid/usr/share/locale
find "$dir/sid/usr/lib" -name '*.a' -delete

# A python that is named by its wrapper finds its library beside it: DIR/bin and DIR/lib, as /usr/bin and /usr/lib.
ln -s sid/usr/lib "$dir/lib"
for minor in $minors; do
    [ -x "$dir/sid/usr/bin/python3.$minor" ] || continue
    ln -s "../../sid/usr/include/$machine/python3.$minor" "$dir/include/$machine/python3.$minor"
    cat >"$dir/bin/python3.$minor" <<EOT
#!/bin/sh
exec $dir/sid/lib64/ld-linux-x86-64.so.2 --library-path $dir/sid/usr/lib/$machine --argv0 "\$0" \\
    $dir/sid/usr/bin/python3.$minor "\$@"
EOT
    chmod 755 "$dir/bin/python3.$minor"
    "$dir/bin/python3.$minor" -c 'import ctypes, sys; print(sys.version, "at", sys.executable)' ||
        skip "python3.$minor does not run here"
done
touch "$dir/complete"
