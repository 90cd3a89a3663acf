#!/bin/sh
# Installs what building and testing need and this machine lacks. Says what it does; does nothing when all is there.
# `ensure.sh browser` takes the browser in, too, that the page is tested with; `ensure.sh sdk` the Python that the bank is
# tested with; `ensure.sh chaos` the library that tells programs another time.
set -eu

missing=""
command -v cc >/dev/null 2>&1 || missing="$missing gcc libc6-dev"
command -v make >/dev/null 2>&1 || missing="$missing make"

if ! command -v cargo >/dev/null 2>&1; then
    echo "cargo is missing: install Rust from https://rustup.rs and try again" >&2
    exit 1
fi

# The page is built with Node.js; which one is the business of whoever owns the machine.
node_wanted="20.19"
if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
    echo "node and npm are missing: install Node.js $node_wanted or newer (https://nodejs.org) and try again" >&2
    exit 1
fi
if ! node -e 'const [a, b] = process.versions.node.split("."); process.exit(+a > 20 || (+a === 20 && +b >= 19) ? 0 : 1)'; then
    echo "Node.js $(node --version) is too old: install $node_wanted or newer and try again" >&2
    exit 1
fi

if [ "${1:-}" = browser ] && [ -z "${CHROMIUM:-}" ]; then
    is_there=""
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        if command -v "$name" >/dev/null 2>&1; then is_there="$name"; fi
    done
    [ -n "$is_there" ] || missing="$missing chromium"
fi

if [ "${1:-}" = sdk ] && ! python3 -c 'import ensurepip, venv' >/dev/null 2>&1; then
    missing="$missing python3-venv"
fi

if [ "${1:-}" = chaos ] && ! ls /usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1; then
    missing="$missing faketime"
fi

if [ -n "$missing" ]; then
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "missing:$missing. Install them with this system's package manager and try again" >&2
        exit 1
    fi
    as_root=""
    [ "$(id -u)" = 0 ] || as_root="sudo"
    echo "installing:$missing"
    $as_root apt-get update -qq
    # shellcheck disable=SC2086
    $as_root apt-get install -y -qq --no-install-recommends $missing
fi

for part in rustfmt clippy; do
    if ! cargo "$([ $part = rustfmt ] && echo fmt || echo clippy)" --version >/dev/null 2>&1; then
        echo "installing the Rust component $part"
        rustup component add "$part"
    fi
done
