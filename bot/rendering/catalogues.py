"""Catalogues: what the templates say, in other languages; gettext's `.po` files, read as they are.

A language is spoken where its catalogue is there and misses nothing: half a translation would
change its language in the middle of a message.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO

from bot.rendering.languages import ENGLISH, LANGUAGES, Language

# An empty translation, or the mark of one that is a guess; not those that are used no more.
_MISSING = re.compile(rb'^msgstr(?:\[\d\])? ""\n(?!")|^#,.*\bfuzzy\b.*\n(?!#~)', re.MULTILINE)


@dataclass(frozen=True, slots=True, eq=False)
class Tongue:
    """A language with its sentences; those of the templates themselves are English."""

    language: Language = ENGLISH
    translations: NullTranslations = field(default_factory=NullTranslations)


IN_ENGLISH = Tongue()


class Unread(NullTranslations):
    """The sentences of a file that is read when the first of them is said.

    A process says something in a few languages only; to read one takes 30 ms and half a megabyte.
    """

    def __init__(self, file: Callable[[], bytes], language: Language) -> None:
        super().__init__()
        self._file, self._language = file, language

    @cached_property
    def _sentences(self) -> NullTranslations:
        return sentences_of(self._language, self._file())

    def gettext(self, message: str) -> str:
        return self._sentences.gettext(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self._sentences.ngettext(msgid1, msgid2, n)


@cache
def shipped_tongues() -> Mapping[str, Tongue]:
    """Return the languages that are spoken, by their codes, in the order of the table."""
    folder = files("templates").joinpath("locale")
    found = {}
    for code, language in LANGUAGES.items():
        path = folder.joinpath(f"{code}.po")
        if language is ENGLISH:
            found[code] = IN_ENGLISH
        elif path.is_file() and is_complete(path.read_bytes()):
            found[code] = Tongue(language, Unread(path.read_bytes, language))
    return found


def tongue_of(language: Language, po: bytes) -> Tongue | None:
    """Return the language as the file *po* translates it; None where that misses a message."""
    return Tongue(language, sentences_of(language, po)) if is_complete(po) else None


def sentences_of(language: Language, po: bytes) -> NullTranslations:
    # For who says nothing yet, or all in English, two megabytes too many.
    from babel.messages.mofile import write_mo  # noqa: PLC0415
    from babel.messages.pofile import read_po  # noqa: PLC0415

    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(po), locale=language.locale))
    compiled.seek(0)
    return GNUTranslations(compiled)


def is_complete(po: bytes) -> bool:
    """Say whether all messages of the file *po* are translated, and none by a guess."""
    _header, _, messages = po.partition(b'msgid ""\n')
    return _MISSING.search(messages) is None
