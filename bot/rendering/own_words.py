"""A chat's own words around its digests: text with variables and a little HTML.

- `{date}`, `{stories}`, `{publishers}` and `{minutes}` stand for facts of the digest. Any other
  name in braces is an error, so that a misspelt variable is not published.
- `b`, `i`, `u`, `s`, `code` and links to web pages (`<a href="https://…">`) are kept if they are
  well nested. Everything else is text, and is escaped.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from markupsafe import Markup, escape

VARIABLES: Final = ("date", "stories", "publishers", "minutes")

_VARIABLE: Final = re.compile(r"\{([^{}\n]{0,40})\}")
_TAG: Final = re.compile(
    r"<(?P<begin>b|i|u|s|code)>"
    r"|<a href=\"(?P<href>https?://[^\s\"'<>]{1,500})\">"
    r"|</(?P<end>b|i|u|s|code|a)>"
)

_NAMES: Final = ("b", "i", "u", "s", "code", "a")
_STARTS: Final = {name: Markup("<{}>").format(name) for name in _NAMES}
_ENDS: Final = {name: Markup("</{}>").format(name) for name in _NAMES}


def unknown_variables(text: str) -> list[str]:
    """Return the names in braces that are no variables, each once."""
    names = dict.fromkeys(name.strip() for name in _VARIABLE.findall(text))
    return [name for name in names if name not in VARIABLES]


def filled(text: str, values: Mapping[str, object]) -> Markup:
    """Return *text* as HTML, with *values* in place of its variables."""
    return Markup("").join(_pieces(text, values))


def _pieces(text: str, values: Mapping[str, object]) -> Iterator[Markup]:
    is_open: list[str] = []
    at = 0
    for tag in _TAG.finditer(text):
        yield _escaped(text[at : tag.start()], values)
        at = tag.end()
        begins = tag["begin"] or ("a" if tag["href"] else "")
        if begins and begins not in is_open:
            is_open.append(begins)
            yield _start(begins, tag["href"])
        elif tag["end"] and is_open[-1:] == [tag["end"]]:
            is_open.pop()
            yield _ENDS[tag["end"]]
        else:
            yield _escaped(tag[0], values)
    yield _escaped(text[at:], values)
    for name in reversed(is_open):
        yield _ENDS[name]


def _start(name: str, href: str | None) -> Markup:
    return Markup('<a href="{}">').format(href) if href else _STARTS[name]


def _escaped(text: str, values: Mapping[str, object]) -> Markup:
    parts = _VARIABLE.split(text)  # text and names in turn
    known = (
        escape(values[part.strip()]) if at % 2 and part.strip() in values else _literal(part, at)
        for at, part in enumerate(parts)
    )
    return Markup("").join(known)


def _literal(part: str, at: int) -> Markup:
    text = f"{{{part}}}" if at % 2 else part
    return Markup("<br>").join(escape(line) for line in text.split("\n"))
