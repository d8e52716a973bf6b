#!/usr/bin/env bash
# bless from nothing to a login: a certificate authority, its service, a certificate, a real sshd on loopback that trusts the
# authority, a login by ssh, and the line of the log that records it. Everything is in a folder that goes away.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\n\033[1m%s\033[0m\n' "$*" | { if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9;]*m//g'; fi; }; }
run() { printf '$ %s\n' "$*"; "$@"; }

# --- what it is shown with ---------------------------------------------------------------------------------------------------
PATH=$PATH:/usr/sbin:/sbin
missing=()
command -v sshd >/dev/null || missing+=(openssh-server)
command -v ssh >/dev/null || missing+=(openssh-client)
command -v cc >/dev/null || missing+=(gcc)
if [ ${#missing[@]} -gt 0 ]; then
    root=()
    [ "$(id -u)" -eq 0 ] || root=(sudo -n)
    if command -v apt-get >/dev/null && "${root[@]}" true 2>/dev/null; then
        "${root[@]}" apt-get update -qq
        "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    else
        echo "the demonstration needs these packages (Debian's names): ${missing[*]}" >&2
        exit 2
    fi
fi

say "Building (the first time takes some minutes)"
cargo build --locked --release --workspace --features lanius/aws,lemur/aws --bins
target=${CARGO_TARGET_DIR:-target}
PATH=$(cd "$target/release" && pwd):$PATH

work=$(mktemp -d)
chmod 755 "$work"
service= sshd=
finish() {
    # What is not running need not be ended.
    [ -z "$service" ] || kill "$service" 2>/dev/null || true
    [ -z "$sshd" ] || kill "$sshd" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT
me=$(id -un)
wait_for() { for _ in $(seq 100); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done; echo "gave up waiting for: $*" >&2; exit 1; }

# --- the authority -----------------------------------------------------------------------------------------------------------
say "1. Make a certificate authority (its key is encrypted; the passphrase is in the environment here)"
BLESS_CA_PASSPHRASE=$(head -c 18 /dev/urandom | base64)
export BLESS_CA_PASSPHRASE
run bless ca init --dir "$work/ca" --user "$me"

say "2. Start its service on a Unix socket"
printf '$ bless serve --config %s &\n' "$work/ca/bless.toml"
bless serve --config "$work/ca/bless.toml" 2>"$work/service.log" &
service=$!
wait_for test -S "$work/ca/bless.sock"
unset BLESS_CA_PASSPHRASE

# --- a host that trusts it ---------------------------------------------------------------------------------------------------
say "3. Start a throwaway sshd on loopback that trusts the authority, and knows no user's key"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])' 2>/dev/null || shuf -i 20000-50000 -n 1)
ssh-keygen -q -t ed25519 -N '' -f "$work/host_key"
cat >"$work/sshd_config" <<CONFIG
ListenAddress 127.0.0.1
Port $port
HostKey $work/host_key
PidFile none
TrustedUserCAKeys $work/ca/ca_key.pub
AuthorizedKeysFile none
PasswordAuthentication no
KbdInteractiveAuthentication no
StrictModes no
UsePAM no
LogLevel VERBOSE
CONFIG
grep -v '^ \|^$' "$work/sshd_config"
[ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd
"$(command -v sshd)" -D -e -f "$work/sshd_config" 2>"$work/sshd.log" &
sshd=$!
wait_for grep -q 'Server listening' "$work/sshd.log"
printf '[127.0.0.1]:%s %s\n' "$port" "$(cat "$work/host_key.pub")" >"$work/known_hosts"

# --- a certificate, and a login ----------------------------------------------------------------------------------------------
say "4. Get a certificate: a fresh key, certified for an hour"
run bless get --config "$work/ca/bless.toml" --cache-dir "$work/cache" --no-agent
certificate=$(find "$work/cache" -name '*-cert.pub')
run bless inspect "$certificate"

say "5. Log in with it"
key=${certificate%-cert.pub}
run ssh -F none -p "$port" -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityAgent=none -o UserKnownHostsFile="$work/known_hosts" \
    -i "$key" "$me@127.0.0.1" 'echo "logged in as $(id -un) over $SSH_CONNECTION"'
echo
echo "sshd's own log says:"
grep -E 'Accepted publickey' "$work/sshd.log" | tail -n 1

say "6. What the authority recorded, before it answered"
tail -n 1 "$work/ca/log.jsonl"
run bless log search --config "$work/ca/bless.toml"
run bless log verify --config "$work/ca/bless.toml"
