"""An invented language: English with accents, from right to left, with six plural forms.

Text without accents is text that nobody can translate, so a reader sees it at once.
"""

import re
from functools import cache
from gettext import GNUTranslations
from io import BytesIO

from babel.messages.catalog import Catalog

from bot.rendering.i18n import Language, Translation
from hatch_build import compiled
from tests.catalogues.extracting import messages
from tests.catalogues.writing import written

PSEUDO = Language("qps", "ar", "Ƥşéûðö", direction="rtl")
_FORMS = 6  # as in Arabic
_ACCENTED = str.maketrans(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "ÅƁÇÐÉƑĜĤÎĴĶĻḾÑÖƤǪŔŠŢÛṼŴẊÝŽåƀçðéƒĝĥîĵķļɱñöƥǫŕšţûṽŵẋýž",
)
_RIGHT_TO_LEFT = "\u200f"
_AS_IT_IS = re.compile(
    r"(%\(\w+\)s|<[^>]*>|&\w+;|(?<![\w<])/[a-z_]+|[\w.]+@[\w.]+|https?://[\w./-]+)"
)


def pseudo_translation() -> Translation:
    return Translation(PSEUDO, _read)


@cache
def _read() -> GNUTranslations:
    return GNUTranslations(BytesIO(compiled(written(pseudo_catalogue()), PSEUDO.locale)))


def pseudo_catalogue() -> Catalog:
    made = Catalog(PSEUDO.locale, fuzzy=False)
    for message in messages():
        if not isinstance(message.id, str):
            made.add(message.id, (pseudo(message.id[1]),) * _FORMS)
        elif message.id:
            made.add(message.id, pseudo(message.id))
    return made


def pseudo(text: str) -> str:
    """Return *text* with accents, except on placeholders, tags and commands."""
    parts = _AS_IT_IS.split(text)
    parts[::2] = (part.translate(_ACCENTED) for part in parts[::2])
    return _RIGHT_TO_LEFT + "".join(parts)
