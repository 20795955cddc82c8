"""Names of publishers, from the titles of their feeds.

A feed's title often has more than the name: "Dawn - World", "Example Times | All stories".

1. Parts that only say which news the feed has ("All stories") are left out, and so is what a
   program that makes feeds adds to a name: "Latest from …", "… RSS feed", "… records found 1000".
2. If several parts are left, the name is the shortest one that the address of the site or another
   part has.
3. Else the title stays as it is. A title that names nobody ("Top Stories") gives no name.
"""

import re
from functools import lru_cache
from typing import Final

_SEPARATORS: Final = re.compile(
    r"(?:\s+[-\u2013\u2014|\u00b7:>\u00bb\u203a]+|:)(?:\s+|\Z)|\s*\|\s*"
)
_WORDS: Final = re.compile(r"\w+")
# English, because such titles come from the programs that make feeds.
_GENERAL_WORDS: Final = """
a all and articles atom breaking feed feeds front headlines home homepage in index latest main news
page posts recent rss stories story the top updates world xml
"""
# What search pages and programs write before and after a name.
_ADDED_BEFORE: Final = re.compile(
    r"\A(?:(?:the\s+)?latest\s+(?:news\s+|stories\s+|articles\s+|posts\s+)?(?:from|on|by)"
    r"|(?:rss|atom)(?:\s+feed)?\s+(?:of|for|from))\s+",
    re.IGNORECASE,
)
_ADDED_AFTER: Final = re.compile(
    r"\s+(?:(?:news\s+)?search\s+(?:results?|records\s+found)(?:\s+\d+)?"
    r"|records\s+found(?:\s+\d+)?|(?:rss|atom)(?:\s*[\d.]+)?(?:\s+feeds?)?)\s*\Z",
    re.IGNORECASE,
)
_GENERAL: Final = frozenset(_GENERAL_WORDS.split())
_FEWEST_OF_SITE: Final = 3  # characters
_FEWEST_OF_PART: Final = 4


@lru_cache(maxsize=4_096)
def publisher_name(title: str, site: str) -> str:
    """Return the name of the publisher at the domain *site*; "" if *title* does not say it."""
    parts = [part for part in map(_plain, _SEPARATORS.split(title)) if _is_name(part)]
    if len(parts) <= 1:
        return parts[0] if parts else ""
    own = site.partition(".")[0].replace("-", "")
    named = [
        part
        for part in parts
        if _is_of_site(part, own) or any(part in other for other in parts if other != part)
    ]
    return min(named, key=len, default=title)


def _plain(part: str) -> str:
    """Return *part* without what is not of the name, unless nothing else is left."""
    before = _ADDED_BEFORE.match(part)
    rest = part[before.end() :] if before else part
    after = _ADDED_AFTER.search(rest)
    return rest[: after.start()] if after else rest


def _is_name(part: str) -> bool:
    words = _WORDS.findall(part.casefold())
    return not (_GENERAL.issuperset(words) or (words[0] == "latest" and words[-1] in _GENERAL))


def _is_of_site(part: str, own: str) -> bool:
    letters = "".join(_WORDS.findall(part.casefold()))
    if len(own) >= _FEWEST_OF_SITE and own in letters:
        return True
    return len(letters) >= _FEWEST_OF_PART and letters in own
