"""Text as typed times and dates are compared: no case, no accents, no wide forms, plain digits."""

import re
from unicodedata import decimal, normalize

# Those of Latin, Greek and Cyrillic; of Arabic, with the line that stretches words.
_MARKS = re.compile("[\u0300-\u036f\u0610-\u061a\u0640\u064b-\u065f\u0670]")
_DIGIT = re.compile(r"[^\D0-9]")
_WITHOUT_STROKE = str.maketrans("đ\u2019\u02bc", "d''")


def ascii_digits(text: str) -> str:
    """Write every decimal digit, such as ٣, as one of 0 to 9."""
    return _DIGIT.sub(lambda found: str(decimal(found[0])), text)


def folded(text: str) -> str:
    """Dakuten and the letters of Hangul stay: they make other words."""
    plain = _MARKS.sub("", normalize("NFKD", text.casefold()))
    return ascii_digits(normalize("NFC", plain)).translate(_WITHOUT_STROKE)
