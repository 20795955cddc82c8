"""No secret is printed or logged by a test or by a process that a test starts.

Anything that looks like a bot token, a login in an address or a DSN counts as a secret, and so do
the passwords that tests use. Hooks of pytest search the captured output of each test; the output of
the processes of `tests/story` is searched line by line.
"""

import re
import sqlite3
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from bot.app.webhook import webhook_at
from bot.rendering.links import Signer

SMTP_PASSWORD, IMAP_PASSWORD = "smtp-open-sesame", "imap-open-sesame"
ERRORS_KEY, TRACES_KEY = "feedfacefeedfacefeedfacefeedface", "traces-open-sesame"
DATABASE_PASSWORD = "database-open-sesame"

_PATTERNS = {
    "the token of a bot": re.compile(r"(?i)\b\d{6,20}(?::|%3a)[a-z0-9_-]{30,64}"),
    "a login in an address": re.compile(r"://[^/\s:@]*:[^/\s@…*]+@"),
    "the key of a DSN": re.compile(r"://[0-9a-f]{32}@"),
    "the address of a webhook": re.compile(r"/telegram/[a-z2-7]{16,}"),
    "the secret of a webhook": re.compile(r"(?i)secret[-_]token\W{1,5}[a-z2-7]{16,}"),
    "a password": re.compile(r"[a-z]+-open-sesame|" + ERRORS_KEY),
}
_leaks: dict[str, set[str]] = {}


def secrets_in(text: str) -> set[str]:
    """Return the kinds of secrets in *text*."""
    return {kind for kind, pattern in _PATTERNS.items() if pattern.search(text)}


def forms_of(secret: str) -> set[bytes]:
    """Return the bytes by which *secret* is recognized: plain, quoted, in hex, inside of base64."""
    raw = secret.encode()
    encoded = {
        encode(bytes(before) + raw)[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        for encode in (b64encode, urlsafe_b64encode)
        for before in range(3)  # bytes of something else, with which it may share a character
    }
    return {raw, quote(secret, safe="").encode(), raw.hex().encode(), *encoded}


def assert_keeps(text: str) -> None:
    assert secrets_in(text) == set(), text


def assert_keeps_the_key(folder: Path, text: str) -> None:
    """Assert that *text* has no signing key of the databases in *folder*, nor its webhook."""
    for file in folder.rglob("*.sqlite3"):
        for key in _keys(file):
            forms = (key.hex(), b64encode(key).decode(), urlsafe_b64encode(key).decode(), repr(key))
            assert [form for form in forms if form.rstrip("=") in text] == [], "the signing key"
            hook = webhook_at("https://news.example", Signer(key))
            secrets = (hook.secret, hook.url.rpartition("/")[2])
            assert [secret for secret in secrets if secret in text] == [], "the webhook's"


def _keys(file: Path) -> Iterator[bytes]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        try:
            yield from (key for (key,) in database.execute("SELECT key FROM secret"))
        except sqlite3.DatabaseError:
            return  # another program's file, or no tables yet


@pytest.hookimpl
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    for name, content in report.sections:
        if found := secrets_in(content):
            _leaks.setdefault(f"{report.nodeid}, {name}", set()).update(found)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if _leaks and session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for where, kinds in sorted(_leaks.items()):
        terminalreporter.write_line(f"SECRET {', '.join(sorted(kinds))}: {where}", red=True)
