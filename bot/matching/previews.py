"""Counts what several queries would find, to offer those that find something.

Each count is a search of its own, limited in candidates and time. So is the number of searches.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations
from typing import Final

from bot.matching.candidates import SearchLimits
from bot.matching.query import ParsedQuery, is_readable, parse
from bot.matching.query.ast import And, Node, Not, Term, quoted
from bot.matching.query.canonical import as_typed
from bot.matching.search import SILENT_DAYS, StoriesFound, find_stories
from bot.text.characters import is_number, is_unspaced
from storage.db.engine import Storage

WEEK: Final = 7  # days
MOST_SHOWN: Final = 3
_MOST_SEARCHES: Final = 8
_MOST_CANDIDATES: Final = 300  # articles; a count of more shows as "more than"
_MOST_PARTS: Final = 6  # of a query whose subsets are searched
_PAIR: Final = 2  # Han characters of a word
_HAN: Final = re.compile("(?:[\u3400-\u9fff]{2}){2,4}")


@dataclass(frozen=True, slots=True)
class Preview:
    """The number of stories that a query found in the last *days*; *is_more*: at least so many."""

    typed: str
    count: int
    is_more: bool
    days: int


async def previews(
    storage: Storage, choices: Iterable[Sequence[str]], *, chat_id: int
) -> list[Preview]:
    """Return what each choice found in the last week; in the last 30 days, if none found anything.

    A choice is queries of which the first that finds something counts. Those that find nothing are
    left out. All queries must be valid.
    """
    tried = [list(queries) for queries in choices]
    for days in (WEEK, SILENT_DAYS):
        found = await _found(storage, tried, days, chat_id)
        if found:
            return found
    return []


async def _found(
    storage: Storage, choices: Iterable[Sequence[str]], days: int, chat_id: int
) -> list[Preview]:
    limits = SearchLimits(timedelta(days=days), most=_MOST_CANDIDATES)
    found: list[Preview] = []
    searches = 0
    for queries in choices:
        for typed in queries:
            searches += 1
            stories = await find_stories(storage, parse(typed), limits, chat_id=chat_id)
            if stories.articles:
                found.append(_preview(typed, stories, days))
                break
        if len(found) == MOST_SHOWN or searches >= _MOST_SEARCHES:
            break
    return found


def _preview(typed: str, stories: StoriesFound, days: int) -> Preview:
    return Preview(typed, len(stories.articles), stories.is_more, days)


async def nearest(storage: Storage, query: ParsedQuery, *, chat_id: int) -> list[Preview]:
    """Return parts of *query*, which found nothing, that did find something."""
    return await previews(storage, [(typed,) for typed in parts(query)], chat_id=chat_id)


def parts(query: ParsedQuery) -> list[str]:
    """Return *query* with one of its words left out each time, then each word alone.

    Longer words come first. A query that is a phrase becomes its words, together and then alone.
    Numbers are left out before any word, because a year alone is in the news of every topic. What
    must not be there stays excluded.
    """
    wanted, excluded = _wanted(query.tree)
    if not 1 < len(wanted) <= _MOST_PARTS:
        return []
    ordered = sorted(wanted, key=lambda typed: (is_number(typed), -len(typed), typed))
    words = [typed for typed in ordered if not is_number(typed)]
    together = tuple(ordered)
    tried = [together] if isinstance(query.tree, Term) else []
    for size in (len(words), len(words) - 1, 1):
        tried += [some for some in combinations(words, max(size, 1)) if some != together]
    found = (" ".join((*some, *excluded)) for some in dict.fromkeys(tried))
    return [typed for typed in found if is_readable(typed)]


def _wanted(tree: Node) -> tuple[list[str], list[str]]:
    """Return what the query needs and what it excludes, as typed."""
    match tree:
        case And(operands):
            wanted = [_written(node) for node in operands if not isinstance(node, Not)]
            return wanted, [_written(node) for node in operands if isinstance(node, Not)]
        case Term(prefix=False, spelling="", title=False):
            return list(map(quoted, dict.fromkeys(_words_of(tree)))), []
    return [], []


def _words_of(phrase: Term) -> Sequence[str]:
    """Return the words of a phrase that are queries alone. Han characters are words in pairs."""
    typed = phrase.as_typed
    if _HAN.fullmatch(typed):
        return [typed[at : at + _PAIR] for at in range(0, len(typed), _PAIR)]
    if any(map(is_unspaced, phrase.words)):
        return []
    return list(filter(is_readable, typed.split())) if " " in typed else phrase.words


def _written(node: Node) -> str:
    return str(And((as_typed(node),)))
