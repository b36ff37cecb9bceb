#!/bin/sh
# usage: run.sh BUILD_DIR
# Compiles prove.c with the headers of every CPython found, as release and as debug build, and runs it.
# Prints what is absent; fails when a table is wrong, or when there are no headers at all. A release that `make pythons` has
# fetched may be newer than the tables: that is said, and its version goes to BUILD_DIR/layouts/unknown, so that the tests
# leave it out.
out=$1/layouts
mkdir -p "$out" || exit 2
: >"$out/unknown"
proven=0
failed=0

# prove INCLUDE FLAGS...
prove() {
    include=$1
    shift
    "${CC:-cc}" -std=gnu11 -w -I. "$@" -I"$include" -I"$include/internal" -Wl,--unresolved-symbols=ignore-all \
        -o "$out/prove" tests/layouts/prove.c dump/agent/layout.c && "$out/prove"
}

for minor in 8 9 10 11 12 13 14 15; do
    found=0
    for include in /usr/include/python3.$minor /usr/local/include/python3.$minor \
        "$HOME"/.pyenv/versions/3.$minor.*/include/python3.$minor pythons/sid/usr/include/python3.$minor \
        $HEAPSNAP_PYTHON_INCLUDES; do
        case $include in *python3.$minor) ;; *) continue ;; esac
        [ -d "$include/internal" ] || continue
        found=1
        # Debian's pyconfig.h leads to the one of its architecture, for which `make pythons` makes a folder by itself.
        case $include in pythons/*) own=-Ipythons/include ;; *) own=-I. ;; esac
        for mode in release debug; do
            define=$([ $mode = debug ] && echo -DPy_DEBUG || echo -DNDEBUG)
            printf '%s (%s): ' "$include" $mode
            if prove "$include" $own "$define"; then
                proven=$((proven + 1))
            elif [ $own = -I. ]; then
                failed=1
            else
                echo "skipped: this release is not known yet"
                sed -n 's/^#define PY_VERSION  *"\(.*\)"/\1/p' "$include/patchlevel.h" >>"$out/unknown"
            fi
        done
    done
    [ $found = 1 ] || echo "CPython 3.$minor: no headers here, not proven"
done
[ $proven -gt 0 ] || { echo "no CPython headers found: install python3-dev"; exit 2; }
exit $failed
