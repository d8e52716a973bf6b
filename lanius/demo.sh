#!/usr/bin/env bash
# What lanius finds, shown on things made for it: a tree with planted secrets, a repository whose secret was taken out again, this
# repository's own history, a table with personal data, a log to be redacted. The secrets are random characters of this run, the people are
# made up, and everything is in a folder that goes away; only the report in HTML stays. No network is used.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\n\033[1m%s\033[0m\n' "$*" | { if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9;]*m//g'; fi; }; }

# Runs a command and insists on its exit status: 0 nothing found, 1 something found, 2 something could not be scanned.
expect() {
    local wanted=$1 status=0
    shift
    printf '$ %s\n' "$*"
    "$@" || status=$?
    if [ "$status" -ne "$wanted" ]; then
        echo "the exit status is $status, where $wanted was expected" >&2
        exit 1
    fi
    echo "(exit status $status)"
}

for program in git tar awk; do
    command -v "$program" >/dev/null || { echo "the demonstration needs $program" >&2; exit 2; }
done

say "Building (the first time takes some minutes)"
cargo build --locked --release --workspace --features lanius/aws,lemur/aws --bins
target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target/demo"
target=$(cd "$target" && pwd)
PATH=$target/release:$PATH
here=$PWD

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null GIT_TERMINAL_PROMPT=0
unset LANIUS_KEY_FILE GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE

# N random characters of a set, of which one at least is a digit and one a letter.
random() {
    local text
    while :; do
        text=$(LC_ALL=C tr -dc "$1" < <(head -c 8192 /dev/urandom) | head -c "$2" || true)
        if [ ${#text} -eq "$2" ] && [[ $text == *[0-9]* ]] && [[ $text == *[A-Za-z]* ]]; then
            printf %s "$text"
            return
        fi
    done
}
alnum() { random A-Za-z0-9 "$1"; }

# --- a tree --------------------------------------------------------------------------------------------------------------------
say "1. A tree with secrets in several disguises"
mkdir -p tree/app tree/deploy tree/notes
stripe=sk_live_$(alnum 24)
gitlab=glpat-$(alnum 20)
sendgrid=SG.$(alnum 22).$(alnum 43)
printf 'PORT=8080\nSTRIPE_KEY=%s\nDB_PASSWORD=%s\n' "$stripe" "$(alnum 5)-$(alnum 5)9!" >tree/deploy/.env
printf 'retries = 3\n# the same key once more: one finding, two places\nkey = "%s"\n' "$stripe" >tree/app/settings.toml
printf 'apiVersion: v1\nkind: Secret\ndata:\n  token: %s\n' "$(printf %s "$gitlab" | base64 -w 0)" >tree/deploy/secret.yaml
printf 'const mail = "%s" +\n  "%s";\n' "${sendgrid:0:20}" "${sendgrid:20}" >tree/app/mail.js
printf '{"cells":[{"cell_type":"code","execution_count":1,"metadata":{},"outputs":[],"source":["import os\\n","client = connect(\\"%s\\")\\n"]}],"metadata":{},"nbformat":4,"nbformat_minor":5}\n' \
    "postgres://report:$(alnum 18)@db.internal:5432/sales" >tree/notes/sales.ipynb
printf 'digest = "%s"\nid = "%s"\npassword = "changeme"\ntoken = "${TOKEN}"\n' "$(random a-f0-9 64)" \
    "$(random a-f0-9 8)-$(random a-f0-9 4)-4$(random a-f0-9 3)-a$(random a-f0-9 3)-$(random a-f0-9 12)" >tree/app/nothing.py
mkdir packed
printf 'region = "fra1"\naccess = "dop_v1_%s"\n' "$(random a-f0-9 64)" >packed/droplets.toml
if command -v zip >/dev/null; then
    (cd packed && zip -q ../tree/notes/backup.zip droplets.toml)
else
    tar -C packed -czf tree/notes/backup.tar.gz droplets.toml
fi
(cd tree && find . -type f | sort)
echo
echo "app/nothing.py has a digest, an identifier, a placeholder and a reference: none of them is to be found."
echo
expect 1 lanius scan --no-progress --archives tree

# --- a history -----------------------------------------------------------------------------------------------------------------
say "2. A repository whose secret was taken out again: clean today, known for ever"
git init -q history
as() { git -C history -c user.name="$1" -c user.email="$2" -c commit.gpgsign=false "${@:3}"; }
printf 'token = "%s"\n' "glpat-$(alnum 20)" >history/release.toml
git -C history add release.toml
as Ada ada@example.org commit -qm "Release by script"
printf 'token = "from the environment"\n' >history/release.toml
as Grace grace@example.org commit -qam "Take the token out"
as Grace grace@example.org commit -q --allow-empty -m "Go on"
git -C history --no-pager log --format='%h %an: %s'
echo
expect 0 lanius scan --no-progress history
expect 1 lanius scan --no-progress --git history

say "3. This repository's own history"
if [ -e "$here/.git" ]; then
    printf '$ lanius scan --git %s\n' "$here"
    status=0
    start=$(date +%s%N)
    lanius scan --no-progress --git "$here" --ledger own.ledger >own.txt || status=$?
    end=$(date +%s%N)
    [ "$status" -ne 2 ] || { cat own.txt; exit 1; }
    grep -E '^(Nothing found|[0-9]+ findings? at)|^severity|^(low|medium|high|critical)  ' own.txt
    printf '(exit status %s, %s ms)\n' "$status" $(((end - start) / 1000000))
else
    echo "this is no clone: there is no history to scan"
fi

# --- a table -------------------------------------------------------------------------------------------------------------------
say "4. A table of 500 people, all made up: judged by column, not by cell"
awk -v seed="$(od -An -N3 -tu4 /dev/urandom)" '
function digits(n,    s) { s = ""; while (n-- > 0) s = s int(rand() * 10); return s }
function letters(n,    s) { s = ""; while (n-- > 0) s = s substr("abcdefghijklmnopqrstuvwxyz", 1 + int(rand() * 26), 1); return s }
function iban(    bank, rest, i) {
    bank = digits(18); rest = 0
    for (i = 1; i <= 24; i++) rest = (rest * 10 + substr(bank "131400", i, 1)) % 97
    return sprintf("DE%02d%s", 98 - rest, bank)
}
function pesel(    s, sum, i) {
    s = sprintf("%02d%02d%02d%s", 50 + int(rand() * 49), 1 + int(rand() * 12), 1 + int(rand() * 28), digits(4)); sum = 0
    for (i = 1; i <= 10; i++) sum += substr(s, i, 1) * substr("1379137913", i, 1)
    return s ((10 - sum % 10) % 10)
}
function card(    s, sum, i, d) {
    s = "4" digits(14); sum = 0
    for (i = 1; i <= 15; i++) { d = substr(s, i, 1) * (i % 2 ? 2 : 1); sum += d > 9 ? d - 9 : d }
    return s ((10 - sum % 10) % 10)
}
BEGIN {
    srand(seed)
    print "row,full_name,contact,reference,account,paid_with,amount"
    for (n = 1; n <= 500; n++)
        printf "%d,%s %s,%s@%s.eu,%s,%s,%s,%d\n", n, letters(5), letters(8), letters(6), letters(9), pesel(), iban(), card(), rand() * 100000
}' >people.csv
head -n 3 people.csv
echo …
echo
expect 1 lanius scan --no-progress --tables people.csv

# --- a log ---------------------------------------------------------------------------------------------------------------------
say "5. A log, redacted: what is no finding is copied byte for byte, and the copy scans empty"
{
    for n in 1 2 3 4 5 6; do
        printf '2026-05-12T08:00:0%sZ INFO request %s took %s ms\n' "$n" "$(random a-f0-9 16)" "$((RANDOM % 90 + 10))"
    done
    printf '2026-05-12T08:00:07Z ERROR charge failed: key=%s\n' "$stripe"
    printf '2026-05-12T08:00:08Z DEBUG header PRIVATE-TOKEN: %s\n' "$gitlab"
    printf '2026-05-12T08:00:09Z ERROR charge failed again: key=%s\n' "$stripe"
} >app.log
head -c 32 /dev/urandom >key
expect 0 lanius redact app.log -o masked.log
tail -n 4 masked.log
expect 0 lanius scan --no-progress masked.log
echo
echo "With a key, the same value becomes the same token, so that lines still belong together:"
expect 0 lanius redact app.log -o tokens.log --tokenise --key-file key
tail -n 3 tokens.log
expect 0 lanius scan --no-progress --key-file key tokens.log

# --- a report ------------------------------------------------------------------------------------------------------------------
say "6. The report as one page"
expect 1 lanius scan --no-progress --archives --tables --format html -o "$target/demo/lanius.html" tree people.csv
echo
echo "The page is $target/demo/lanius.html: it needs no network and nothing beside it."
