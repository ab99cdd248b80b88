#!/bin/sh
# Sets up what `make run` and `make test` need, and says in plain words what is missing.
#
#   setup.sh demo        a virtual environment with the demo, and the page built
#   setup.sh tools       a virtual environment with nox
#   setup.sh test-tools  Debian's packages that the tests use: a broker, ffmpeg, a browser
#
# Debian's packages are installed only as root or where sudo asks no password.
set -eu
PATH=$PATH:/usr/sbin:/sbin   # where Debian keeps mosquitto, and a user does not look
PYTHON=${PYTHON:-python3}
VENV=.venv

say() { printf '%s\n' "$*"; }
fail() { printf '\n%s\n' "$*" >&2; exit 1; }

apt_install() {
    if [ "$(id -u)" = 0 ]; then as_root=""
    elif sudo -n true 2>/dev/null; then as_root="sudo"
    else return 1
    fi
    command -v apt-get >/dev/null || return 1
    say "Installing from Debian: $*"
    export DEBIAN_FRONTEND=noninteractive
    $as_root apt-get update -qq
    $as_root apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

check_python() {
    command -v "$PYTHON" >/dev/null ||
        fail "Python is missing. Install it: sudo apt-get install python3 (or name yours: make run PYTHON=python3.11)"
    "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "$("$PYTHON" --version) is too old: Python 3.11 or newer is needed (make run PYTHON=python3.11)"
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null && return
    apt_install python3-venv || true
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "Python cannot make virtual environments here. Run: sudo apt-get install python3-venv"
}

pip_install() {
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --constraint constraints.txt "$@" ||
        fail "Some Python packages could not be fetched (the lines above say which). Is there a network, and a proxy that pip should know?"
}

make_venv() {
    check_python
    [ -x "$VENV/bin/python" ] || { say "Making $VENV with $("$PYTHON" --version) ..."; "$PYTHON" -m venv "$VENV"; }
}

case "${1:-}" in
demo)
    make_venv
    say "Installing the demo (about a minute the first time) ..."
    pip_install --editable '.[demo,page]'
    "$VENV/bin/python" tools/build_page.py --optional
    ;;
tools)
    make_venv
    say "Installing nox ..."
    pip_install nox uv
    ;;
test-tools)
    missing=""
    for tool in mosquitto:mosquitto mosquitto_pub:mosquitto-clients ffmpeg:ffmpeg sqlite3:sqlite3 \
                curl:curl chromium:chromium ip:iproute2 git:git; do
        command -v "${tool%%:*}" >/dev/null || missing="$missing ${tool##*:}"
    done
    # the browser driver's Node needs it, and Debian's Chromium does not bring it
    ldconfig -p | grep -q libatomic.so.1 || missing="$missing libatomic1"
    # programs under test are shown a wall clock that jumps
    ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1 || missing="$missing libfaketime"
    # the network camera of the tests runs on Debian's own Python, as the bindings do
    /usr/bin/python3 -c 'import gi; gi.require_version("GstRtspServer", "1.0")' 2>/dev/null ||
        missing="$missing python3-gi gir1.2-gst-rtsp-server-1.0"
    [ -z "$missing" ] || apt_install $missing ||
        fail "The tests use real programs that are missing here. Run: sudo apt-get install$missing"
    ;;
*)
    fail "usage: setup.sh demo|tools|test-tools"
    ;;
esac
