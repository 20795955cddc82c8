"""What changes in a text though nobody has written anything: counters, ages, addresses.

Points and shares are no counters: who gains some, or buys some, is news.
"""

import re
from typing import Final

from bot.languages import any_of

_GAP = r"\s{0,2}"
_NUMBER = rf"\d[\d.,'\u00a0\u202f]{{0,12}}{_GAP}(?:[km]\b)?"
_AGE = any_of("ages").replace("#", _NUMBER)
_PASSING: Final = re.compile(
    rf"https?://\S+|(?<!\w){_NUMBER}{_GAP}{any_of('counted')}(?!\w)"
    rf"|(?<!\w){any_of('counter_labels')}{_GAP}[:\uff1a(]{_GAP}{_NUMBER}|(?<!\w){_AGE}\w*",
    re.IGNORECASE,
)


def without_counters(text: str) -> str:
    return _PASSING.sub(" ", text)
