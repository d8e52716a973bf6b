"""What answers the same question without repokid: `gzip -dc | jq`, and DuckDB from PyPI with a query that names the columns it wants."""

import shlex
import subprocess
import sys
from pathlib import Path

# Role or user, event, first resource and error of each event, as the program prints them: nothing where there is nothing.
JQ = """
.Records[] | [
  (if (.userIdentity.sessionContext.sessionIssuer.arn // "") != "" then .userIdentity.sessionContext.sessionIssuer.arn
   else .userIdentity.arn // "" end),
  .eventSource + ":" + .eventName,
  (.resources // [] | map(.ARN)[0] // ""),
  (.errorCode // "")
] | join("\\t")
"""

# A type for each column that is wanted spares DuckDB to look for types and to keep what is not wanted.
DUCKDB = """
import sys, duckdb
folder, out = sys.argv[1:]
connection = duckdb.connect()
connection.execute("SET threads = 1")
connection.execute(f'''
COPY (
    SELECT DISTINCT
        coalesce(r.userIdentity.sessionContext.sessionIssuer.arn, r.userIdentity.arn, ''),
        r.eventSource || ':' || r.eventName,
        coalesce(r.resources[1].ARN, ''),
        coalesce(r.errorCode, '')
    FROM (
        SELECT unnest(Records) AS r FROM read_json('{folder}/**/*.json.gz', format = 'unstructured', maximum_object_size = 268435456, columns = {{
            Records: 'STRUCT(
                userIdentity STRUCT(arn VARCHAR, sessionContext STRUCT(sessionIssuer STRUCT(arn VARCHAR))),
                eventSource VARCHAR, eventName VARCHAR, errorCode VARCHAR, resources STRUCT(ARN VARCHAR)[]
            )[]'
        }})
    )
) TO '{out}' (FORMAT csv, DELIMITER '\\t', HEADER false, QUOTE '')
''')
"""


def jq(folder: Path) -> list[str]:
    # Distinct by a hash table, which is less work than sorting all.
    script = f"find {shlex.quote(str(folder))} -name '*.json.gz' -print0 | xargs -0 gzip -dc | jq -r {shlex.quote(JQ)} | awk '!seen[$0]++'"
    return ["bash", "-o", "pipefail", "-c", script]


def duckdb(work: Path, folder: Path) -> list[str]:
    environment = work / "venv-duckdb"
    if not (environment / ".installed").is_file():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(environment)], check=True)
        install = [str(environment / "bin/python"), "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "duckdb"]
        subprocess.run(install, check=True)
        (environment / ".installed").touch()
    return [str(environment / "bin/python"), "-c", DUCKDB, str(folder), "/dev/stdout"]
