#!/usr/bin/env bash
# Builds what is packaged and measures it: tests/bench/run.sh [bless] [lanius] [repokid] [lemur]. Wants a machine that does nothing else.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=${CARGO_TARGET_DIR:-$here/../../target}

bless() {
    cargo build --locked --profile dist -p bless --bins
    cargo build --locked --release -p menagerie-tests --bin bench-bless
    local stripped=$target/dist/bless-lambda zipped
    zipped=$(python3 - "$stripped" <<'PYTHON'
import io, sys, zipfile
memory = io.BytesIO()
with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
    archive.write(sys.argv[1], "bootstrap")
print(len(memory.getvalue()))
PYTHON
    )
    echo "bless-lambda: $(stat -c %s "$stripped") bytes, zipped $zipped bytes"
    "$target/release/bench-bless" "$target/dist/bless" "$stripped" "$here/runs"
}

# BENCH_OPTIONS are those of the program, such as `--rounds 1 --only start log`.
lanius() {
    cargo build --locked --profile dist -p lanius --bin lanius
    cargo build --locked --release -p menagerie-git --example synthesise
    local tools=$target/tools options
    [ -x "$tools/bin/ripsecrets" ] || env -u CARGO_TARGET_DIR cargo install --locked --quiet --root "$tools" ripsecrets ||
        echo "bench: ripsecrets cannot be built" >&2
    read -ra options <<<"${BENCH_OPTIONS-}"
    python3 "$here/lanius" "$target/dist/lanius" "$target" "$target/release/examples/synthesise" "$here/runs" "${options[@]}"
}

repokid() {
    # What is measured reads files: the clients of AWS would take minutes to build, and change nothing of it.
    cargo build --locked --profile dist -p repokid --no-default-features --bin repokid
    local options
    read -ra options <<<"${BENCH_OPTIONS-}"
    python3 "$here/repokid" "$target/dist/repokid" "$target" "$here/runs" "${options[@]}"
}

lemur() {
    cargo build --locked --profile dist -p lemur --bin lemur
    cargo build --locked --release -p lemur --example service_rate
    local options
    read -ra options <<<"${BENCH_OPTIONS-}"
    python3 "$here/lemur" "$target/dist/lemur" "$target/release/examples" "$target" "$here/runs" "${options[@]}"
}

tools=("$@")
[ ${#tools[@]} -gt 0 ] || tools=(bless lanius repokid lemur)
for tool in "${tools[@]}"; do
    case $tool in
        bless | lanius | repokid | lemur) "$tool" ;;
        *) echo "usage: tests/bench/run.sh [bless] [lanius] [repokid] [lemur]" >&2; exit 2 ;;
    esac
done
