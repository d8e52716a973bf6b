"""Made-up credentials, made anew at each run, with the checksums that their services give them. None ever belonged to anybody."""

import base64
import json
import random
import string
import zlib
from pathlib import Path

DIGITS = string.digits
UPPER = string.ascii_uppercase
ALNUM = string.digits + string.ascii_uppercase + string.ascii_lowercase
HEX = "0123456789abcdef"


class Maker:
    def __init__(self) -> None:
        self.random = random.SystemRandom()

    def of(self, alphabet: str, length: int) -> str:
        return "".join(self.random.choice(alphabet) for _ in range(length))

    def summed(self, prefix: str) -> str:
        """30 characters and their CRC32 in base 62, as GitHub and npm have it."""
        entropy = self.of(ALNUM, 30)
        crc, digits = zlib.crc32(entropy.encode()), ""
        for _ in range(6):
            crc, digit = divmod(crc, 62)
            digits = ALNUM[digit] + digits
        return prefix + entropy + digits

    def jwt(self) -> str:
        def part(value: object) -> str:
            return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

        claims = {"sub": self.of(DIGITS, 8), "iat": 1_790_000_000, "exp": 4_000_000_000, "jti": self.of(HEX, 24)}
        return ".".join([part({"alg": "HS256", "typ": "JWT"}), part(claims), self.of(ALNUM + "-_", 43)])

    def all(self) -> list[tuple[str, str]]:
        """What a file says beside the value, and the value: of services that all the programs know."""
        return [
            ("github_token", self.summed("ghp_")),
            ("GITHUB_TOKEN", self.summed("gho_")),
            ("npm_auth", self.summed("npm_")),
            ("aws_access_key_id", "AKIA" + self.of("QRSTUVWXYZ", 1) + self.of(UPPER + "234567", 15)),
            ("gitlab_token", "glpat-" + self.of(ALNUM, 20)),
            ("stripe_key", "sk_live_" + self.of(ALNUM, 24)),
            ("slack_bot", f"xoxb-{self.of(DIGITS, 12)}-{self.of(DIGITS, 12)}-{self.of(ALNUM, 24)}"),
            ("slack_hook", f"https://hooks.slack.com/services/T{self.of(UPPER + DIGITS, 10)}/B{self.of(UPPER + DIGITS, 10)}/{self.of(ALNUM, 24)}"),
            ("sendgrid_key", f"SG.{self.of(ALNUM, 22)}.{self.of(ALNUM, 43)}"),
            ("google_key", "AIza" + self.of(ALNUM, 35)),
            ("digitalocean", "dop_v1_" + self.of(HEX, 64)),
            ("shopify", "shpat_" + self.of(HEX, 32)),
            ("vault_token", "hvs." + self.of(ALNUM, 96)),
            ("mailgun_key", "key-" + self.of(HEX, 32)),
            ("telegram_bot_token", self.of("123456789", 10) + ":AA" + self.of(ALNUM, 33)),
            ("bearer", self.jwt()),
            ("password", self.of(ALNUM, 18) + "!x"),
            ("client_secret", self.of(ALNUM, 40)),
            ("encryption_key", self.of(HEX, 64)),
            ("database_url", f"postgres://app:{self.of(ALNUM, 20)}@db.internal.corp:5432/app"),
        ]


def in_files(folder: Path, copies: int) -> set[str]:
    """Plants each kind so many times, one a file; gives the places as `name:line`."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    forms = [("py", '{name} = "{value}"'), ("yml", "{name}: {value}"), ("env", "{name}={value}"), ("js", "const {name} = '{value}';")]
    places = set()
    for copy in range(copies):
        for number, (name, value) in enumerate(Maker().all()):
            suffix, form = forms[(number + copy) % len(forms)]
            file = folder / f"settings_{copy}_{number}.{suffix}"
            file.write_text("\n" * 2 + form.format(name=name, value=value) + "\n")
            places.add(f"{file.name}:3")
    return places


def in_lines() -> list[str]:
    """One of each kind, as a log has it."""
    return [f"2026-01-01T00:00:00.000000 WARN c.a.web.Dump - sent {name}={value} to upstream" for name, value in Maker().all()]
