"""The language that a browser asks for (RFC 9110, 12.5.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.rendering.i18n import ENGLISH, language_for

if TYPE_CHECKING:
    from collections.abc import Collection

_MOST = 20  # of a header that somebody wrote by hand


def preferred(header: str, offered: Collection[str]) -> str:
    """Return the code of the language wanted most among those *offered*, English if none is."""
    wanted = [_read(part) for part in header.split(",")[:_MOST]]
    for tag, weight in sorted(wanted, key=lambda one: -one[1]):
        code = language_for(tag)
        is_ours = code != ENGLISH.code or tag.lower().startswith(ENGLISH.code)
        if weight > 0 and is_ours and code in offered:
            return code
    return ENGLISH.code


def _read(part: str) -> tuple[str, float]:
    tag, _, rest = part.partition(";")
    weight = rest.strip().removeprefix("q=")
    try:
        return tag.strip(), float(weight) if weight else 1.0
    except ValueError:
        return tag.strip(), 0.0
