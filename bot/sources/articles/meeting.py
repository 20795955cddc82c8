"""Articles that were stored under two addresses and meet when one of them names the other."""

from bot.sources.articles.identity import is_another
from bot.sources.articles.intake import url_hash
from bot.sources.articles.revising import folded_article
from bot.sources.articles.versions import change, may_be_revised, may_be_revised_by
from bot.sources.pages.canonical import address_found, site_of
from bot.sources.urls import host_of
from storage.alerts import make_public, merge_articles
from storage.articles import (
    PUBLIC,
    Article,
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


async def united(tx: Transaction, article_id: int, url: str, found: str) -> int:
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
    await _unite(tx, article, other)
    return other.id


async def _move(tx: Transaction, article: Article, hashed: str, address: str) -> None:
    await add_address(tx, article.id, ScopedUrl(hashed, article.scope_id))
    if site_of(host_of(address)) != site_of(host_of(article.url)) and is_untouched(article):
        await revise_article(tx, article, {"url": address})


def _differ(article: Article, other: Article) -> bool:
    """A site whose pages all name one address is mistaken."""
    return is_another((other.title, other.summary), (article.title, article.summary))


async def _unite(tx: Transaction, lost: Article, kept: Article) -> None:
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
        await replace_folded(tx, [folded_article(kept)])
