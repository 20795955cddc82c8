# ruff: noqa: RUF001, RUF002 - the punctuation of many scripts is its matter
"""Finds where datelines end: "Taipei, Nov. 25 (Example Wire)–", 【東京＝共同】, "BERLIN - "."""

import re

from bot.languages import all_words

_LOWER = "a-zß-öø-ÿœа-яё"
_UPPER = "A-ZÀ-ÖØ-ÞА-ЯЁ"
_NAME = rf"[^\W\d_{_LOWER}][\w'’.-]*"
_WORD = rf"(?:{_NAME}|\d{{1,2}}(?:[{_LOWER}]{{1,3}}|\.)?|[{_LOWER}]{{1,9}}\.?)"
_PLACE = rf"(?!(?:{'|'.join(all_words('no_dateline'))}) ){_NAME}(?:[ ,/]+{_WORD}){{0,8}}"
_WIRE = f"[{''.join(all_words('wire_signs'))}]"
_CAPITALS = rf"[{_UPPER}][{_UPPER}'’.-]{{2,}}(?:[ ,/]+[{_UPPER}][{_UPPER}'’.-]*){{0,4}}"
_AGENCY = r"(?:\([^()\n]{2,40}\)|/[^/\n]{2,30}/)"
_DASH = r"(?:\s*\.?\s*[-–—―=:]{1,2}\s*|\s*\.\s+)"
_HEADING = rf"(?=[\"'“‘«„(\[¿¡]*[^\W_{_LOWER}])"
_DATELINE = re.compile(
    rf"(?:{_PLACE},?\s*{_AGENCY}{_DASH}{_HEADING}"
    rf"|{_AGENCY}\s*[-–—]\s*{_PLACE}{_DASH}{_HEADING}"
    rf"|{_CAPITALS}(?:,? {_WORD}){{0,3}},?\s+[-–—]{{1,2}}\s+{_HEADING}(?!{_NAME}(?: {_NAME})?\.\s)"
    rf"|{_CAPITALS}, \d{{1,2}} \w{{3,9}}\.?\s*[-–—]\s*{_NAME}(?: {_NAME})?\.\s+"
    r"|[【［\[][^】］\]\n]{2,30}[】］\]]\s*[-－—–=＝]*\s*"
    rf"|[（(][^）)\n]{{2,30}}{_WIRE}[）)]\s*"
    r"|[\u4e00-\u9fff]{2,12}社[\u4e00-\u9fff]{1,10}(?:\d{1,2}月)?\d{1,2}日"
    rf"{_WIRE}\s*(?:[（(][^）)\n]{{2,30}}[）)]\s*)?"
    r"|\([^()=\n]{1,12}=[^()=\n]{2,20}\)\s*(?:[^=\n]{2,20}=\s*)?)"
)
_LONGEST = 120


def dateline_end(text: str, start: int, end: int) -> int:
    """Return the offset after the dateline that begins at *start*; *start* if there is none."""
    found = _DATELINE.match(text, start, min(end, start + _LONGEST))
    return found.end() if found else start
