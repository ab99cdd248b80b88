#!/bin/sh
# Is a service of this container well? Cheap enough for a Pi Zero: no Python starts.
#
#   healthy beats SERVICE...   each touched its heartbeat file in the last half minute
#   healthy answers PORT       GET /healthz on this port says 200
set -eu

beats() {
    for service; do
        find "${SURVEIL_STORAGE__DATA_DIR:-/data}/health/$service" -mmin -0.5 | grep -q . ||
            { echo "$service: no heartbeat in the last 30 s"; exit 1; }
    done
}

answers() {
    # shellcheck disable=SC2016  # expanded by the inner shell
    timeout 5 bash -c '
        exec 3<>"/dev/tcp/127.0.0.1/$0"
        printf "GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n" >&3
        read -r _ status _ <&3
        echo "/healthz: $status"; [ "$status" = 200 ]' "$1"
}

verb=$1; shift
case $verb in
beats) beats "$@" ;;
answers) answers "$@" ;;
*) echo "healthy: unknown verb $verb" >&2; exit 2 ;;
esac
