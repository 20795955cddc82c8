"""What the playground's newsroom publishes for its button: an article that a topic matches.

The newsroom's own clock publishes the articles in their order, so that the next one may interest
nobody who tries the bot. The button looks at the topics, those with alerts and the newest
subscriptions first, and at the catalogue if nobody subscribes to anything. It publishes an article
that is not out yet and that the topic matches, first one of a new story, because a further report
may only change an alert. If there is none, the newsroom writes one.
"""

from __future__ import annotations

import asyncio
from itertools import chain
from typing import TYPE_CHECKING, Final

import structlog

from bot.matching.evaluate import fold_article, holds
from bot.matching.query import parse
from bot.matching.query.ast import And, Near, Node, Not, Or, Term
from storage.db.problems import DatabaseError
from storage.subscriptions import queries_as_typed
from storage.topics import public_topics

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.playground.newsroom.content import Draft
    from bot.playground.newsroom.newsroom import Newsroom
    from storage.db.engine import Storage

log = structlog.get_logger(__name__)

_MOST_QUERIES: Final = 100


async def choose_article(storage: Storage, newsroom: Newsroom) -> str | None:
    """Return the slug of the article to publish; None for the newsroom's next one."""
    try:
        async with storage.reading() as tx:
            queries = await queries_as_typed(tx, _MOST_QUERIES)
            catalogue = await public_topics(tx, offset=0, limit=_MOST_QUERIES)
    except DatabaseError as error:
        log.warning("the topics could not be read for the newsroom", reason=str(error))
        return None
    queries = queries or [topic.typed for topic in catalogue]
    draft = await asyncio.to_thread(_wanted, newsroom, [parse(query).tree for query in queries])
    if draft is None:
        return None
    newsroom.add_draft(draft)
    return draft.slug


def _wanted(newsroom: Newsroom, trees: Iterable[Node]) -> Draft | None:
    candidates = (
        draft
        for tree in trees
        for draft in chain(newsroom.unpublished(), _written_for(newsroom, tree))
        if _fits(newsroom, draft, tree)
    )
    return next(candidates, None)


def _fits(newsroom: Newsroom, draft: Draft, tree: Node) -> bool:
    publisher, article = draft.publisher, newsroom.preview(draft)
    folded = fold_article(
        article.title,
        "\n".join(article.paragraphs),
        sources=(publisher.name,),
        language=publisher.language.code,
    )
    return holds(tree, folded.has)


def _written_for(newsroom: Newsroom, tree: Node) -> Iterator[Draft]:
    """Yield an article of each publisher with the words of a query in its title and text."""
    words = list(dict.fromkeys(_words(tree)))
    if words:
        for publisher in [code for code in newsroom.publishers if code not in newsroom.closed]:
            yield newsroom.write_draft(publisher, words)


def _words(node: Node) -> Iterator[str]:
    """Yield terms with which an article matches, as their user typed them."""
    match node:
        case And():
            for operand in node.operands:
                yield from _words(operand)
        case Or():
            wanted = [operand for operand in node.operands if not isinstance(operand, Not)]
            yield from _words(wanted[0])
        case Term():
            yield _typed(node)
        case Near():
            yield f"{_typed(node.left)} {_typed(node.right)}"


def _typed(term: Term) -> str:
    return term.spelling or term.as_typed.rstrip("*")
