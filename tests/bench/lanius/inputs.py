"""What is scanned: Debian's source of Linux, a log, a git history. Each is made once in the folder of builds."""

import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

from planted import in_files, in_lines

# Of the source tree; all of it is three times as much and shows nothing more.
FOLDERS = ["Documentation", "arch", "crypto", "fs", "include", "kernel", "lib", "mm", "net", "security", "sound", "tools"]
TREE_BYTES, PACK_BYTES = 300_000_000, 50_000_000


def size(folder: Path) -> int:
    return sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink())


def quietly(*command: str, **keywords: object) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **keywords)


def tree(work: Path, given: Path | None) -> Path:
    """Debian's package linux-source, unpacked; or what was given, by hard links, since credentials are planted into it."""
    target = work / "linux"
    if not target.is_dir():
        making = work / "linux.part"
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(parents=True)
        if given:
            for folder in FOLDERS:
                quietly("cp", "-al", str(given / folder), str(making))
        else:
            unpack(making)
        making.rename(target)
    shutil.rmtree(target / "planted", ignore_errors=True)
    if size(target) < TREE_BYTES:
        sys.exit(f"bench: {target} is smaller than {TREE_BYTES} bytes")
    return target


def unpack(target: Path) -> None:
    depends = subprocess.run(["apt-cache", "depends", "linux-source"], check=True, capture_output=True, text=True).stdout
    package = re.search(r"Depends: (linux-source-\S+)", depends)
    if not package:
        sys.exit("bench: apt knows no package linux-source; run apt-get update")
    quietly("apt-get", "download", package[1], cwd=target)
    quietly("dpkg-deb", "-x", str(next(target.glob("*.deb"))), str(target / "package"))
    archive = next((target / "package/usr/src").glob("linux-source-*.tar.*"))
    name = archive.name.split(".tar")[0]
    quietly("tar", "-xf", str(archive), "-C", str(target), "--strip-components=1", *[f"{name}/{folder}" for folder in FOLDERS])
    shutil.rmtree(target / "package")
    for package_file in target.glob("*.deb"):
        package_file.unlink()


def log(work: Path, length: int) -> tuple[Path, set[str], str]:
    """A server's log: two lines of five carry a UUID and a trace of 32 hexadecimal digits, the rest are words and numbers. Its content is
    the same each time but for one credential of each kind."""
    file, dice, planted = work / "app.log", random.Random(7), in_lines()
    wanted = {length // (len(planted) + 1) * (number + 1) for number in range(len(planted))}
    places, dense, lines, written = set(), 0, 0, 0
    with file.open("w", buffering=1 << 20) as out:
        for at in sorted(wanted) + [length]:
            while written < at:
                line, token = entry(dice, lines)
                written += out.write(line)
                lines, dense = lines + 1, dense + token
            if planted:
                written += out.write(planted.pop() + "\n")
                lines += 1
                places.add(f"{file.name}:{lines}")
    return file, places, f"{dense / lines:.0%} of {lines} lines with a UUID and a trace of 32 digits"


def entry(dice: random.Random, number: int) -> tuple[str, bool]:
    bits, small = dice.getrandbits(96), number % 1000
    when = f"2026-01-01T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}.{small:03}000"
    if bits % 5 < 2:
        one, two = f"{dice.getrandbits(128):032x}", f"{dice.getrandbits(128):032x}"
        uuid = f"{one[:8]}-{one[8:12]}-{one[12:16]}-{one[16:20]}-{one[20:]}"
        return (
            f"{when} INFO [http-nio-{bits >> 8 & 63}] c.a.web.RequestFilter - request_id={uuid} user={bits >> 16 & 65535} "
            f"path=/api/v1/orders/{bits >> 32 & 0xFFFFFF} status=200 duration={bits >> 56 & 511}ms trace={two} "
            'ua="Mozilla/5.0 (X11; Linux x86_64)"\n',
            True,
        )
    return (
        f"{when} DEBUG c.a.service.OrderService - loaded order {bits >> 8 & 0xFFFFFF} with {bits >> 32 & 31} items from cache "
        f"region eu-west-1 shard {bits >> 40 & 15}, replicas ok, next refresh in {bits >> 48 & 511} seconds\n",
        False,
    )


def git(repository: Path, *arguments: str, text: bytes = b"") -> str:
    made = subprocess.run(["git", "-C", str(repository), *arguments], check=True, input=text, capture_output=True)
    return made.stdout.decode().strip()


def history(work: Path, given: Path | None, synthesise: Path, source: Path) -> Path:
    """A bare repository of many commits, packed as git does; or a clone of what was given."""
    kept, target = work / "history.git", work / "scanned.git"
    if not kept.is_dir() and not given:
        making = work / "history.part"
        shutil.rmtree(making, ignore_errors=True)
        quietly("git", "init", "--quiet", "--bare", "--initial-branch", "main", str(making))
        with subprocess.Popen([str(synthesise), str(source), "5000", "20"], stdout=subprocess.PIPE) as stream:
            quietly("git", "-C", str(making), "fast-import", "--quiet", stdin=stream.stdout)
        if stream.returncode != 0:
            sys.exit("bench: the history could not be made")
        quietly("git", "-C", str(making), "repack", "-adfq")
        making.rename(kept)
    shutil.rmtree(target, ignore_errors=True)
    quietly("git", "clone", "--quiet", "--bare", "--local", str(given or kept), str(target))
    if sum(pack.stat().st_size for pack in (target / "objects/pack").glob("*.pack")) < PACK_BYTES:
        sys.exit(f"bench: the packs of {target} are smaller than {PACK_BYTES} bytes")
    return target


def commit(repository: Path, files: dict[str, bytes], message: str) -> None:
    """Adds a commit with these files to the branch of HEAD."""
    branch = git(repository, "symbolic-ref", "HEAD")
    stream = [f"commit {branch}\ncommitter Made Up <made@example.org> 1900000000 +0000\ndata {len(message)}\n{message}\nfrom {branch}^0\n".encode()]
    for name, content in files.items():
        stream.append(f"M 100644 inline {name}\ndata {len(content)}\n".encode() + content + b"\n")
    git(repository, "fast-import", "--quiet", text=b"".join(stream))


def planted_commit(repository: Path, work: Path, copies: int) -> set[str]:
    places = in_files(work / "commit", copies)
    commit(repository, {f"planted/{file.name}": file.read_bytes() for file in sorted((work / "commit").iterdir())}, "Plant\n")
    return places


def rules(file: Path, count: int) -> Path:
    """A file of so many rules of a user's own, each with keyword, pattern and checks, as services' are."""
    dice, text = random.Random(11), []
    for number in range(count):
        prefix = "".join(dice.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(4 + number % 5)) + dice.choice("_-")
        text.append(
            f'[[rule]]\nid = "own-{number}"\nname = "Own rule {number}"\nservice = "own"\nseverity = "high"\nconfidence = "high"\n'
            f"source = \"https://example.org/{number}\"\nkeywords = ['{prefix}']\npattern = '''{prefix}[0-9A-Za-z]{{{20 + number % 30}}}'''\n"
            f'fire = ["{prefix}${{alnum:{20 + number % 30}}}"]\nquiet = ["{prefix}short"]\n'
        )
    file.write_text("\n".join(text))
    return file


def subset(source: Path, target: Path) -> Path:
    """A small part of the tree, for what is slow, with what was planted in the whole."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for folder in ["mm", "crypto", "planted"]:
        quietly("cp", "-al", str(source / folder), str(target))
    os.sync()
    return target
