#!/bin/sh
# Takes the bank's rules away, one at a time, in a copy, and asks the copy with the case that is to miss it. Each patch
# names its rule and its case in its first two lines. Fails when a case does not notice.
#   run.sh [PATCH…]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
sdk=$(dirname "$here")
root=$(cd "$sdk/../.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
# Of its own, so that the real program is never a broken one; kept, so that the second time is quick.
CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}/broken
export CARGO_TARGET_DIR
MOCK_GATEWAY_BIN=$CARGO_TARGET_DIR/debug/mock_gateway
export MOCK_GATEWAY_BIN

(cd "$root" && git ls-files -z -co --exclude-standard -- . ':!web' ':!docs' | tar --null -T - -cf - | tar -C "$copy" -xf -)

build() {
    (cd "$copy" && cargo build --quiet -p mock_gateway --bin mock_gateway)
}

# Whether the case holds: what was printed goes to $copy/said.
holds() {
    case $1 in
        node/*)
            name=${1#*: }
            (cd "$sdk" && timeout 120 node --test --test-reporter=tap "${1%%: *}") >"$copy/said" 2>&1 || true
            if grep -q "^ok [0-9]* - $name\$" "$copy/said"; then return 0; fi
            grep -q "^not ok [0-9]* - $name\$" "$copy/said" || broken_run "$1"
            return 1
            ;;
        python/*)
            status=0
            (cd "$sdk" && timeout 120 .venv/bin/python -m pytest -q "$1") >"$copy/said" 2>&1 || status=$?
            [ $status -le 1 ] || broken_run "$1"
            return $status
            ;;
    esac
}

broken_run() {
    echo "the case was not run: $1" >&2
    cat "$copy/said" >&2
    exit 1
}

[ $# -gt 0 ] || set -- "$here"/*.patch
count=0
unnoticed=0
for patch in "$@"; do
    rule=$(sed -n 's/^rule: //p' "$patch")
    case=$(sed -n 's/^case: //p' "$patch")
    patch -s -d "$copy" -p1 <"$patch"
    build
    count=$((count + 1))
    if holds "$case"; then
        unnoticed=$((unnoticed + 1))
        echo "NOT NOTICED  $rule  ($case)"
    else
        echo "noticed  $rule  ($case)"
    fi
    patch -s -R -d "$copy" -p1 <"$patch"
done

# The same cases hold when nothing is taken away.
build
for patch in "$@"; do
    case=$(sed -n 's/^case: //p' "$patch")
    holds "$case" || { echo "fails without any patch: $case" >&2; cat "$copy/said" >&2; exit 1; }
done
echo "$((count - unnoticed)) of $count rules are missed when they are taken away"
[ $unnoticed -eq 0 ]
