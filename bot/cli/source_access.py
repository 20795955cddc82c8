"""`dateline sources set`: what a site asks for before it lets a source be read.

Secrets come from files, standard input or a prompt, because a command line stays in the history of
the shell, and other users of the machine see it in the list of processes.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bot.cli.output import fail
from bot.sources.credentials import AccessKind, WrongAccessError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.app.resources import SourceResources
    from bot.sources.credentials import Credentials
    from bot.sources.discovery.add import Addition
    from bot.sources.source_access import Change, Sealed, ShownAccess

_LARGEST: Final = 20_000  # bytes of a file with a secret; the limits of each kind are lower

_FILE: Final = {"metavar": "FILE", "show_default": False}
Login = Annotated[str | None, typer.Option(help="The user name of a basic login.")]
PasswordFile = Annotated[
    Path | None, typer.Option(help="A file with its password; - reads standard input.", **_FILE)
]
PasswordPrompt = Annotated[
    bool, typer.Option("--password-prompt", help="Ask for its password here.")
]
TokenFile = Annotated[Path | None, typer.Option(help="A file with a bearer token, or -.", **_FILE)]
CookieFile = Annotated[
    Path | None, typer.Option(help="A file with the header Cookie, or -.", **_FILE)
]
Header = Annotated[
    list[str] | None,
    typer.Option(help="A header that is no secret: 'Name: value'. Give it once for each."),
]
HeaderFile = Annotated[
    Path | None, typer.Option(help="A file with secret headers, one a line, or -.", **_FILE)
]
UserAgent = Annotated[str | None, typer.Option(help="The name to send in place of Dateline's.")]
ProxyUrl = Annotated[
    str | None, typer.Option("--proxy", help="A proxy: http://, https:// or socks5://host:port.")
]
ProxyFile = Annotated[
    Path | None, typer.Option(help="A file with a proxy and its login, or -.", **_FILE)
]
Clear = Annotated[
    list[AccessKind] | None, typer.Option(help="What to forget. Give it once for each.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessOptions:
    """The options of the command line that concern the access of a source."""

    login: str | None = None
    password_file: Path | None = None
    password_prompt: bool = False
    token_file: Path | None = None
    cookie_file: Path | None = None
    headers: Sequence[str] = ()
    header_file: Path | None = None
    user_agent: str | None = None
    proxy: str | None = None
    proxy_file: Path | None = None
    clear: Sequence[AccessKind] = ()

    def change(self) -> Change | None:
        """Read the secrets; return the change, or None if nothing is to change."""
        self._refuse_two_from_stdin()
        steps = [*self._steps()]
        if not steps:
            return None

        def apply(access: Credentials) -> Credentials:
            for kind in self.clear:
                access = access.without(kind)
            for method, *values in steps:
                access = getattr(access, method)(*values) if method else access
            return access

        return apply

    def _steps(self) -> Iterator[tuple[str, ...]]:
        """Return the methods of `Credentials` to call, with their arguments."""
        if self.clear:
            yield ("",)
        if self.login is not None:
            yield "with_login", self.login, self._password()
        elif self.password_file or self.password_prompt:
            fail("--login USER belongs to the password.")
        if self.proxy is not None and "@" in self.proxy:
            fail("Write a proxy with a login into a file and name it with --proxy-file.")
        given = (("with_user_agent", self.user_agent), ("with_proxy", self.proxy))
        yield from ((method, text) for method, text in given if text is not None)
        files = {
            "with_token": self.token_file,
            "with_cookie": self.cookie_file,
            "with_proxy": self.proxy_file,
        }
        yield from ((method, _secret(file)) for method, file in files.items() if file)
        secret = _secret(self.header_file).splitlines() if self.header_file else []
        lines = (*self.headers, *filter(str.strip, secret))
        yield from (("with_header", line) for line in lines)

    def _password(self) -> str:
        if self.password_file:
            return _secret(self.password_file)
        if not self.password_prompt and not sys.stdin.isatty():
            fail("Say where the password is: --password-file FILE or --password-prompt.")
        prompted: str = typer.prompt("Password", hide_input=True, err=True)
        return prompted

    def _refuse_two_from_stdin(self) -> None:
        files = (
            self.password_file,
            self.token_file,
            self.cookie_file,
            self.header_file,
            self.proxy_file,
        )
        if sum(str(file) == "-" for file in files) > 1:
            fail("Only one secret can come from standard input.")


def _secret(file: Path) -> str:
    try:
        if str(file) == "-":
            read = sys.stdin.buffer.read(_LARGEST + 1)
        else:
            with file.open("rb") as opened:
                read = opened.read(_LARGEST + 1)
        text = read.decode()
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}.")
    except UnicodeDecodeError:
        fail(f"{file} is no text.")
    if len(read) > _LARGEST:
        fail(f"{file} is too long for a secret.")
    return text.removeprefix("\ufeff")


async def set_access(resources: SourceResources, url: str, change: Change) -> Addition | None:
    """Change the access of the source at *url*; add the source if it is not there yet.

    Returns how it was added; None if it was there.
    """
    from bot.sources.administration import find_source
    from bot.sources.credentials import Credentials
    from bot.sources.discovery.add import SourceAdder
    from bot.sources.source_access import FetcherWithAccess, change_access
    from bot.sources.urls import as_typed

    source = await find_source(resources.storage, url)
    if source is not None:
        await change_access(resources.storage, resources.keyring, source.id, change, by=None)
        return None
    access = change(Credentials.of_source(as_typed(url)))
    resources.keyring.require()
    fetcher = FetcherWithAccess(resources.fetcher, access)
    adder = SourceAdder(resources.storage, fetcher, resources.reader, public=True)
    addition = await adder.add(url)
    if addition.source_id is not None:
        await change_access(
            resources.storage, resources.keyring, addition.source_id, change, by=None
        )
    return addition


def fault_sentence(error: WrongAccessError) -> str:
    """Return why a value cannot be set; it never quotes the value."""
    from bot.rendering.renderer import Renderer

    sentence = Renderer().line(
        "access_fault.txt", code=error.fault, kind=error.kind, detail=error.detail
    )
    return f"{error.kind}: {sentence}" if error.kind else sentence


def access_lines(access: ShownAccess) -> list[tuple[str, str]]:
    """Return what is set, as names with their values; a secret is only said to be set."""
    if not access.kinds:
        return []
    changed = f"{access.changed_at:%Y-%m-%d %H:%M} UTC" if access.changed_at else ""
    if not access.is_readable:
        lost = "cannot be read, because its key is lost or wrong; set it again"
        return [(kind.capitalize(), lost) for kind in access.kinds] + [("Set at", changed)]
    values = {
        AccessKind.HEADERS: ", ".join(access.header_names),
        AccessKind.USER_AGENT: access.user_agent,
        AccessKind.PROXY: access.proxy,
    }
    rows = [(kind.capitalize(), values.get(kind, "is set")) for kind in access.kinds]
    return [*rows, ("Only sent to", access.origin), ("Set at", changed)]


def access_json(access: ShownAccess) -> dict[str, Any]:
    return {
        "set": [*access.kinds],
        "readable": access.is_readable,
        "origin": access.origin,
        "proxy": access.proxy,
        "user_agent": access.user_agent,
        "headers": [*access.header_names],
        "changed_at": access.changed_at,
    }


def reseal_report(done: Sealed) -> str:
    lines = [f"Sealed {done.older} of {done.sources} with the newest key."]
    if done.unreadable:
        lines.append(f"{done.unreadable} cannot be read: their key is lost. Set them again.")
    return "\n".join(lines)
