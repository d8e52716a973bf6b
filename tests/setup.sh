#!/usr/bin/env bash
# Gets what the tests need and this machine lacks: Debian packages (as root, or by sudo), a Python virtual environment in the
# folder that MENAGERIE_VENV names, and packages of npm in the folder `npm` beside it. Quick when nothing is missing. A thing that cannot be had is a failure with its name.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${MENAGERIE_VENV:?set MENAGERIE_VENV to the folder of the virtual environment}
requirements=$here/requirements.txt
stamp=$venv/.installed
npm_packages=$here/npm-packages.txt
npm_folder=$(dirname "$venv")/npm

# A program, and the Debian package that has it.
declare -A package=(
    [sshd]=openssh-server [ssh]=openssh-client [ssh-agent]=openssh-client [ssh-keygen]=openssh-client [openssl]=openssl
    [jq]=jq [setpriv]=util-linux [cc]=gcc [c++]=g++ [strace]=strace
    [zip]=zip [tar]=tar [gzip]=gzip [bzip2]=bzip2 [xz]=xz-utils [zstd]=zstd [lz4]=lz4 [ar]=binutils [dpkg-deb]=dpkg
    [initdb]=postgresql [softhsm2-util]=softhsm2 [pkcs11-tool]=opensc [pebble-challtestsrv]=pebble [named]=bind9 [dig]=bind9-dnsutils
    [certtool]=gnutls-bin [keytool]=default-jre-headless [git]=git [chromium]=chromium [script]=bsdutils [npm]=npm [node]=nodejs [curl]=curl
    [lego]=lego [dehydrated]=dehydrated [caddy]=caddy
)

has() {
    local server
    # Debian keeps the programs of PostgreSQL's server out of the path, in a folder for each version.
    server=$(printf ':%s' /usr/lib/postgresql/*/bin)
    PATH="$PATH:/usr/sbin:/sbin$server" command -v "$1" >/dev/null
}

missing_packages() {
    local program
    for program in "${!package[@]}"; do
        has "$program" || echo "${package[$program]}"
    done
    # The tests' security key is C over OpenSSL's libcrypto.
    if ! has cc || ! cc -E -x c - <<<'#include <openssl/evp.h>' >/dev/null 2>&1; then
        echo libssl-dev
    fi
    if ! has python3; then
        echo python3 python3-venv
    elif ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        echo python3-venv
    fi
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

install_packages() {
    local names
    names=$(missing_packages | tr ' ' '\n' | sort -u | tr '\n' ' ')
    [ -n "${names// /}" ] || return 0
    if ! has apt-get || ! { [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null; }; then
        echo "setup: the tests need these packages (Debian's names); install them: $names" >&2
        exit 2
    fi
    echo "setup: installing $names" >&2
    as_root apt-get update -qq
    # shellcheck disable=SC2086 # a list of names
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $names >/dev/null
    names=$(missing_packages | sort -u | tr '\n' ' ')
    if [ -n "${names// /}" ]; then
        echo "setup: still missing after installing: $names" >&2
        exit 2
    fi
}

install_python_packages() {
    local wanted
    wanted=$(sha256sum <"$requirements")
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && "$venv/bin/python" -c 'import moto, boto3, pyarrow, fastavro, pkilint' 2>/dev/null; then
        return 0
    fi
    echo "setup: installing the Python packages of ${requirements#"$PWD"/} into $venv" >&2
    rm -rf "$venv"
    python3 -m venv "$venv"
    PIP_DISABLE_PIP_VERSION_CHECK=1 "$venv/bin/python" -m pip install --quiet --no-input -r "$requirements"
    printf '%s\n' "$wanted" >"$stamp"
}

# The packages' own files alone, each in a folder of its name: nothing of theirs is run, and what they depend on is not needed.
install_npm_packages() {
    local name version folder archive
    while IFS=@ read -r name version; do
        folder=$npm_folder/$name
        [ "$(cat "$folder/.version" 2>/dev/null)" != "$version" ] || continue
        echo "setup: fetching the npm package $name@$version" >&2
        rm -rf "$folder"
        mkdir -p "$folder"
        archive=$(npm pack --silent --pack-destination "$folder" "$name@$version" </dev/null)
        tar -xzf "$folder/$archive" -C "$folder" --strip-components=1
        rm "$folder/$archive"
        printf '%s\n' "$version" >"$folder/.version"
    done < <(grep -v '^#' "$npm_packages")
}

# Programs, with all that they lean on: tests/npm pins it. No script of theirs is run to install them.
install_npm_programs() {
    local folder=$npm_folder/programs wanted
    wanted=$(sha256sum <"$here/npm/package-lock.json")
    [ "$(cat "$folder/.installed" 2>/dev/null)" != "$wanted" ] || return 0
    echo "setup: installing the npm programs of tests/npm into $folder" >&2
    rm -rf "$folder"
    mkdir -p "$folder"
    cp "$here/npm/package.json" "$here/npm/package-lock.json" "$folder"
    npm ci --silent --prefix "$folder" --ignore-scripts --no-audit --no-fund </dev/null
    printf '%s\n' "$wanted" >"$folder/.installed"
}

install_packages
install_python_packages
install_npm_packages
install_npm_programs
