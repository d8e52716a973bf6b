#!/usr/bin/env bash
# Builds what is packaged and measures it. Wants a machine that does nothing else.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=${CARGO_TARGET_DIR:-$here/../../target}
cargo build --locked --profile dist -p bless --bins
cargo build --locked --release --workspace --bins
stripped=$target/dist/bless-lambda
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
