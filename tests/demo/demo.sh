#!/bin/sh
# The main job on a real leaking program: a test suite, two snapshots, one diff, the chain as a picture.
# usage: demo.sh BUILD
set -eu
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
out=$build/demo
rm -rf "$out"
mkdir -p "$out"

echo "\$ python3 tests/demo/run_suite.py    # a functional test suite, five times over"
PYTHONPATH=$build/python PYTHONDONTWRITEBYTECODE=1 python3 "$here/run_suite.py" "$out"
cd "$out"
echo
echo "\$ heapdiff before.db after.db --graph chain.svg"
"$build/bin/heapdiff" before.db after.db --graph chain.svg -f
echo
"$build/bin/heapdiff" before.db after.db --html report.html -f -q >/dev/null
echo "The picture is $out/chain.svg, and all of it as a page for a browser $out/report.html. To go on:"
echo "    $build/bin/heapquery $out/after.db chain 'webapp.objectdb.DB[-1]'"
echo "    $build/bin/heapquery $out/after.db \"SELECT type, count(*), sum(shallow_bytes) FROM objects GROUP BY type ORDER BY 3 DESC LIMIT 10\""
