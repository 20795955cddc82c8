"""Catalogues: what the templates say, in other languages; gettext's `.po` files, read as they are.

A language is spoken where its catalogue is there and misses nothing: half a translation would
change its language in the middle of a message.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from gettext import NullTranslations
from importlib.resources import files
from io import BytesIO

from babel.messages.catalog import Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from bot.rendering.languages import ENGLISH, LANGUAGES, Language


@dataclass(frozen=True, slots=True, eq=False)
class Tongue:
    """A language with its sentences; those of the templates themselves are English."""

    language: Language = ENGLISH
    translations: NullTranslations = field(default_factory=NullTranslations)


IN_ENGLISH = Tongue()


@cache
def shipped_tongues() -> Mapping[str, Tongue]:
    """Return the languages that are spoken, by their codes, in the order of the table."""
    folder = files("templates").joinpath("locale")
    found = {}
    for code, language in LANGUAGES.items():
        path = folder.joinpath(f"{code}.po")
        if language is ENGLISH:
            found[code] = IN_ENGLISH
        elif path.is_file() and (tongue := tongue_of(language, path.read_bytes())):
            found[code] = tongue
    return found


def tongue_of(language: Language, po: bytes) -> Tongue | None:
    """Return the language as the file *po* translates it; None where that misses a message."""
    catalog = read_po(BytesIO(po), locale=language.locale)
    if any(is_missing(message) for message in catalog):
        return None
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Tongue(language, Translations(compiled))


def is_missing(message: Message) -> bool:
    """Say whether a message is not translated, or only by a guess that nobody has confirmed."""
    if not message.id:  # the header
        return False
    strings = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    return message.fuzzy or not all(strings)
