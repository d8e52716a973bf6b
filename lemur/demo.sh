#!/usr/bin/env bash
# lemur from an empty folder to a revoked certificate: a server, a certificate by REST and one by certbot, a TLS server that shows it,
# and OCSP and a revocation list that say when it holds no more. All of it is in a network namespace of its own, where the names of
# corp.example lead to this machine and port 80 is free, and in a folder that goes away.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\n\033[1m%s\033[0m\n' "$*" | { if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9;]*m//g'; fi; }; }
run() { printf '$ %s\n' "$*"; "$@"; }

if [ "${1:-}" != inside ]; then
    # --- what it is shown with -----------------------------------------------------------------------------------------------
    PATH=${MENAGERIE_VENV:-/nonexistent}/bin:$PATH:/usr/sbin:/sbin
    declare -A package=([curl]=curl [jq]=jq [openssl]=openssl [ip]=iproute2 [unshare]=util-linux [pebble-challtestsrv]=pebble [certbot]=certbot)
    missing=()
    for program in "${!package[@]}"; do
        command -v "$program" >/dev/null || missing+=("${package[$program]}")
    done
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
    export PATH
    apart=(unshare --net)
    "${apart[@]}" true 2>/dev/null || apart=(unshare --map-root-user --net)
    if ! "${apart[@]}" true 2>/dev/null; then
        echo "the demonstration needs a network namespace, and this machine lets nobody make one: run it as root" >&2
        exit 2
    fi
    exec "${apart[@]}" "$PWD/lemur/demo.sh" inside
fi

# --- inside: a network of our own --------------------------------------------------------------------------------------------
here=10.77.0.1
ip link set lo up
ip address add $here/32 dev lo
work=$(mktemp -d)
running=()
finish() {
    for process in "${running[@]}"; do kill "$process" 2>/dev/null || true; done
    rm -rf "$work"
}
trap finish EXIT
cd "$work"
wait_for() { for _ in $(seq 100); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done; echo "gave up waiting for: $*" >&2; exit 1; }

# A DNS that answers every name with this machine, as validation asks it.
pebble-challtestsrv -defaultIPv4 $here -defaultIPv6 "" -dns01 $here:53 -http01 "" -https01 "" -tlsalpn01 "" \
    -management 127.0.0.1:8055 >dns.log 2>&1 &
running+=($!)

say "1. A server on an empty folder: it makes its database, its keys, an administrator and a first authority"
mkdir lemur
cat >lemur/lemur.toml <<TOML
listen = "$here:443"
http_listen = "$here:8080"
[acme]
name_servers = ["$here"]
[acme.profiles.server]
authority = "internal"
private_networks = ["10.77.0.0/16"]
TOML
cat lemur/lemur.toml
printf "\$ lemur serve --data lemur &\n"
lemur serve --data lemur >serve.log 2>&1 &
running+=($!)
wait_for test -e lemur/internal-root.pem
wait_for curl -fsS --cacert lemur/internal-root.pem https://$here/api/1/healthcheck
cat serve.log

ask() { curl -fsS --cacert lemur/internal-root.pem -H "Authorization: Bearer ${token:-}" -H 'Content-Type: application/json' "$@"; }

say "2. A certificate by REST, as a pipeline asks for it: a request, and its certificate in the answer"
token=$(jq -n --rawfile p lemur/admin-password '{username: "admin", password: ($p | rtrimstr("\n"))}' |
    ask https://$here/api/1/auth/login -d @- | jq -r .token)
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=api.corp.example -keyout api.key -out api.csr 2>/dev/null
jq -n --rawfile csr api.csr '{owner: "team@corp.example", authority: {name: "internal"}, commonName: "api.corp.example", csr: $csr,
    extensions: {subAltNames: {names: [{nameType: "DNSName", value: "api.corp.example"}]}}}' >order.json
printf '$ curl https://%s/api/1/certificates -d @order.json\n' $here
ask https://$here/api/1/certificates -d @order.json >api.json
jq '{id, name, serial, notAfter, status}' api.json
jq -r .body api.json >api.pem
jq -r .chain api.json >chain.pem
run openssl verify -x509_strict -CAfile lemur/internal-root.pem -untrusted chain.pem api.pem

say "3. A certificate by ACME: an administrator makes a key for an account, certbot does the rest by http-01"
printf '$ lemur acme add-key --data lemur --owner web@corp.example --name .web.corp.example\n'
lemur acme add-key --data lemur --owner web@corp.example --name .web.corp.example >eab
read -r kid hmac <eab
export REQUESTS_CA_BUNDLE=$PWD/lemur/internal-root.pem
run certbot certonly --quiet --standalone --server https://$here/acme/directory --eab-kid "$kid" --eab-hmac-key "$hmac" \
    --config-dir certbot --work-dir certbot --logs-dir certbot --agree-tos --email web@corp.example --domain www.web.corp.example
live=certbot/live/www.web.corp.example
run openssl x509 -in $live/cert.pem -noout -subject -issuer -ext subjectAltName,crlDistributionPoints,authorityInfoAccess

say "4. A TLS server shows it, and a client that trusts the root takes it"
openssl s_server -accept 8444 -cert $live/cert.pem -cert_chain $live/chain.pem -key $live/privkey.pem -www -quiet >/dev/null 2>&1 &
running+=($!)
wait_for curl -fsS --cacert lemur/internal-root.pem --resolve www.web.corp.example:8444:$here https://www.web.corp.example:8444/
run openssl s_client -connect $here:8444 -servername www.web.corp.example -verify_hostname www.web.corp.example -verify_return_error \
    -CAfile lemur/internal-root.pem -brief </dev/null

# OpenSSL's client wants the issuer apart.
sed '/END CERTIFICATE/q' $live/chain.pem >issuer.pem
status() {
    run openssl ocsp -issuer issuer.pem -cert $live/cert.pem -url http://$here:8080/ocsp -CAfile lemur/internal-root.pem -no_nonce
    curl -fsS "$(openssl x509 -in $live/cert.pem -noout -ext crlDistributionPoints | grep -o 'http[^ ]*')" >list.crl
    serial=$(openssl x509 -in $live/cert.pem -noout -serial | cut -d= -f2)
    if openssl crl -inform DER -in list.crl -noout -text | grep -q "$serial"; then echo "on the revocation list"; else echo "not on the revocation list"; fi
}
say "5. OCSP and the revocation list, before"
status

say "6. certbot revokes it; OCSP and the list, after"
run certbot revoke --quiet --non-interactive --no-delete-after-revoke --server https://$here/acme/directory --config-dir certbot \
    --work-dir certbot --logs-dir certbot --cert-path $live/cert.pem --reason keycompromise
sleep 1
status

say "7. What was issued, and the log that tells of it"
run lemur certificate list --data lemur
run lemur audit verify --data lemur
