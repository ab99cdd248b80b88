#!/bin/sh
# A Docker engine for the integration tests on a machine that has none.
#
#   tools/docker_engine.sh up       start an engine (installs Debian's packages as root); on
#                                   Debian 12, also fetch compose v2 for the tests
#   tools/docker_engine.sh images   have the base images, built from Debian's packages
#                                   where no image registry can be reached
#   tools/docker_engine.sh env      print the exports:  eval "$(tools/docker_engine.sh env)"
#   tools/docker_engine.sh down     stop the engine that `up` started, and nothing else
#
# An engine that already answers `docker info` is used as it is and never stopped.
# SURVEIL_ENGINE_DIR       where engine, socket and cache live
# SURVEIL_DOCKERD_OPTIONS  more options for dockerd, such as --storage-driver=vfs
# SURVEIL_COMPOSE_V2       a compose v2 that is there already, for the tests
# shellcheck disable=SC2016  # mmdebstrap's hooks are expanded by mmdebstrap's shell
set -eu

state=${SURVEIL_ENGINE_DIR:-${XDG_STATE_HOME:-$HOME/.local/state}/surveil-engine}
own_host=unix://$state/docker.sock
ca_bundle=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
broker_image=eclipse-mosquitto:2
python_image=python:3.11-slim
compose_v2=$state/compose-v2/docker-compose
debian_keys=/usr/share/keyrings/debian-archive-keyring.gpg

say() { echo "docker_engine: $*" >&2; }
die() { say "$*"; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }
engine_answers() { docker info >/dev/null 2>&1; }

own_pid() { # the pid of the engine that `up` started, while it is alive
    pid=$(cat "$state/dockerd.pid" 2>/dev/null) || return 1
    tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "$own_host" && echo "$pid"
}

choose_engine() { # ours if it runs, else whatever the caller's environment points at
    ! own_pid >/dev/null || export DOCKER_HOST="$own_host"
}

# --- up -----------------------------------------------------------------------

install_packages() {
    missing=
    has docker && has dockerd || missing="$missing docker.io"
    has docker-compose || docker compose version >/dev/null 2>&1 || missing="$missing docker-compose"
    has mmdebstrap || missing="$missing mmdebstrap"
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ] || ! has apt-get; then
        die "please install, as root:  apt-get install$missing"
    fi
    say "installing$missing"
    apt-get -qq update
    # shellcheck disable=SC2086  # a list of words
    apt_install $missing
    has docker || apt_install docker-cli # Debian 13's docker.io only recommends it
}

apt_install() {
    DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 install -y "$@" >&2
}

start_dockerd() {
    [ "$(id -u)" = 0 ] ||
        die "no engine answers and only root can start one: run this as root, or start Docker"
    mkdir -p "$state"
    # shellcheck disable=SC2086  # options are a list of words
    setsid dockerd --data-root "$state/data" --exec-root "$state/run" \
        --pidfile "$state/dockerd.pid" --host "$own_host" ${SURVEIL_DOCKERD_OPTIONS:-} \
        >"$state/dockerd.log" 2>&1 </dev/null &
    export DOCKER_HOST="$own_host"
    deadline=$(($(date +%s) + 60))
    until engine_answers; do
        kill -0 $! 2>/dev/null && [ "$(date +%s)" -lt $deadline ] || {
            grep -E 'level=(error|fatal)|failed' "$state/dockerd.log" | tail -n 5 >&2
            die "dockerd did not start; its log is $state/dockerd.log"
        }
        sleep 0.2
    done
    say "dockerd runs (pid $(own_pid), $own_host)"
}

up() {
    install_packages
    choose_engine
    if engine_answers; then say "an engine answers already; using it"; else start_dockerd; fi
    install_compose_plugin
    have_compose_v2
}

install_compose_plugin() { # Debian's docker-compose 1.29, typed as `docker compose`
    ! docker compose version >/dev/null 2>&1 || return 0
    compose=$(command -v docker-compose) || die "please install docker-compose"
    plugin=${DOCKER_CONFIG:-$HOME/.docker}/cli-plugins/docker-compose
    mkdir -p "${plugin%/*}"
    cat >"$plugin" <<PLUGIN
#!/bin/sh
[ "\$1" != docker-cli-plugin-metadata ] ||
    exec echo '{"SchemaVersion":"0.1.0","Vendor":"local","Version":"1.29"}'
[ "\$1" != compose ] || shift
exec $compose "\$@"
PLUGIN
    chmod +x "$plugin"
    docker compose version >/dev/null || die "$plugin does not work"
    say "wrote $plugin"
}

# --- compose v2, where `docker compose` is 1.29 ---------------------------------

compose_is_v1() { docker compose version --short 2>/dev/null | grep -q '^v\{0,1\}1\.'; }

have_compose_v2() { # without it the tests skip v2, saying so
    [ -z "${SURVEIL_COMPOSE_V2:-}" ] && compose_is_v1 || return 0
    [ -x "$compose_v2" ] || fetch_compose_v2 ||
        say "compose v2 could not be fetched: only docker-compose 1.29 will be tested"
}

fetch_compose_v2() ( # Debian 13's package, from this machine's mirror, unpacked and not installed
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    mirrors=$(apt-get indextargets --format '$(REPO_URI)' "Codename: $codename" \
        'Created-By: Packages' 'Component: main' 'Origin: Debian') && [ -n "$mirrors" ] ||
        die "no mirror of Debian is known; apt-get update may help"
    say "fetching compose v2 from Debian 13"
    apt=$state/apt-trixie
    mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial" "$apt/package"
    trap 'rm -rf "$apt"' EXIT
    echo "$mirrors" | sort -u | sed "s|.*|deb [signed-by=$debian_keys] & trixie main|" >"$apt/sources"
    cd "$apt" &&
        apt_trixie update && apt_trixie download docker-compose/trixie &&
        dpkg-deb -x docker-compose_*.deb package &&
        plugin=package/usr/libexec/docker/cli-plugins/docker-compose &&
        "$plugin" version >/dev/null &&
        mkdir -p "${compose_v2%/*}" && mv "$plugin" "$compose_v2"
) >&2

apt_trixie() { # apt-get with lists and cache of its own: nothing of it touches this system
    apt-get -qq -o Dir::Etc::SourceList="$apt/sources" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State="$apt/state" -o Dir::Cache="$apt/cache" -o APT::Sandbox::User= \
        -o Acquire::Languages=none "$@"
}

# --- images -------------------------------------------------------------------

images() {
    choose_engine
    engine_answers || die "no engine answers; run: $0 up"
    install_compose_plugin
    # What a stand-in is made from; when it changes, the stand-in is made again.
    key=$(cat "$0" "$ca_bundle" 2>/dev/null | cksum | cut -d' ' -f1)
    present "$broker_image" || broker_stand_in
    present "$python_image" || python_stand_in
}

present() { # there and fresh, or to be had from a registry
    if docker image inspect "$1" >/dev/null 2>&1; then
        made_from=$(docker image inspect -f '{{ index .Config.Labels "surveil.stand-in" }}' "$1")
        [ -z "$made_from" ] || [ "$made_from" = "$key" ]
    else
        timeout 600 docker pull -q "$1" >/dev/null 2>&1
    fi
}

bootstrap() { # bootstrap NAME PACKAGES [mmdebstrap options]: prints the path of a root file system
    name=$1 packages=$2; shift 2
    tarball=$state/cache/$name-$key.tar
    if [ ! -f "$tarball" ]; then
        has mmdebstrap || die "no image registry can be reached; please install mmdebstrap"
        say "building a stand-in for $name from Debian's packages (about half a minute)"
        mkdir -p "$state/cache"
        rm -f "$state/cache/$name-"*
        mmdebstrap --quiet --format=tar --variant=essential --include="$packages" "$@" \
            bookworm "$tarball.new" >&2
        mv "$tarball.new" "$tarball"
    fi
    echo "$tarball"
}

broker_stand_in() { # the official image keeps its files in /mosquitto and runs as uid 1883
    tarball=$(bootstrap mosquitto mosquitto,mosquitto-clients \
        --customize-hook='chroot "$1" usermod -u 1883 mosquitto' \
        --customize-hook='chroot "$1" groupmod -g 1883 mosquitto' \
        --customize-hook='mkdir -p "$1/mosquitto/config" "$1/mosquitto/data" "$1/mosquitto/log"' \
        --customize-hook='echo "listener 1883" >"$1/mosquitto/config/mosquitto.conf"' \
        --customize-hook='chroot "$1" chown -R 1883:1883 /mosquitto')
    docker import -c "LABEL surveil.stand-in=$key" -c 'EXPOSE 1883' \
        -c 'CMD ["mosquitto","-c","/mosquitto/config/mosquitto.conf"]' \
        "$tarball" "$broker_image" >/dev/null
    say "$broker_image is ready (stand-in)"
}

python_stand_in() { # as the official image: `python` and `pip` on the PATH, packages may be installed
    container_ca=/usr/local/share/host-ca-bundle.crt
    tarball=$(bootstrap python apt,python3,python3-venv,python3-pip,ca-certificates \
        --customize-hook="upload $ca_bundle $container_ca" \
        --customize-hook='rm -f "$1"/usr/lib/python3*/EXTERNALLY-MANAGED' \
        --customize-hook='ln -s /usr/bin/python3 "$1/usr/local/bin/python"')
    set -- -c "LABEL surveil.stand-in=$key" -c 'CMD ["python3"]'
    for name in PIP_CERT SSL_CERT_FILE REQUESTS_CA_BUNDLE NODE_EXTRA_CA_CERTS; do
        set -- "$@" -c "ENV $name=$container_ca"
    done
    for setting in $(network_settings); do set -- "$@" -c "ENV $setting"; done
    docker import "$@" "$tarball" "$python_image" >/dev/null
    say "$python_image is ready (stand-in)"
}

network_settings() { # this machine's proxies and package indexes, but for local folders
    env | grep -iE '^(https?_proxy|no_proxy|pip_(extra_)?index_url|npm_config_registry)=[^ ]+$' || true
    has pip || return 0
    for key_name in index-url extra-index-url; do
        value=$(pip config get "global.$key_name" 2>/dev/null) || continue
        case $value in
        *file:* | *' '*) ;;
        *) echo "PIP_$(echo "$key_name" | tr a-z- A-Z_)=$value" ;;
        esac
    done
}

# --- env, down ----------------------------------------------------------------

print_env() {
    if [ -x "$compose_v2" ] && [ -z "${SURVEIL_COMPOSE_V2:-}" ] && compose_is_v1; then
        echo "export SURVEIL_COMPOSE_V2='$compose_v2'"
    fi
    own_pid >/dev/null || return 0
    echo "export DOCKER_HOST='$own_host'"
    echo "export TESTCONTAINERS_RYUK_DISABLED=true"
    echo "export TESTCONTAINERS_HOST_OVERRIDE=127.0.0.1"
}

down() {
    pid=$(own_pid) || { say "no engine of ours is running"; return 0; }
    kill "$pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.2; done
    say "stopped dockerd (pid $pid)"
}

case ${1:-} in
up) up ;;
images) images ;;
env) print_env ;;
down) down ;;
*) sed -n '2,/^# SURVEIL_COMPOSE/s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
