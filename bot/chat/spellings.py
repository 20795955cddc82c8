"""How the words of a query were spelt where they were found: `consul general`, `Taiwan's`."""

from collections.abc import Iterable, Iterator

from bot.matching.search import Hit
from bot.subscribers.text import one_line

_MOST = 4
_LONGEST = 40


def also_caught(typed: str, hits: Iterable[Hit]) -> tuple[str, ...]:
    """Return a few spellings in *hits* that were not typed; capitals make no other spelling."""
    told: dict[str, str] = {}
    for spelling in _spellings(hits):
        folded = spelling.casefold()
        if folded not in typed.casefold() and len(spelling) <= _LONGEST:
            told.setdefault(folded, spelling)
    return tuple(told.values())[:_MOST]


def _spellings(hits: Iterable[Hit]) -> Iterator[str]:
    for hit in hits:
        for text, places in (
            (hit.title, hit.title_spans),
            (hit.snippet.text, hit.snippet.bold),
        ):
            for start, end in places:
                yield one_line(text[start:end])
