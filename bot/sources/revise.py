"""Revising stored articles: by what their sources say now, by their pages, by one another.

White space, punctuation, addresses in the text and counters ("12 comments", "5 minutes ago") make
no version. Other numbers in the text make one an hour at most, so that a price that is written anew
with each poll makes no storm; those in the title always count.

Articles that were stored under two addresses are united when one of them names the other.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any, Final

from bot.languages import any_of
from bot.matching.slices import Slices, finished, gathered, in_turns
from bot.matching.text import text_in_slices
from bot.sources.drafts import LONGEST_TITLE, ArticleDraft, dated, is_another, url_hash
from bot.sources.feeds.model import Item
from bot.sources.pages.canonical import address_found, site_of
from bot.sources.urls import host_of
from storage.alerts import make_public, merge_articles
from storage.articles import (
    PUBLIC,
    Article,
    FoldedText,
    ScopedUrl,
    add_address,
    articles_by_url,
    articles_to_revise,
    is_untouched,
    replace_folded,
    revise_article,
    scope_of,
)
from storage.db.engine import Transaction
from storage.publishers import sources_of_record

_GAP = r"\s{0,2}"
_NUMBER = rf"\d[\d.,'\u00a0\u202f]{{0,12}}{_GAP}(?:[km]\b)?"
_AGE = any_of("ages").replace("#", _NUMBER)
_PASSING: Final = re.compile(
    rf"https?://\S+|(?<!\w){_NUMBER}{_GAP}{any_of('counted')}(?!\w)"
    rf"|(?<!\w){any_of('counter_labels')}{_GAP}[:\uff1a(]{_GAP}{_NUMBER}|(?<!\w){_AGE}\w*",
    re.IGNORECASE,
)


def without_counters(text: str) -> str:
    return _PASSING.sub(" ", text)


MOST_VERSIONS: Final = 20
REVISED_FOR: Final = timedelta(days=3)
NUMBERS_APART: Final = timedelta(hours=1)

_HAS_DIGIT = re.compile(r"(?<!\S)[^\s\d]*+\d\S*+")  # from its first character on, and but once


class ChangeKind(Enum):
    NONE = auto()
    NUMBERS = auto()
    WORDS = auto()


def change(old: tuple[str, ...], new: tuple[str, ...]) -> ChangeKind:
    """What differs between two wordings: a title, and whatever else is compared."""
    return finished(_changing(old, new))


def _changing(old: tuple[str, ...], new: tuple[str, ...]) -> Slices[ChangeKind]:
    before = yield from _folded_words(old)
    after = yield from _folded_words(new)
    if before == after:
        return ChangeKind.NONE
    if before[0] == after[0] and _without_numbers(before) == _without_numbers(after):
        return ChangeKind.NUMBERS
    return ChangeKind.WORDS


def may_be_revised(article: Article, now: datetime) -> bool:
    return article.version < MOST_VERSIONS and now - article.stored_at <= REVISED_FOR


def may_be_revised_by(kind: ChangeKind, article: Article, now: datetime) -> bool:
    """Whether it is time already for a change of this kind."""
    last = article.revised_at or article.stored_at
    return kind is ChangeKind.WORDS or (kind is ChangeKind.NUMBERS and now - last >= NUMBERS_APART)


def compared(article: Article, draft: ArticleDraft) -> Slices[tuple[ChangeKind, dict[str, Any]]]:
    """Compare what its source says now with the article; return what is to be written.

    What the source leaves out stays; so does the text of a page, where the source gives only an
    excerpt of it.
    """
    title = draft.title if draft.item.title else article.title
    summary = draft.item.summary or article.summary
    is_less = not draft.text or (draft.is_excerpt and len(draft.text) < len(article.text))
    text = article.text if is_less else draft.text
    kind = yield from _changing(
        (article.title, article.summary, article.text), (title, summary, text)
    )
    url = draft.url if draft.item.url else article.url
    return kind, {"title": title, "summary": summary, "text": text, "url": url}


def compared_with_page(article: Article, page: Item) -> tuple[ChangeKind, dict[str, Any]]:
    """Compare an article that is on its way with its page; half a page is none.

    Whether it is news has been decided.
    """
    if 2 * len(page.text) < len(article.text):
        return ChangeKind.NONE, {}
    values = completed(article, page) or {"text": page.text}
    decided = {"news_at", "quiet"}
    kept = {name: value for name, value in values.items() if name not in decided}
    return change(("", article.text), ("", page.text)), kept


def completed(article: Article, page: Item) -> dict[str, Any]:
    """Return the columns of an article that its page changes; a page that says less changes none.

    What the source said itself stays, but for the text.
    """
    if len(page.text) <= len(article.text):
        return {}
    values: dict[str, Any] = {"text": page.text}
    if page.title and _is_makeshift(article):
        values["title"] = page.title[:LONGEST_TITLE]
    if not article.summary:
        values["summary"] = page.summary
    if not article.language:
        values["language"] = page.language
    if page.published and not (article.published_at or article.published_on):
        dating = dated(page.published, article.stored_at, backlog=False)
        values |= {
            "published_at": dating.published_at,
            "published_on": dating.published_on,
            "news_at": dating.news_at,
            "quiet": dating.quiet,
        }
    return values


def _is_makeshift(article: Article) -> bool:
    """Whether the title is only what stood in for one."""
    stand_ins = (article.url, article.summary.partition("\n")[0], article.text.partition("\n")[0])
    return article.title in {stand_in[:LONGEST_TITLE] for stand_in in stand_ins}


def _folded_words(texts: tuple[str, ...]) -> Slices[list[str]]:
    return (yield from gathered(text_in_slices(without_counters(text)) for text in texts))


def _without_numbers(texts: list[str]) -> list[str]:
    return [" ".join(_HAS_DIGIT.sub("", text).split()) for text in texts]


async def revise(
    tx: Transaction, source_id: int, shown: Sequence[tuple[int, ArticleDraft]]
) -> tuple[list[tuple[int, ArticleDraft]], set[str]]:
    """Revise the articles *shown*, by id, for which the source speaks.

    Return those that were revised, and the guids of what is to be looked at again later.
    """
    speaking = await sources_of_record(tx, {article_id for article_id, _ in shown})
    ours = [each for each in shown if speaking.get(each[0]) == source_id]
    locked = await articles_to_revise(tx, {article_id for article_id, _ in ours})
    articles = {article.id: article for article in locked}
    revised: list[tuple[int, ArticleDraft]] = []
    later: set[str] = set()
    for article_id, draft in ours:
        article = articles.get(article_id)
        if article is None or not may_be_revised(article, tx.now):
            continue
        kind, values = await in_turns(compared(article, draft))
        if may_be_revised_by(kind, article, tx.now):
            await revise_article(tx, article, values)
            revised.append((article_id, draft))
        elif kind is ChangeKind.NUMBERS:
            later.add(draft.guid_hash)
        elif host_of(values["url"]) != host_of(article.url):
            article.url = values["url"]  # nothing new to read, but the speaker's own address
    changed = {article_id for article_id, _ in revised}
    if changed:
        anew = (each for each in locked if each.id in changed)
        await replace_folded(tx, await in_turns(gathered(map(folded_article, anew))))
    return revised, later


def folded_article(article: Article) -> Slices[FoldedText]:
    title = yield from text_in_slices(article.title)
    text = yield from text_in_slices(article.text)
    return FoldedText(article.id, title, text, article.language)


async def unite(tx: Transaction, article_id: int, url: str, found: str) -> int:
    """Note that the article at *url* says of itself that it is at *found*.

    Return the article that stays: the other one, if one is there. But what somebody may have seen
    stays too, and so do two of which nothing says that they are the same.
    """
    address = address_found(url, found) if found else url
    hashed = url_hash(address)
    if hashed == url_hash(url):
        return article_id
    there = await articles_by_url(tx, [hashed])
    scope = await scope_of(tx, article_id)
    other_id = there.get(ScopedUrl(hashed)) or there.get(ScopedUrl(hashed, scope or PUBLIC))
    locked = await articles_to_revise(tx, {article_id, other_id or article_id})
    articles = {article.id: article for article in locked}
    article, other = articles.get(article_id), articles.get(other_id) if other_id else None
    if article is None or article.url_hash != url_hash(url):
        return article_id
    if other is None:
        await _move(tx, article, hashed, address)
        if article.scope_id == PUBLIC:
            await make_public(tx, dict.fromkeys(there.values(), article_id))
        return article_id
    if other is article or not is_untouched(article) or _differ(article, other):
        return article_id
    await _unite_articles(tx, article, other)
    return other.id


async def _move(tx: Transaction, article: Article, hashed: str, address: str) -> None:
    await add_address(tx, article.id, ScopedUrl(hashed, article.scope_id))
    if site_of(host_of(address)) != site_of(host_of(article.url)) and is_untouched(article):
        await revise_article(tx, article, {"url": address})


def _differ(article: Article, other: Article) -> bool:
    """A site whose pages all name one address is mistaken."""
    return is_another((other.title, other.summary), (article.title, article.summary))


async def _unite_articles(tx: Transaction, lost: Article, kept: Article) -> None:
    """The words are those of the source that speaks for both."""
    kept_id = kept.id
    former = await sources_of_record(tx, [kept_id])
    await merge_articles(tx, lost, kept)
    if await sources_of_record(tx, [kept_id]) == former or not may_be_revised(kept, tx.now):
        return
    values = {"title": lost.title, "summary": lost.summary, "text": lost.text, "url": lost.url}
    kind = change((kept.title, kept.summary, kept.text), (lost.title, lost.summary, lost.text))
    if may_be_revised_by(kind, kept, tx.now):
        await revise_article(tx, kept, values)
        await replace_folded(tx, [finished(folded_article(kept))])
