"""Revising articles by what their sources say of them now."""

from collections.abc import Sequence

from bot.matching.slices import Slices, finished, gathered, in_turns
from bot.matching.text import text_in_slices
from bot.sources.articles.intake import Draft
from bot.sources.articles.versions import Change, may_be_revised, may_be_revised_by, told_anew
from bot.sources.urls import host_of
from storage.articles import Article, FoldedText, articles_to_revise, replace_folded, revise_article
from storage.db.engine import Transaction
from storage.publishers import sources_of_record


async def revise(
    tx: Transaction, source_id: int, shown: Sequence[tuple[int, Draft]]
) -> tuple[list[tuple[int, Draft]], set[str]]:
    """Revise the articles *shown*, by id, for which the source speaks.

    Return those that were revised, and the guids of what is to be looked at again later.
    """
    speaking = await sources_of_record(tx, {article_id for article_id, _ in shown})
    ours = [each for each in shown if speaking.get(each[0]) == source_id]
    locked = await articles_to_revise(tx, {article_id for article_id, _ in ours})
    articles = {article.id: article for article in locked}
    revised: list[tuple[int, Draft]] = []
    later: set[str] = set()
    for article_id, draft in ours:
        article = articles.get(article_id)
        if article is None or not may_be_revised(article, tx.now):
            continue
        kind, values = await in_turns(told_anew(article, draft))
        if may_be_revised_by(kind, article, tx.now):
            await revise_article(tx, article, values)
            revised.append((article_id, draft))
        elif kind is Change.NUMBERS:
            later.add(draft.guid_hash)
        elif host_of(values["url"]) != host_of(article.url):
            article.url = values["url"]  # nothing new to read, but the speaker's own address
    changed = {article_id for article_id, _ in revised}
    if changed:
        anew = (each for each in locked if each.id in changed)
        await replace_folded(tx, await in_turns(gathered(map(_folded, anew))))
    return revised, later


def folded_article(article: Article) -> FoldedText:
    return finished(_folded(article))


def _folded(article: Article) -> Slices[FoldedText]:
    title = yield from text_in_slices(article.title)
    text = yield from text_in_slices(article.text)
    return FoldedText(article.id, title, text, article.language)
