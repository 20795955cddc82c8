"""Gettext's `.po` files, read as they are: what each sentence is in another language.

Neither contexts (`msgctxt`), which our templates have none of, nor what is said no more (`#~`).
Babel knows all that, and takes five times as long; a start reads thirteen files for the menus.
"""

import re
from collections.abc import Iterator
from gettext import NullTranslations, c2py
from typing import Final

_LINE: Final = r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"'
_TEXT: Final = rf"{_LINE}(?:\n{_LINE})*"
_MESSAGE: Final = re.compile(
    rf"^msgid (?P<id>{_TEXT})\n(?:msgid_plural {_TEXT}\n)?"
    rf"(?P<forms>(?:msgstr(?:\[\d\])? {_TEXT}(?:\n|\Z))+)",
    re.MULTILINE,
)
_FORM: Final = re.compile(rf"^msgstr(?:\[\d\])? ({_TEXT})", re.MULTILINE)
_PLURAL: Final = re.compile(r"^Plural-Forms:.*\bplural=([^;\n]+)", re.MULTILINE)
_ESCAPE: Final = re.compile(r"\\(.)")
_MEANT: Final = {"n": "\n", "t": "\t", "r": "\r"}


class Sentences(NullTranslations):
    """Those of a file by what they are in English; what is not there is said in English."""

    def __init__(self, po: str) -> None:
        super().__init__()
        self._forms = dict(_messages(po))
        header = self._forms.pop("", ("",))[0]
        plural = _PLURAL.search(header)
        self._form_of = c2py(plural[1] if plural else "n != 1")

    def gettext(self, message: str) -> str:
        return self._forms.get(message, (message,))[0]

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        forms = self._forms.get(msgid1)
        return forms[self._form_of(n)] if forms else super().ngettext(msgid1, msgid2, n)


def _messages(po: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for message in _MESSAGE.finditer(po):
        yield _meant(message["id"]), tuple(map(_meant, _FORM.findall(message["forms"])))


def _meant(text: str) -> str:
    """Return what a text says that stands in quotes, over one or several lines."""
    said = text[1:-1].replace('"\n"', "")
    return _ESCAPE.sub(lambda one: _MEANT.get(one[1], one[1]), said) if "\\" in said else said
