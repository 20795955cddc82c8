"""The trace of an article, from the sources that carried it to the messages that reported it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from storage.articles import article_at
from storage.enums import ArticleStage
from storage.model_texts import texts_of_story
from storage.trace import (
    CarriedEntry,
    Decision,
    MatchSummary,
    alerts_of,
    articles_of_alert,
    articles_of_bundle,
    articles_of_edition,
    deliveries_of,
    editions_of,
    entries_of_article,
    find_article,
    find_delivery,
    matches_of_article,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.articles import Article
    from storage.db.engine import Storage, Transaction
    from storage.model_texts import ModelText
    from storage.outbox import Delivery

MOST: Final = 100  # alerts, and editions
MOST_PARTS: Final = 10  # of one digest or bundle
_NEXT: Final = {
    ArticleStage.STORED: "It waits to be grouped with the articles about the same event.",
    ArticleStage.GROUPED: "It waits to be matched with the queries.",
    ArticleStage.MATCHED: "It is matched; next it is decided which chats to alert.",
}
_PUT_ASIDE: Final = (
    "It was put aside, because a stage failed for it: {}. It is tried again after a restart."
)


@dataclass(frozen=True, slots=True)
class ArticleTrace:
    """The progress of an article: at most `MOST` alerts and editions, and their deliveries."""

    article: Article
    sources: Sequence[CarriedEntry]
    matches: MatchSummary
    alerts: Sequence[Decision] = ()
    editions: Sequence[Decision] = ()
    deliveries: Sequence[Delivery] = ()
    model_texts: Sequence[ModelText] = ()

    @property
    def progress(self) -> str:
        """One sentence that says how far the article has come, and why it went no further."""
        if self.article.put_aside_at:
            return _PUT_ASIDE.format(self.article.put_aside_for)
        if waiting := _NEXT.get(self.article.stage):
            return waiting
        if self.alerts or self.editions:
            return "It is done: the messages are listed above."
        if not self.matches.queries:
            return "It is done: no query matches it."
        if self.article.quiet:
            return "It is done: it was old when it was found, so it alerts nobody."
        return "It is done: it alerted nobody. A digest that is due later may report it."


@dataclass(frozen=True, slots=True)
class DeliveryTrace:
    """A delivery and the articles that it reports; a notice or a broadcast has none."""

    delivery: Delivery
    articles: Sequence[Article] = ()


async def trace_article(storage: Storage, article_id: int) -> ArticleTrace | None:
    async with storage.reading() as tx:
        article = await find_article(tx, article_id)
        return await _trace(tx, article) if article else None


async def trace_url(storage: Storage, url_hash: str) -> ArticleTrace | None:
    """Trace the article with this canonical URL; a public one is preferred to private ones."""
    async with storage.reading() as tx:
        article_id = await article_at(tx, url_hash)
        article = await find_article(tx, article_id) if article_id else None
        return await _trace(tx, article) if article else None


async def trace_delivery(storage: Storage, delivery_id: int) -> DeliveryTrace | None:
    async with storage.reading() as tx:
        delivery = await find_delivery(tx, delivery_id)
        if delivery is None:
            return None
        first = delivery
        while first.target_id and (target := await find_delivery(tx, first.target_id)):
            first = target  # an edit reports the articles of the message that it changes
        ids: Sequence[int] = ()
        if first.alert_id:
            ids = await articles_of_alert(tx, first.alert_id)
        elif first.bundle_id:
            ids = await articles_of_bundle(tx, first.bundle_id)
        elif first.edition_id:
            ids = await articles_of_edition(tx, first.edition_id)
        articles = [await find_article(tx, article_id) for article_id in ids]
        return DeliveryTrace(delivery, [article for article in articles if article])


async def _trace(tx: Transaction, article: Article) -> ArticleTrace:
    alerts = await alerts_of(tx, article.story_id, MOST)
    editions = await editions_of(tx, article.story_id, MOST)
    return ArticleTrace(
        article,
        await entries_of_article(tx, article.id),
        await matches_of_article(tx, article.id),
        alerts,
        editions,
        await deliveries_of(
            tx,
            alerts=[alert.id for alert in alerts],
            bundles={alert.bundle_id for alert in alerts if alert.bundle_id},
            editions=[edition.id for edition in editions],
            limit=MOST * MOST_PARTS,
        ),
        await texts_of_story(tx, article.story_id),
    )
