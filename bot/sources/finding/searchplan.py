"""Which searches there ought to be: for what is watched most, within the budget."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.matching.query import QueryError
from bot.matching.query.canonical import read_back
from bot.sources.articles.intake import url_hash
from bot.sources.finding.searchwords import search_texts, search_url


class Existing(Protocol):
    @property
    def id(self) -> int: ...
    @property
    def url_hash(self) -> str: ...
    @property
    def is_retired(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Plan:
    """`start`: addresses of new ones; the others are ids."""

    start: tuple[str, ...] = ()
    revive: tuple[int, ...] = ()
    retire: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.start) + len(self.revive) + len(self.retire)


def plan(
    watched: Iterable[str], existing: Sequence[Existing], templates: Sequence[str], budget: int
) -> Plan:
    """Choose among the queries *watched*, canonical texts in their order of importance.

    What is searched for stays so as long as it is watched at all: a place in the budget is not
    lost to what became a little more popular.
    """
    wanted = {url_hash(url): url for query in watched for url in addresses(query, templates)}
    working = [one for one in existing if not one.is_retired]
    stay = [one.url_hash for one in working if one.url_hash in wanted]
    chosen = set(list(dict.fromkeys([*stay, *wanted]))[:budget])
    known = {one.url_hash for one in existing}
    return Plan(
        start=tuple(url for hashed, url in wanted.items() if hashed in chosen - known),
        revive=tuple(one.id for one in existing if one.is_retired and one.url_hash in chosen),
        retire=tuple(one.id for one in working if one.url_hash not in chosen),
    )


def addresses(canonical: str, templates: Iterable[str]) -> list[str]:
    """Return where to search for the query; nowhere if no search can ask for it."""
    try:
        texts = search_texts(read_back(canonical).tree)
    except QueryError:  # an older grammar's
        return []
    found = (search_url(template, text) for text in texts for template in templates)
    return [url for url in found if url]
