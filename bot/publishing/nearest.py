"""The nearest story: what a digest without news shows instead, if the chat wants it.

It is the newest story since the last digest that has at least one word of the chat's queries,
though no query matched it.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from bot.matching.candidates import SearchLimits
from bot.matching.hits import hits_of
from bot.matching.query import ParsedQuery, parse
from bot.matching.query.ast import And, Node, Not, Or, Term, disjunction, term, terms
from bot.matching.search import find_stories
from bot.publishing.selection import LinkedReport, StoryView
from storage.db.engine import Storage

_MOST_WORDS = 20


def any_word(queries: Iterable[str]) -> ParsedQuery | None:
    """Return the query for at least one word of *queries* (canonical); None if they have none."""
    words: dict[Term, None] = {}
    for query in queries:
        for found in _wanted(parse(query).tree):
            words.update(dict.fromkeys(term([word]) for word in found.words))
    nodes = list(words)[:_MOST_WORDS]
    return ParsedQuery(disjunction(nodes)) if nodes else None


def _wanted(node: Node) -> Iterator[Term]:
    """Yield the terms that are not excluded."""
    if isinstance(node, And | Or):
        for operand in node.operands:
            yield from _wanted(operand)
    elif not isinstance(node, Not):
        yield from terms(node)


async def nearest_story(
    storage: Storage, chat_id: int, queries: Iterable[str], since: datetime, now: datetime
) -> StoryView | None:
    """Return the story nearest to *queries* among those that came after *since*."""
    query = any_word(queries)
    if query is None:
        return None
    found = await find_stories(storage, query, SearchLimits(now - since), chat_id=chat_id)
    newest = [story.id for story in found.articles[:1]]
    for hit in await hits_of(storage, query, newest, chat_id=chat_id):
        by = LinkedReport(hit.source, hit.url)
        names = (hit.source,) if hit.source else ()
        return StoryView(hit.title, hit.url, names, hit.source, hit.published, (by,))
    return None
