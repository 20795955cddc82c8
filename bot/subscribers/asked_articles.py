"""Why a chat did not get the article at a link that a user sent: see `why_not`.

A letter of a newsletter is none yet if its sender waits, and none any more if it was unfollowed.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.matching.evaluate import fold_article
from bot.matching.explain import explain_folded
from bot.matching.query import parse
from bot.sources.channels.addresses import article_address, read_address
from bot.sources.drafts import url_hash
from bot.sources.urls import canonical_url
from bot.subscribers import why_not
from bot.text.folding import folded_labels
from storage import articles, newsletters, publishers
from storage.chats import Chat
from storage.enums import SOURCE_MUTES, ArticleStage, ChatState, MuteKind
from storage.feeds_followed import was_followed
from storage.mutes import mutes_in_force
from storage.stories import Story
from storage.subscriptions import subscriptions_of
from storage.trace import alert_of_story, listed_at

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from storage.articles import Article
    from storage.db.engine import Storage, Transaction
    from storage.mutes import Mute
    from storage.newsletters import LetterSender
    from storage.publishers import Publisher
    from storage.subscriptions import SubscribedTopic


@dataclass(frozen=True, slots=True)
class AskedArticle:
    """A stored article that the chat sees, and why it did not get it.

    *is_excerpt*: only the title and the excerpt of its feed were read. *next_digest_at*: of the
    chat; None if no topic is in a digest.
    """

    story_id: int
    title: str
    url: str
    publisher: str
    read_at: datetime
    is_excerpt: bool
    verdict: why_not.ReasonFound
    next_digest_at: datetime | None


async def asked_article(storage: Storage, chat_id: int, url: str) -> AskedArticle | None:
    """Return the article at *url*; None unless the chat sees a source that carried it.

    An article of another chat's feed is None too, because its mere existence is private.
    """
    async with storage.reading() as tx:
        found = await _find(tx, chat_id, url)
        if found is None:
            return None
        article, seen = found
        chat = await tx.get_one(Chat, chat_id)
        subscribed = await subscriptions_of(tx, chat_id)
        names = publishers.names_for_queries(seen)
        story = await tx.get_one(Story, article.story_id)
        mutes = await mutes_in_force(tx, chat_id)
        alert = await alert_of_story(tx, chat_id, article.story_id)
        facts = why_not.Facts(
            stored_at=article.stored_at,
            is_processed=article.stage is ArticleStage.PUBLISHED,
            is_old=article.quiet,
            is_paused=chat.state is ChatState.PAUSED,
            alert=alert
            and why_not.AlertFacts(
                made_at=alert.made_at,
                is_same_article=alert.article_id == article.id,
                is_reported=alert.is_reported,
                waits_until=alert.waits_until,
                is_quiet=alert.is_quiet,
            ),
            listed_at=await listed_at(tx, chat_id, article.story_id),
            story_mute=_mute_of(mutes, {MuteKind.STORY}, story.continues_id or story.id),
            publisher_mutes=[
                _mute_of(mutes, SOURCE_MUTES, one.source_id, one.publisher) for one in seen
            ],
        )
    # In a thread, because a long text takes a while to fold.
    topics = await asyncio.to_thread(_topics, article, names, subscribed, mutes)
    return AskedArticle(
        story_id=article.story_id,
        title=article.title,
        url=article.url,
        publisher=seen[0].name,
        read_at=article.stored_at,
        is_excerpt=not article.text and read_address(article.url) is None,
        verdict=why_not.decide(replace(facts, topics=topics)),
        next_digest_at=chat.next_digest_at,
    )


@dataclass(frozen=True, slots=True)
class AskedLetter:
    """A letter that the chat does not get. *sender*: who waits; None if it was unfollowed."""

    title: str
    url: str
    source_id: int
    sender: LetterSender | None


async def asked_letter(storage: Storage, chat_id: int, url: str) -> AskedLetter | None:
    """Return the held letter with *url* as its page, or one of a newsletter just unfollowed."""
    wanted = canonical_url(url)
    async with storage.reading() as tx:
        for sender, subject, page in await newsletters.urls_held(tx, chat_id):
            if page and canonical_url(page) == wanted:
                return AskedLetter(subject, url, sender.source_id, sender)
        found = await newsletters.letters_at(tx, chat_id, {url, wanted})
        for article in await articles.articles_by_id(tx, found):
            if article.scope_id and await was_followed(tx, chat_id, article.scope_id):
                return AskedLetter(article.title, url, article.scope_id, None)
    return None


async def _find(
    tx: Transaction, chat_id: int, url: str
) -> tuple[Article, Sequence[Publisher]] | None:
    canonical = canonical_url(article_address(url))
    found = set((await articles.articles_by_url(tx, [url_hash(canonical)])).values())
    ids = sorted(found or await newsletters.letters_at(tx, chat_id, {url, canonical}))
    seen = await publishers.publishers_seen_by(tx, chat_id, ids)
    for article in await articles.articles_by_id(tx, seen):
        return article, seen[article.id]
    return None


def _mute_of(
    mutes: Collection[Mute], kinds: Collection[MuteKind], subject_id: int, publisher: str = ""
) -> why_not.MuteFacts | None:
    for mute in mutes:
        is_same = mute.subject_id == subject_id and mute.publisher in {"", publisher}
        if mute.kind in kinds and is_same:
            return why_not.MuteFacts(mute.id, mute.until)
    return None


def _topics(
    article: Article,
    names: Sequence[str],
    subscribed: Sequence[SubscribedTopic],
    mutes: Collection[Mute],
) -> list[why_not.TopicFacts]:
    folded = fold_article(
        article.title,
        article.text or article.summary,
        sources=names,
        language=article.language or None,
        labels=folded_labels(article.author, article.categories.splitlines()),
    )
    facts = []
    for topic, subscription in subscribed:
        explained = explain_folded(parse(topic.typed), folded)
        facts.append(
            why_not.TopicFacts(
                topic.id,
                topic.name,
                subscription.mode,
                subscription.created_at,
                explained.missing,
                len(explained.words),
                _mute_of(mutes, {MuteKind.TOPIC}, topic.id),
                is_public=topic.chat_id is None,
            )
        )
    return facts
