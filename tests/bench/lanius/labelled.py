"""A corpus whose secrets are known: templates of realistic files in `labelled/`, filled in with values made at run time.

A template begins with `=== PATH`. In it `«KIND»` is a secret that has to be found, and `«KIND:~»` a value of that form which is none: a
checksum, an identifier. What stands in `clean/` holds no secret at all, though much that looks like one. A kind is `pw` for what a person
or a generator of passwords makes up, a format such as `alnum:32`, or a service's (`ghp`, `awsid`, `pem`).

Half of the templates, chosen by a checksum of their text, are for tuning; the other half is held out.
"""

import base64
import re
import string
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from planted import ALNUM, DIGITS, HEX, UPPER, Maker

TEMPLATES = Path(__file__).parent / "labelled"
MARK = re.compile(r"«([^»]+)»")
WORDS = """anchor autumn badger barrel beacon blanket bottle bridge butter candle canyon carpet castle cherry circle copper cotton
dragon eagle engine falcon feather forest garden ginger glacier hammer harbor hunter island jacket jungle kettle ladder lantern lemon
magnet maple marble meadow mirror monkey mountain orange orchid oyster paddle parrot pencil pepper pirate planet pocket puzzle rabbit
ribbon river rocket saddle salmon shadow silver spider summer sunset thunder tiger timber tunnel turtle velvet violet walnut whisper
willow winter wizard yellow zebra""".split()
ODD = ALNUM + "!@^&*(-_=+)%"


@dataclass(frozen=True)
class Template:
    """A file to be made."""

    path: str
    text: str
    clean: bool

    def held_out(self) -> bool:
        return zlib.crc32(f"{self.path}\n{self.text}".encode()) % 2 == 1


def templates() -> Iterator[Template]:
    for folder in ("secrets", "clean"):
        for file in sorted((TEMPLATES / folder).iterdir()):
            for part in re.split(r"^=== ", file.read_text(), flags=re.M)[1:]:
                path, text = part.split("\n", 1)
                yield Template(path, text.rstrip("\n") + "\n", folder == "clean")


class Values(Maker):
    """Values by their kind."""

    def password(self, special: str) -> str:
        """As people and their generators make them: words with digits and signs, words with letters replaced, characters by chance."""
        pick, word = self.random.choice, self.random.choice(WORDS)
        digits = self.of(DIGITS, self.random.randint(2, 4))
        sign = pick(special) if special else ""
        leet = word.capitalize().translate(str.maketrans("aeio", "4310"))
        return pick(
            [
                word.capitalize() + digits + sign,
                sign + leet + digits,
                leet + sign + self.random.choice(WORDS).capitalize() + digits,
                self.of(ALNUM, self.random.randint(9, 16)) + digits[0] + sign,
                self.of(ALNUM, 5) + sign + self.of(ALNUM, 5) + digits[0],
                word + pick("-_." if special else "xyz") + self.random.choice(WORDS) + pick("-_." if special else "xyz") + digits,
            ]
        )

    def pem(self) -> str:
        body = self.base64(1190)
        lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
        return f"-----BEGIN RSA PRIVATE KEY-----\nMII{lines[3:]}\n-----END RSA PRIVATE KEY-----"

    def base64(self, length: int) -> str:
        return base64.b64encode(self.random.randbytes(length)).decode()

    def uuid(self) -> str:
        return "-".join(self.of(HEX, length) for length in (8, 4, 4, 4, 12))

    def value(self, kind: str) -> str:
        name, *rest = kind.split(":")
        length = int(rest[0]) if rest and rest[0].isdigit() else 0
        prefix = rest[1] if len(rest) > 1 and rest[1] != "~" else ""
        encoded = base64.b64encode
        alphabets = {"alnum": ALNUM, "hex": HEX, "HEX": HEX.upper(), "digits": DIGITS, "letters": string.ascii_letters,
                     "b64chars": ALNUM + "/+", "odd": ODD}
        if name in alphabets:
            return prefix + self.of(alphabets[name], length)
        made = {
            "pw": lambda: self.password("!#%@*"),
            "pw.xml": lambda: self.password("!#*@"),
            "pw.alnum": lambda: self.password(""),
            "pw.letter": lambda: self.random.choice(string.ascii_lowercase) + self.password(""),
            "b64": lambda: self.base64(length),
            "b64lines": lambda: "\n".join(self.of(ALNUM + "+/", 64) for _ in range(length)),
            "b64pw": lambda: encoded(self.password("!#%@*").encode()).decode(),
            "b64alnum": lambda: encoded(self.of(ALNUM, length).encode()).decode(),
            "basic": lambda: encoded(f"svc:{self.password('!#%@*')}".encode()).decode(),
            "uuid": self.uuid,
            "jwt": self.jwt,
            "pem": self.pem,
            "ghp": lambda: self.summed("ghp_"),
            "npm": lambda: self.summed("npm_"),
            "awsid": lambda: "AKIA" + self.of("QRSTUVWXYZ", 1) + self.of(UPPER + "234567", 15),
            "slack": lambda: f"xoxb-{self.of(DIGITS, 12)}-{self.of(DIGITS, 12)}-{self.of(ALNUM, 24)}",
        }
        return made[name]()

    def fill(self, text: str) -> tuple[str, list[tuple[int, int]]]:
        """The text with values in place of marks, and the first and last line of each secret."""
        out, line, at, places = [], 1, 0, []
        for mark in MARK.finditer(text):
            before, value = text[at : mark.start()], self.value(mark[1])
            line, at = line + before.count("\n"), mark.end()
            if not mark[1].endswith("~"):
                places.append((line, line + value.count("\n")))
            line += value.count("\n")
            out += [before, value]
        return "".join([*out, text[at:]]), places


def plant(folder: Path, chosen: list[Template], copies: int) -> dict[str, list[tuple[int, int, str]]]:
    """Writes the corpus so many times, each with values of its own; gives for each file its secrets: first and last line, kind of place."""
    truth: dict[str, list[tuple[int, int, str]]] = {}
    values = Values()
    for copy in range(copies):
        for template in chosen:
            text, places = values.fill(template.text)
            file = folder / f"{copy:02}{'clean' if template.clean else 'app'}" / template.path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            source = template.text.split("\n")
            # A value of several lines shifts what comes after it; the kind is told by the value's own line.
            lines = [number for number, line in enumerate(source) if any(not mark.endswith("~") for mark in MARK.findall(line))]
            marks = [source[number].strip() for number in lines for mark in MARK.findall(source[number]) if not mark.endswith("~")]
            truth[str(file)] = [(first, last, said) for (first, last), said in zip(places, marks, strict=True)]
    return truth
