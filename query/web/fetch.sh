#!/bin/sh
# usage: fetch.sh DIR   Puts the libraries of package-lock.json into DIR/node_modules, or says what is missing and
# leaves the file DIR/missing. Either way the build goes on: pages are then made without them, and say so.
set -eu
here=$(dirname "$0")
dir=$1
mkdir -p "$dir"
rm -rf "$dir/node_modules" "$dir/missing"
cp "$here/package.json" "$here/package-lock.json" "$dir"

give_up() {
    rm -rf "$dir/node_modules"
    echo "$1" >"$dir/missing"
    echo "skipped: zoom, treemap and plots in HTML pages: $1; then: make web"
    exit 0
}
command -v npm >/dev/null || give_up 'npm is not installed: install it'
# No script of a package runs here, and what comes must have the hashes of the lock file.
(cd "$dir" && npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 --fetch-timeout=20000 --loglevel=error) \
    >"$dir/npm.log" 2>&1 || give_up "npm ci failed (see $dir/npm.log): connect to the registry"
