"""Offers other words for a query, from CLDR and from the stored articles; see `widen`."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from bot.languages import language_files
from bot.matching import widen
from bot.matching.index_expression import index_expression
from bot.matching.query import ParsedQuery, parse
from bot.matching.query.ast import And, Term, quoted, terms
from bot.matching.spans import spans
from bot.text.folding import fold
from storage.articles import Article, articles_by_id
from storage.db.engine import Storage
from storage.search import ArticleSearch, folded_texts, languages_read, search_articles

_RECENT: Final = timedelta(days=30)
_TEXTS_FOR_WORDS: Final = 150  # articles in which forms and near words are searched
_TEXTS_FOR_PLURAL: Final = 20
_SPELLING_READ: Final = 20_000  # characters


@dataclass(frozen=True, slots=True)
class Others:
    """Other forms of a query's words, and the query as typed with them; "" if there are none.

    *names*: what the query's names are called in other languages, by language; see `with_name`.
    """

    forms: tuple[str, ...] = ()
    typed: str = ""
    names: Mapping[str, str] = field(default_factory=dict)


async def others(
    storage: Storage, query: ParsedQuery, typed: str, *, chat_id: int, spoken: Collection[str]
) -> Others:
    """Return other words to search in addition to those of *query*; see `widen`.

    *spoken*: the languages in which names may be typed, in addition to those of the chat's sources.
    """
    wanted = widen.positive_terms(query)
    forms = {term: await _forms(storage, term, chat_id) for term in wanted}
    text = widen.widened(query, typed, forms)
    names: dict[str, list[str]] = {}
    for translated in (await _translations(storage, query, chat_id, spoken)).values():
        for code, name in translated.items():
            names.setdefault(code, []).append(name)
    shown = {code: ", ".join(some) for code, some in list(names.items())[: widen.MOST_NAMES]}
    return Others(tuple(_new(query, forms)) if text else (), text, shown)


async def with_name(
    storage: Storage,
    query: ParsedQuery,
    typed: str,
    language: str,
    *,
    chat_id: int,
    spoken: Collection[str],
) -> str:
    """Return *query* as typed, with its names in one more *language*; "" if it has none."""
    translated = await _translations(storage, query, chat_id, spoken)
    named = {term: [names[language]] for term, names in translated.items() if language in names}
    return widen.widened(query, typed, named)


async def _translations(
    storage: Storage, query: ParsedQuery, chat_id: int, spoken: Collection[str]
) -> dict[Term, dict[str, str]]:
    """Return the names that *query* does not have yet, by term and language."""
    wanted = widen.positive_terms(query)
    if not wanted:
        return {}
    async with storage.reading() as tx:
        read = await languages_read(tx, language_files().keys(), chat_id, tx.now - _RECENT)
    known = {term.words for term in terms(query.tree)}
    found: dict[Term, dict[str, str]] = {}
    for term in wanted:
        # In a thread, because the first call reads CLDR's data from files.
        names = await asyncio.to_thread(widen.translations, term.as_typed, read, {*spoken, *read})
        found[term] = {code: name for code, name in names.items() if fold(name).words not in known}
    return found


def _new(query: ParsedQuery, others: Mapping[Term, Sequence[str]]) -> Iterable[str]:
    """Return the words of *others* that *query* does not have, each once."""
    known = {term.words for term in terms(query.tree)}
    every = dict.fromkeys(one for some in others.values() for one in some)
    return (one for one in every if fold(one).words not in known)


async def meant(storage: Storage, query: ParsedQuery, *, chat_id: int) -> str:
    """Return *query* with words of the archive in place of unknown ones; "" if there are none."""
    words: dict[str, str] = {}
    for word in widen.misspelt(query)[: widen.MOST_TERMS]:
        if await _texts(storage, [Term((word,))], chat_id, 1, ago=None):
            continue
        begins = Term((widen.prefix_of(word),), prefix=True)
        texts = [text for _, text in await _texts(storage, [begins], chat_id, _TEXTS_FOR_WORDS)]
        if near := widen.near_word(word, texts):
            words[word] = near
    return widen.respelt(query, words) if words else ""


async def _forms(storage: Storage, term: Term, chat_id: int) -> list[str]:
    """Return other forms of *term* that occur in the archive, in the spelling of an article.

    If there are none, return the plural of an English noun.
    """
    pattern = widen.form_pattern(term)
    if pattern is None:
        return []
    beginnings = [Term((prefix,), prefix=True) for prefix in pattern.prefixes]
    texts = await _texts(storage, beginnings, chat_id, _TEXTS_FOR_WORDS)
    found = widen.forms_in(pattern, texts)
    if not found:
        return await _plural(storage, term, chat_id)
    async with storage.reading() as tx:
        articles = {article.id: article for article in await articles_by_id(tx, [*found.values()])}
    return [
        _spelling(form, articles[key]) if key in articles else form for form, key in found.items()
    ]


async def _plural(storage: Storage, term: Term, chat_id: int) -> list[str]:
    if len(term.words) > 1:
        return []
    texts = await _texts(storage, [term], chat_id, _TEXTS_FOR_PLURAL)
    async with storage.reading() as tx:
        articles = await articles_by_id(tx, [key for key, _ in texts])
    english = (
        f"{article.title} {article.text[:_SPELLING_READ]}"
        for article in articles
        if article.language == "en"
    )
    plural = widen.plural_in(term.words[0], english)
    return [plural] if plural else []


def _spelling(form: str, article: Article) -> str:
    """Return the folded *form* as *article* spells it, such as "Consuls-General"."""
    query = parse(quoted(form))
    text = article.text[:_SPELLING_READ]
    for span in spans(query, article.title, text):
        whole = article.title if span.field == "title" else text
        return " ".join(whole[span.start : span.end].split())
    return form


async def _texts(
    storage: Storage,
    words: Sequence[Term],
    chat_id: int,
    limit: int,
    ago: timedelta | None = _RECENT,
) -> list[tuple[int, str]]:
    """Return the ids and folded beginnings of the newest articles that have all of *words*.

    *ago* limits the search if *words* are prefixes. These are common, and PostgreSQL would read
    every article that has one.
    """
    tree = words[0] if len(words) == 1 else And(tuple(words))
    async with storage.reading_in_transaction() as tx:
        since = None if ago is None else tx.now - ago
        wanted = ArticleSearch(index_expression(storage.dialect, tree), since, chat_id)
        return await folded_texts(tx, await search_articles(tx, wanted, limit=limit))
