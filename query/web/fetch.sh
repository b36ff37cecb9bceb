#!/bin/sh
# usage: fetch.sh FROM DIR WHAT   Puts the libraries of FROM/package-lock.json into DIR/node_modules, or says that WHAT is
# missing and why, and leaves the file DIR/missing. Either way the build goes on.
set -eu
from=$1 dir=$2 what=$3
mkdir -p "$dir"
rm -rf "$dir/node_modules" "$dir/missing"
cp "$from/package.json" "$from/package-lock.json" "$dir"

give_up() {
    rm -rf "$dir/node_modules"
    echo "$1" >"$dir/missing"
    echo "skipped: $what: $1; then: make web"
    exit 0
}
command -v npm >/dev/null || give_up 'npm is not installed: install it'
# No script of a package runs here, and what comes must have the hashes of the lock file.
(cd "$dir" && npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 --fetch-timeout=20000 --loglevel=error) \
    >"$dir/npm.log" 2>&1 || give_up "npm ci failed (see $dir/npm.log): connect to the registry"
