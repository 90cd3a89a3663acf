#!/bin/sh
# Takes the product's rules away one by one, on a copy, and says whether the tests miss them. Each patch names in its first
# lines the rule that it takes away and the cases that must fail, a line each:
#
#   core GAME    a game of ring A                    lib NAME     a unit test or law of the library
#   it NAME      a story over HTTP                   sim NAME     a test of the whole node in virtual time
#   chaos PLACE  the real program dies there, and again in the recovery
#
# ARGS are patches; all of them where none is named.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
built=${CARGO_TARGET_DIR:-$root/target}
# Beside the real build, and with a target directory of its own, so that the real program is never a broken one. Both have a
# fixed place: the second patch is built in a fraction of the time of the first. What others wrote is linked, not copied.
work=$built/planted
copy=$work/source
said=$work/said
CARGO_TARGET_DIR=$work/target
export CARGO_TARGET_DIR
# So many commands a game: enough that each rule is missed, and a fraction of a minute.
: "${ORDERFLOW_CORE_COMMANDS:=400000}"
export ORDERFLOW_CORE_COMMANDS

mkdir -p "$copy" "$CARGO_TARGET_DIR/debug/deps"
trap 'rm -rf "$copy"' EXIT
rm -rf "$copy" && mkdir -p "$copy"
(cd "$root" && git ls-files -z -co --exclude-standard -- . ':!web' ':!docs' | tar --null -T - -cf - | tar -C "$copy" -xf -)
mkdir -p "$copy/web/dist" && cp "$root"/web/dist/* "$copy/web/dist/" 2>/dev/null || true
if [ ! -d "$CARGO_TARGET_DIR/debug/build" ] && [ -d "$built/debug/build" ]; then
    cp -al "$built/debug/build" "$built/debug/.fingerprint" "$CARGO_TARGET_DIR/debug/"
    find "$built/debug/deps" -maxdepth 1 -type f ! -name '*orderflow*' ! -name '*mock_gateway*' ! -name 'core-*' \
        ! -name 'it-*' ! -name 'sim-*' ! -name 'tidy-*' -exec cp -l -t "$CARGO_TARGET_DIR/debug/deps" {} +
fi

run() {
    (cd "$copy" && ${CARGO:-cargo} "$@") >>"$said" 2>&1
}

# Builds what a case needs; a patch that does not build takes nothing away.
build() {
    : >"$said"
    case $1 in
        core) run test -p orderflow --features faults --test core --no-run ;;
        lib) run test -p orderflow --features faults --lib --no-run ;;
        it | chaos)
            run build --workspace --features faults --bins && run test -p orderflow --features faults --test "$1" --no-run
            ;;
        sim) CARGO_PROFILE_DEV_OPT_LEVEL=1 run test -p orderflow --features faults --test sim --no-run ;;
        *) echo "no such kind of case: $1" >&2; return 1 ;;
    esac
}

# Whether the case holds. That it was run at all is asked too.
holds() {
    kind=$1 name=$2 status=0
    : >"$said"
    case $kind in
        core) run test -p orderflow --features faults --test core -- "$name" || status=$? ;;
        chaos)
            CHAOS_POINTS=$name run test -p orderflow --features faults --test chaos -- every_named_place || status=$?
            grep -q "^running [1-9]" "$said" || broken_run "$kind $name"
            ;;
        sim)
            CARGO_PROFILE_DEV_OPT_LEVEL=1 run test -p orderflow --features faults --test sim -- "$name" || status=$?
            grep -q "^running [1-9]" "$said" || broken_run "$kind $name"
            ;;
        *)
            target="--test $kind"
            [ "$kind" != lib ] || target=--lib
            # shellcheck disable=SC2086
            run test -p orderflow --features faults $target -- "$name" || status=$?
            grep -q "^running [1-9]" "$said" || broken_run "$kind $name"
            ;;
    esac
    return $status
}

broken_run() {
    echo "the case was not run: $1" >&2
    tail -40 "$said" >&2
    exit 1
}

# The cases that some patches name, each as one word; those of one kind only, where KIND says which.
cases() {
    sed -n 's/^case: //p' "$@" | grep "^${KIND:-} *" | tr ' ' '~'
}

# After how many seeds ring B had seen enough.
runs() {
    sed -n 's/^sim: .* runs=\([0-9]*\) .*/\1/p' "$said"
}

[ $# -gt 0 ] || set -- "$here"/*.patch
count=0
unnoticed=0
seeds=
for patch in "$@"; do
    rule=$(sed -n 's/^rule: //p' "$patch")
    (cd "$copy" && patch -s -p1) <"$patch"
    for case in $(cases "$patch"); do
        kind=${case%%~*} name=${case#*~}
        build "$kind" || broken_run "$case, with $patch"
        count=$((count + 1))
        if holds "$kind" "$name"; then
            unnoticed=$((unnoticed + 1))
            echo "NOT NOTICED  $rule  ($kind $name)"
        else
            after=$(runs)
            echo "noticed  $rule  ($kind $name${after:+, $after seeds})"
            seeds="$seeds${after:+ $(basename "$patch" .patch)=$after}"
        fi
    done
    (cd "$copy" && patch -s -R -p1) <"$patch"
done

# The same cases hold when nothing is taken away.
for case in $(cases "$@" | sort -u); do
    kind=${case%%~*} name=${case#*~}
    build "$kind" || broken_run "$kind $name"
    holds "$kind" "$name" || { echo "fails without any patch: $kind $name" >&2; tail -40 "$said" >&2; exit 1; }
done
[ -z "$seeds" ] || echo "planted-seeds:$seeds"
echo "planted: cases=$count noticed=$((count - unnoticed))"
[ $unnoticed -eq 0 ]
