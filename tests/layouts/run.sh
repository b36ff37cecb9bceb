#!/bin/sh
# usage: run.sh BUILD_DIR
# Compiles prove.c with the headers of every CPython found, as release and as debug build, and runs it.
# Prints what is absent; fails when a table is wrong, or when there are no headers at all.
out=$1/layouts
mkdir -p "$out" || exit 2
proven=0
failed=0
for minor in 8 9 10 11 12 13 14 15; do
    found=0
    for include in /usr/include/python3.$minor /usr/local/include/python3.$minor \
        "$HOME"/.pyenv/versions/3.$minor.*/include/python3.$minor pythons/sid/usr/include/python3.$minor \
        $HEAPSNAP_PYTHON_INCLUDES; do
        case $include in *python3.$minor) ;; *) continue ;; esac
        [ -d "$include/internal" ] || continue
        found=1
        # Debian's pyconfig.h leads to the one of its architecture, for which `make pythons` makes a folder by itself.
        case $include in pythons/*) own=-Ipythons/include ;; *) own= ;; esac
        for mode in release debug; do
            define=$([ $mode = debug ] && echo -DPy_DEBUG -UNDEBUG || echo -DNDEBUG)
            "${CC:-cc}" -std=gnu11 -w -I. $own -I"$include" -I"$include/internal" $define -Wl,--unresolved-symbols=ignore-all \
                -o "$out/prove" tests/layouts/prove.c dump/agent/layout.c || { failed=1; continue; }
            printf '%s (%s): ' "$include" $mode
            "$out/prove" && proven=$((proven + 1)) || failed=1
        done
    done
    [ $found = 1 ] || echo "CPython 3.$minor: no headers here, not proven"
done
[ $proven -gt 0 ] || { echo "no CPython headers found: install python3-dev"; exit 2; }
exit $failed
