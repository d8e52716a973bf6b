#!/usr/bin/env bash
# Runs every fuzz target for so many seconds, or the ones that are named after it: fuzz/run.sh 60 [TARGET…]. The compiler is the stable
# one: RUSTC_BOOTSTRAP lets it take the flags that cargo-fuzz sets for coverage. No sanitizer, since the code fuzzed is safe Rust:
# a finding is a panic, an overflow, a failed assertion, more than 2 GiB of memory, or ten seconds on one input.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
seconds=${1:-60}
shift || true

export RUSTC_BOOTSTRAP=1
target=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
mkdir -p "$(dirname "$target")"
unset CARGO_TARGET_DIR
read -ra features <<<"${FUZZ_FEATURES-}"
options=(--fuzz-dir . --sanitizer none --target-dir "$target" "${features[@]}")

targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(sed -n 's/^name = "\(.*\)"$/\1/p' Cargo.toml | grep -v '^menagerie-fuzz$')

failed=()
for name in "${targets[@]}"; do
    seeds=()
    [ ! -d "seeds/$name" ] || seeds=("seeds/$name")
    mkdir -p "corpus/$name"
    echo "fuzz: $name for $seconds s"
    if cargo fuzz run "${options[@]}" "$name" "corpus/$name" "${seeds[@]}" -- \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=16384 -print_final_stats=1 >"$target-$name.log" 2>&1; then
        grep -E '^(stat::number_of_executed_units|stat::peak_rss_mb|Done )' "$target-$name.log" || true
    else
        failed+=("$name")
        tail -40 "$target-$name.log"
    fi
done

if [ ${#failed[@]} -gt 0 ]; then
    echo "fuzz: findings in ${failed[*]}; the inputs are in fuzz/artifacts" >&2
    exit 1
fi
echo "fuzz: ${#targets[@]} targets, no finding"
