"""Revises stored articles: by changed entries, by their pages, and by one another.

A change of white space, punctuation, addresses in the text or counters ("12 comments", "5 minutes
ago") makes no new version. A change of other numbers in the text makes one at most once an hour,
because some feeds update a price with each poll. Numbers in the title and in delivered entries
always count.

Articles that were stored under two addresses are united when the page of one names the other.

Comparing and folding take long, so both happen in threads, before the write lock is taken. The
writing transaction first checks that each article still has the wording that was compared.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any, Final

from bot.languages import any_of
from bot.sources.drafts import (
    LONGEST_TITLE,
    ArticleDraft,
    dated,
    is_another,
    label_columns,
    picture_columns,
    url_hash,
)
from bot.sources.feeds.model import Item
from bot.sources.hosts import shown_url
from bot.sources.pages.canonical import address_found, site_of
from bot.sources.urls import host_of
from bot.text.folding import folded_labels, folded_text, pieces
from storage.article_merges import make_public, merge_articles
from storage.articles import (
    PUBLIC,
    Article,
    ArticleContent,
    ArticlePicture,
    FoldedText,
    ScopedUrl,
    Wording,
    add_address,
    articles_by_url,
    articles_to_revise,
    contents_of,
    is_untouched,
    replace_folded,
    revise_article,
)
from storage.db.engine import Storage, Transaction
from storage.publishers import sources_of_record

_GAP = r"\s{0,2}"
_NUMBER = rf"\d[\d.,'\u00a0\u202f]{{0,12}}{_GAP}(?:[km]\b)?"
_AGE = any_of("ages").replace("#", _NUMBER)
_PASSING: Final = re.compile(
    rf"https?://\S+|(?<!\w){_NUMBER}{_GAP}{any_of('counted')}(?!\w)"
    rf"|(?<!\w){any_of('counter_labels')}{_GAP}[:\uff1a(]{_GAP}{_NUMBER}|(?<!\w){_AGE}\w*",
    re.IGNORECASE,
)


# Characters. A regular expression blocks the whole interpreter, for this much text for 5 ms.
_SEARCHED_AT_ONCE: Final = 8_192


def without_counters(text: str) -> str:
    return "".join(_PASSING.sub(" ", piece) for piece in pieces(text, _SEARCHED_AT_ONCE))


MOST_VERSIONS: Final = 20
REVISED_FOR: Final = timedelta(days=3)
NUMBERS_APART: Final = timedelta(hours=1)

_HAS_DIGIT = re.compile(r"(?<!\S)[^\s\d]*+\d\S*+")  # possessive, so that no word is searched twice


FoldedWords = tuple[str, str]  # of a title and a text


class ChangeKind(Enum):
    NONE = auto()
    NUMBERS = auto()
    WORDS = auto()


def change(old: tuple[str, ...], new: tuple[str, ...]) -> ChangeKind:
    """Return how two wordings differ; each is a title, then the other texts to compare."""
    if old == new:
        return ChangeKind.NONE
    before = [folded_text(without_counters(text)) for text in old]
    after = [folded_text(without_counters(text)) for text in new]
    if before == after:
        return ChangeKind.NONE
    if before[0] == after[0] and _without_numbers(before) == _without_numbers(after):
        return ChangeKind.NUMBERS
    return ChangeKind.WORDS


def may_be_revised(article: Article, now: datetime) -> bool:
    return article.version < MOST_VERSIONS and now - article.stored_at <= REVISED_FOR


def may_be_revised_by(kind: ChangeKind, article: Article, now: datetime) -> bool:
    """Return whether a change of this kind may revise the article now."""
    last = article.revised_at or article.stored_at
    return kind is ChangeKind.WORDS or (kind is ChangeKind.NUMBERS and now - last >= NUMBERS_APART)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The difference between the wording of an article, *before*, and a new one, *after*.

    *folded*: title and text of *after*; empty if the two say the same.
    """

    before: Wording
    after: Wording
    kind: ChangeKind
    folded: FoldedWords = ("", "")


def comparison_of(before: Wording, after: Wording) -> Comparison:
    kind = change(before[1:], after[1:])
    if kind is ChangeKind.NONE:
        return Comparison(before, after, kind)
    return Comparison(before, after, kind, folded_words(after.title, after.text))


def compared(article: Wording, draft: ArticleDraft) -> Comparison:
    """Compare an article with the changed entry of its source.

    A field that the entry lacks keeps its value. A shorter excerpt does not replace the text.
    """
    title = draft.title if draft.item.title else article.title
    summary = draft.item.summary or article.summary
    is_less = not draft.text or (draft.is_excerpt and len(draft.text) < len(article.text))
    text = article.text if is_less else draft.text
    url = draft.url if draft.item.url else article.url
    return comparison_of(article, Wording(url, title, summary, text))


def compared_with_page(text: str, page: Item) -> ChangeKind:
    """Compare the *text* of an article with its page; ignore a page that is not half as long."""
    if 2 * len(page.text) < len(text):
        return ChangeKind.NONE
    return change(("", text), ("", page.text))


def may_be_revised_by_page(article: Article, kind: ChangeKind, now: datetime) -> bool:
    return may_be_revised(article, now) and may_be_revised_by(kind, article, now)


def revised_by_page(article: Article, page: Item) -> dict[str, Any]:
    """Return the columns that a page changes of an article that was matched without it.

    `news_at` and `quiet` stay, because matching has already decided whether the article is news.
    """
    values = completed(article, page) or {"text": page.text}
    return {name: value for name, value in values.items() if name not in {"news_at", "quiet"}}


def completed(article: Article, page: Item) -> dict[str, Any]:
    """Return the columns of an article that its page changes; a shorter page changes none.

    Fields that the source provided are kept, except the text.
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


def add_picture(article: Article, page: Item) -> None:
    """Give the locked *article* the lead picture of its page, unless it has one.

    A picture makes no new version, because nothing is matched by it.
    """
    if not article.picture_url:
        for name, value in picture_columns(page).items():
            setattr(article, name, value)


def add_labels(article: Article, page: Item) -> bool:
    """Give the locked *article* the labels of its page that it lacks; return whether it changed."""
    found = {
        name: value
        for name, value in label_columns(page).items()
        if value and not getattr(article, name)
    }
    for name, value in found.items():
        setattr(article, name, value)
    return bool(found)


def _is_makeshift(article: Article) -> bool:
    """Return whether the title stands in for a missing one."""
    first_lines = (text.partition("\n")[0] for text in (article.summary, article.text))
    stand_ins = (shown_url(article.url), *first_lines)
    return article.title in {stand_in[:LONGEST_TITLE] for stand_in in stand_ins}


def _without_numbers(texts: list[str]) -> list[list[str]]:
    return [
        [
            word
            for piece in pieces(text, _SEARCHED_AT_ONCE)
            for word in _HAS_DIGIT.sub("", piece).split()
        ]
        for text in texts
    ]


async def revise(
    tx: Transaction,
    source_id: int,
    shown: Sequence[tuple[int, ArticleDraft]],
    comparisons: Mapping[str, Comparison],
) -> tuple[list[tuple[int, ArticleDraft]], set[str]]:
    """Revise those articles among *shown* whose source of record is the source.

    *shown*: article ids with their entries. *comparisons*: by the hash of the entry's guid.

    Return the revised articles with their entries, and the guid hashes of entries that must be
    compared again later. In these only a number has changed, too early, or the article has no
    comparison with its present wording. Awaits nothing but statements.
    """
    records = await sources_of_record(tx, {article_id for article_id, _ in shown})
    ours = [each for each in shown if records.get(each[0]) == source_id]
    locked = await articles_to_revise(tx, {article_id for article_id, _ in ours})
    articles = {article.id: article for article in locked}
    revised: list[tuple[int, ArticleDraft]] = []
    folded: dict[int, FoldedText] = {}
    later: set[str] = set()
    for article_id, draft in ours:
        article = articles.get(article_id)
        if article is None or not may_be_revised(article, tx.now):
            continue
        comparison = comparisons.get(draft.guid_hash)
        if comparison is None or comparison.before != Wording.of(article):
            later.add(draft.guid_hash)
        elif may_be_revised_by(comparison.kind, article, tx.now):
            after = comparison.after._asdict() | picture_columns(draft.item)
            revise_article(tx, article, after | _labels_of_entry(draft.item))
            folded[article_id] = folded_article(article, *comparison.folded)
            revised.append((article_id, draft))
        elif comparison.kind is ChangeKind.NUMBERS:
            later.add(draft.guid_hash)
        elif host_of(comparison.after.url) != host_of(article.url):
            article.url = comparison.after.url  # the text stays; the source of record moved
    await tx.flush()
    await replace_folded(tx, list(folded.values()))
    return revised, later


def _labels_of_entry(item: Item) -> dict[str, str]:
    """Return the columns of the labels that an entry has; it removes none."""
    return {name: value for name, value in label_columns(item).items() if value}


def folded_article(article: Article, title: str, text: str) -> FoldedText:
    """Return the folded row of *article* with its present labels; *title*, *text*: folded."""
    labels = folded_labels(article.author, article.categories.splitlines())
    return FoldedText(article.id, title, text, article.language, labels)


def folded_words(title: str, text: str) -> FoldedWords:
    return folded_text(title), folded_text(text)


class OutdatedError(Exception):
    """An article has changed since it was compared, so that it must be compared again."""


@dataclass(frozen=True, slots=True)
class PageOutcome:
    """A page and its comparison with the article, made before the write lock is taken.

    *folded*: the folded text of *page*. *kind*: how this text differs from that of *article*.
    *namesake*: the other address that the page names as its own.
    """

    page: Item
    folded: str
    article: ArticleContent
    kind: ChangeKind
    namesake: "Namesake | None"

    @property
    def article_ids(self) -> set[int]:
        other = self.namesake and self.namesake.other
        return {self.article.id, other.id} if other else {self.article.id}


@dataclass(frozen=True, slots=True)
class Namesake:
    """The *address* that a page names as its own, and the *other* article stored under it.

    *comparison*: how the page's article differs from the other; None if they are not the same news.
    """

    address: str
    hashed: str
    other: ArticleContent | None
    comparison: Comparison | None


async def outcome_of(storage: Storage, article_id: int, url: str, page: Item) -> PageOutcome | None:
    """Compare the article at *url* with its *page*; return None if the article is gone.

    A thread does this, because a page may hold four million characters.
    """
    address = address_found(url, page.url) if page.url else url
    hashed = url_hash(address)
    is_elsewhere = hashed != url_hash(url)
    async with storage.reading() as tx:
        article = (await contents_of(tx, [article_id])).get(article_id)
        if article is None:
            return None
        is_elsewhere = is_elsewhere and article.url_hash == url_hash(url)
        by_url = await articles_by_url(tx, [hashed]) if is_elsewhere else {}
        other_id = _id_in_scope_of(article, hashed, by_url)
        other = (await contents_of(tx, [other_id])).get(other_id) if other_id else None
    elsewhere = (address, hashed, other) if is_elsewhere else None
    return await asyncio.to_thread(_page_compared, article, page, elsewhere)


def _page_compared(
    article: ArticleContent, page: Item, elsewhere: tuple[str, str, ArticleContent | None] | None
) -> PageOutcome:
    folded = folded_text(page.text)
    kind = compared_with_page(article.text, page)
    if elsewhere is None:
        return PageOutcome(page, folded, article, kind, None)
    address, hashed, other = elsewhere
    comparison = None
    if other is not None and other.id != article.id and _is_same(article, other):
        comparison = comparison_of(Wording.of(other), Wording.of(article))
    return PageOutcome(page, folded, article, kind, Namesake(address, hashed, other, comparison))


def _id_in_scope_of(
    article: Article | ArticleContent, hashed: str, by_url: Mapping[ScopedUrl, int]
) -> int | None:
    return by_url.get(ScopedUrl(hashed)) or by_url.get(ScopedUrl(hashed, article.scope_id))


async def unite(
    tx: Transaction, locked: Mapping[int, Article], article: Article, namesake: Namesake
) -> Article:
    """Give *article* the address that its page names, and unite it with the article there.

    Return the article to continue with. Both articles stay if somebody may have seen the first, or
    if their wordings are too different. Raises OutdatedError if the other article is not among the
    *locked* ones or has changed since it was compared.
    """
    by_url = await articles_by_url(tx, [namesake.hashed])
    other_id = _id_in_scope_of(article, namesake.hashed, by_url)
    if other_id is None:
        await _move(tx, article, namesake.hashed, namesake.address)
        if article.scope_id == PUBLIC:
            await make_public(tx, dict.fromkeys(by_url.values(), article.id))
        return article
    if other_id == article.id or not is_untouched(article):
        return article
    other = locked.get(other_id)
    if other is None or not namesake.other or Wording.of(other) != Wording.of(namesake.other):
        raise OutdatedError
    if namesake.comparison is None:
        return article
    await _unite_articles(tx, article, other, namesake.comparison)
    return other


async def _move(tx: Transaction, article: Article, hashed: str, address: str) -> None:
    await add_address(tx, article.id, ScopedUrl(hashed, article.scope_id))
    if site_of(host_of(address)) != site_of(host_of(article.url)) and is_untouched(article):
        revise_article(tx, article, {"url": address})


def _is_same(article: ArticleContent, other: ArticleContent) -> bool:
    """Return whether two articles are the same news; on some sites all pages name one address."""
    return not is_another((other.title, other.summary), (article.title, article.summary))


async def _unite_articles(
    tx: Transaction, lost: Article, kept: Article, comparison: Comparison
) -> None:
    """Merge *lost* into *kept*, which takes the wording of the source of record of both."""
    kept_id = kept.id
    if not kept.picture_url and lost.scope_id == kept.scope_id:
        for name in ArticlePicture._fields:
            setattr(kept, name, getattr(lost, name))
    former = await sources_of_record(tx, [kept_id])
    await merge_articles(tx, lost, kept)
    if await sources_of_record(tx, [kept_id]) == former or not may_be_revised(kept, tx.now):
        return
    if may_be_revised_by(comparison.kind, kept, tx.now):
        revise_article(tx, kept, comparison.after._asdict())
        await replace_folded(tx, [folded_article(kept, *comparison.folded)])
