"""How a text is spelt, for terms that must be found exactly so: capitals, accents and all."""

import re
from unicodedata import category

from bot.matching.folding import compose

QUOTES = '"\u201c\u201d\u201e\u201f\uff02«»‹›「」『』《》〈〉〝〞〟'  # noqa: RUF001 - they are its matter
INSIDE_HEBREW = '(?<=[\u05d0-\u05ea])"(?=[\u05d0-\u05ea])'  # an abbreviation's sign
_BETWEEN = re.compile(rf"(?:(?!{INSIDE_HEBREW})[\s{QUOTES}])+")


def spelled(text: str) -> str:
    """*text* composed, on one line, without quotes or unseen characters."""
    if text.isascii():
        seen = text
    else:
        seen = "".join(char for char in compose(text) if category(char) != "Cf")
    return _BETWEEN.sub(" ", seen).strip()
