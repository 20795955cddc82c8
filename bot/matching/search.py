"""Searches the stored articles: previews, the archive, inline search, near misses, backfill.

The database's index of folded texts returns candidates, the newest first. They are evaluated until
the time is up. The results are stories, each shown by its newest article.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Generic, TypeAlias, TypeVar

from bot.languages import language_files
from bot.matching import widen
from bot.matching.evaluate import fold_article, holds, variants
from bot.matching.explain import Explanation, explain, loosened
from bot.matching.match import matches_found
from bot.matching.query import ParsedQuery, parse
from bot.matching.query.ast import And, Near, Node, Or, SourceTerm, Term, leaves, quoted, terms
from bot.matching.query.canonical import read_back
from bot.matching.query.fields import required_fields, source_keys
from bot.matching.spans import spans
from bot.text.characters import is_hangul
from bot.text.folding import fold
from bot.text.snippets import Snippet, bold_ranges, snippet
from bot.text.tracing import Place
from storage.articles import Article, articles_by_id, news_since
from storage.db.engine import POSTGRESQL, Storage
from storage.feeds_followed import articles_of_feed, queries_of_chats
from storage.matches import FoundStory, MatchFound, newest_public_stories, store_matches
from storage.publishers import first_publisher_names, searchable_names, sources_named
from storage.queries import queries_by_id
from storage.search import ArticleSearch, folded_texts, languages_read, search_articles

LONGEST_WORD: Final = 200  # bytes; longer words are not in the index
MOST_CANDIDATES: Final = 1_000  # articles; the count of a query with more shows as "more than"
TIME_LIMIT: Final = timedelta(milliseconds=120)  # a card that finds nothing searches twice
MOST_FILLED: Final = 10_000  # articles that a new query is matched with
MOST_OF_A_FEED: Final = 2_000  # articles, as many as the first read of a source may bring
FEED_REACH: Final = timedelta(days=15)  # the longest that a digest reaches back
SILENT_DAYS: Final = 30
COMPARED_DAYS: Final = 7
PER_PAGE: Final = 5  # of the archive
INLINE_PAGE: Final = 10
INLINE_DEEPEST: Final = 50  # stories that can be paged through
SNIPPET: Final = 240  # characters
FLOOD: Final = 30  # stories a day
_DAY: Final = timedelta(days=1)
_SHORTEST: Final = timedelta(hours=1)  # from which a day can be estimated
_PAGE: Final = 50  # articles read at a time
_HEADLINES: Final = 3  # of each kind, in a comparison
_ARCHIVE_SNIPPET: Final = 120  # about a line
_TEXTS_FOR_WORDS: Final = 150  # articles in which forms and near words are searched
_SPELLING_READ: Final = 20_000  # characters
_INLINE_DAYS: Final = 30
_AT_ONCE: Final = 20_000  # characters, folded and matched in 2 ms; longer articles go to a thread
_INLINE_ARTICLES: Final = 5  # evaluated for each story, because a user waits at each letter

Result = TypeVar("Result")
SourceNames: TypeAlias = tuple[str, ...]  # hosts and titles of an article's publishers
Evaluate: TypeAlias = Callable[[Article, SourceNames], Result]


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One article. The spans of its title and the bold ranges of its snippet are matched words."""

    article_id: int
    title: str
    url: str
    source: str
    published: datetime | date
    title_spans: tuple[Place, ...]
    snippet: Snippet


@dataclass(frozen=True, slots=True)
class NearMiss:
    """An article that matches a part of the query, and an explanation of what it lacks."""

    title: str
    url: str
    explained: Explanation


@dataclass(frozen=True, slots=True)
class Volume:
    """*count* stories in the time *covered*, and the rounded rates that follow from it."""

    count: int
    covered: timedelta

    @property
    def per_day(self) -> int:
        return round(self.count * (_DAY / max(self.covered, _SHORTEST)))

    @property
    def is_flood(self) -> bool:
        """Whether the stories are too many to read."""
        return self.per_day >= FLOOD

    @property
    def every_days(self) -> int:
        return round(self.covered / _DAY / self.count) if self.count else 0


@dataclass(frozen=True, slots=True)
class PreviewResult:
    """The number of stories in the last *days*, and the newest of them.

    *covered*: how far back they were counted. If *is_more*, this is less than *days*, and *count*
    is a minimum.
    """

    count: int
    is_more: bool
    days: int
    newest: tuple[SearchHit, ...]
    covered: timedelta

    @property
    def volume(self) -> Volume:
        return Volume(self.count, self.covered)


@dataclass(frozen=True, slots=True)
class StoriesFound:
    """The newest article of each story, the newest first.

    *is_more*: not all candidates were evaluated. *since*: how far back they were evaluated, which
    is *covered* ago.
    """

    articles: list[Article]
    is_more: bool
    covered: timedelta
    since: datetime


@dataclass(frozen=True, slots=True)
class PagePosition:
    """The page after the article *article_id*, or before it if *newer*; 0 for the first page.

    Articles that are stored meanwhile shift no page, because they come before the first.
    """

    article_id: int = 0
    newer: bool = False


@dataclass(frozen=True, slots=True)
class ArchivePage:
    """Some of *count* stories. *first*: the rank of the first hit, from 1.

    *is_more*: *count* is a minimum. *newer*, *older*: the neighbouring pages, None if there is
    none.
    """

    hits: Sequence[SearchHit]
    count: int
    is_more: bool
    first: int
    newer: PagePosition | None
    older: PagePosition | None


@dataclass(frozen=True, slots=True)
class InlinePage:
    hits: tuple[SearchHit, ...]
    is_more: bool


@dataclass(frozen=True, slots=True)
class StoryCount:
    """*count* stories in the time *covered*. *is_more*: a whole week has at least as many."""

    count: int
    is_more: bool
    covered: timedelta


@dataclass(frozen=True, slots=True)
class Others:
    """Other words for a query, and the query as typed with them; both empty if there are none."""

    words: tuple[str, ...] = ()
    typed: str = ""


@dataclass(frozen=True, slots=True)
class Headline:
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Headlines:
    """The newest of *count* stories."""

    count: int
    newest: Sequence[Headline]


@dataclass(frozen=True, slots=True)
class Difference:
    """The stories that only one of two queries found in the same time."""

    before: StoryCount
    after: StoryCount
    coming: Headlines
    going: Headlines


@dataclass(frozen=True, slots=True)
class _Evaluated(Generic[Result]):
    """Articles, the newest first, each with its result. For the rest see `StoriesFound`."""

    results: list[tuple[Article, Result]]
    is_more: bool
    covered: timedelta
    since: datetime


async def find(
    storage: Storage,
    query: ParsedQuery,
    *,
    chat_id: int | None = None,
    days: int = 7,
    limit: int = 3,
    most: int = MOST_CANDIDATES,
) -> PreviewResult:
    """Return what *query* found lately, with its newest hits; *most* as in `find_stories`."""
    found = await find_stories(storage, query, chat_id=chat_id, days=days, most=most)
    hits = await _shown(storage, query, found.articles[:limit], chat_id=chat_id)
    return PreviewResult(len(found.articles), found.is_more, days, hits, found.covered)


async def find_stories(
    storage: Storage,
    query: ParsedQuery,
    *,
    chat_id: int | None = None,
    days: int | None = 7,
    most: int | None = None,
) -> StoriesFound:
    """Return the stories of the last *days* (None: of all time) that *query* finds.

    *most*: how many articles to evaluate, for a caller that needs no exact count.
    """
    ago = None if days is None else timedelta(days=days)
    found = await _candidates(storage, query, _matcher(query), ago=ago, chat_id=chat_id, most=most)
    stories: dict[int, Article] = {}
    for article, is_match in found.results:
        if is_match:
            stories.setdefault(article.story_id, article)
    return StoriesFound(list(stories.values()), found.is_more, found.covered, found.since)


async def silent_days(storage: Storage, query: ParsedQuery, *, chat_id: int | None = None) -> int:
    """Return `SILENT_DAYS` if *query* has found nothing for so long, else 0.

    Also 0 if the oldest stored news is younger than that.
    """
    async with storage.reading() as tx:
        if await news_since(tx) > tx.now - timedelta(days=SILENT_DAYS):
            return 0
    found = await find(storage, query, chat_id=chat_id, days=SILENT_DAYS, limit=0)
    return 0 if found.count or found.is_more else SILENT_DAYS


async def others(
    storage: Storage, query: ParsedQuery, typed: str, *, chat_id: int, spoken: Collection[str]
) -> Others:
    """Return other words to search in addition to those of *query*; see `widen`.

    *spoken*: the languages in which names may be typed, in addition to those of the chat's sources.
    """
    wanted = widen.positive_terms(query)
    async with storage.reading() as tx:
        codes = language_files().keys() if wanted else ()
        read = await languages_read(tx, codes, chat_id, tx.now - timedelta(days=SILENT_DAYS))
    found: dict[Term, list[str]] = {}
    for term in wanted:
        name, typed_in = term.as_typed, {*spoken, *read}
        # In a thread, because the first call reads CLDR's data from files.
        names = await asyncio.to_thread(widen.translations, name, read, typed_in)
        found[term] = [*names, *await _forms(storage, term, chat_id)][: widen.MOST_OTHERS]
    text = widen.widened(query, typed, found)
    known = {term.words for term in terms(query.tree)}
    every = dict.fromkeys(one for some in found.values() for one in some)
    shown = tuple(one for one in every if fold(one).words not in known)
    return Others(shown, text) if text else Others()


async def meant(storage: Storage, query: ParsedQuery, *, chat_id: int) -> str:
    """Return *query* with words of the archive in place of unknown ones; "" if there are none."""
    words: dict[str, str] = {}
    for word in widen.misspelt(query)[: widen.MOST_TERMS]:
        if await _texts(storage, [Term((word,))], chat_id, 1, days=None):
            continue
        begins = Term((widen.prefix_of(word),), prefix=True)
        texts = [text for _, text in await _texts(storage, [begins], chat_id, _TEXTS_FOR_WORDS)]
        if near := widen.near_word(word, texts):
            words[word] = near
    return widen.respelt(query, words) if words else ""


async def _forms(storage: Storage, term: Term, chat_id: int) -> list[str]:
    """Return other forms of *term* that occur in the archive, in the spelling of an article."""
    pattern = widen.form_pattern(term)
    if pattern is None:
        return []
    beginnings = [Term((prefix,), prefix=True) for prefix in pattern.prefixes]
    texts = await _texts(storage, beginnings, chat_id, _TEXTS_FOR_WORDS)
    found = widen.forms_in(pattern, texts)
    async with storage.reading() as tx:
        articles = {article.id: article for article in await articles_by_id(tx, [*found.values()])}
    return [
        _spelling(form, articles[key]) if key in articles else form for form, key in found.items()
    ]


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
    days: int | None = SILENT_DAYS,
) -> list[tuple[int, str]]:
    """Return the ids and folded beginnings of the newest articles that have all of *words*.

    *days* limits the search if *words* are prefixes. These are common, and PostgreSQL would read
    every article that has one.
    """
    tree = words[0] if len(words) == 1 else And(tuple(words))
    async with storage.reading_in_transaction() as tx:
        since = None if days is None else tx.now - timedelta(days=days)
        wanted = ArticleSearch(_index_query(storage, tree), since, chat_id)
        return await folded_texts(tx, await search_articles(tx, wanted, limit=limit))


async def near_miss(
    storage: Storage, query: ParsedQuery, *, chat_id: int | None = None, days: int = 7
) -> NearMiss | None:
    """Return the article that lacks least of *query*, the newest if there are several."""
    tree = loosened(query)
    if tree is None:
        return None

    def explained(article: Article, sources: SourceNames) -> Explanation:
        language = article.language
        return explain(query, article.title, article.text, sources=sources, language=language)

    ago = timedelta(days=days)
    found = await _candidates(storage, query, explained, tree=tree, ago=ago, chat_id=chat_id)
    nearly = [(article, why) for article, why in found.results if why.is_near_miss]
    nearest = min(nearly, key=lambda pair: pair[1].distance, default=None)
    return NearMiss(nearest[0].title, nearest[0].url, nearest[1]) if nearest else None


async def compare(
    storage: Storage, old: ParsedQuery, new: ParsedQuery, *, chat_id: int
) -> Difference:
    """Compare what two queries found in the last week.

    If there was no time to evaluate a whole week for both, only the period that was evaluated for
    both tells which stories come and go.
    """
    before = await find_stories(storage, old, chat_id=chat_id, days=COMPARED_DAYS)
    after = await find_stories(storage, new, chat_id=chat_id, days=COMPARED_DAYS)
    since = max(before.since, after.since)
    return Difference(
        StoryCount(len(before.articles), before.is_more, before.covered),
        StoryCount(len(after.articles), after.is_more, after.covered),
        coming=_only_in(after, before, since),
        going=_only_in(before, after, since),
    )


async def archive(
    storage: Storage, query: ParsedQuery, position: PagePosition, *, chat_id: int
) -> ArchivePage:
    """Return a page of all stored stories that *query* finds."""
    found = await find_stories(storage, query, chat_id=chat_id, days=None)
    stories = found.articles
    start = await _start(storage, stories, position)
    page = stories[start : start + PER_PAGE]
    end = start + len(page)
    return ArchivePage(
        hits=await _shown(storage, query, page, _ARCHIVE_SNIPPET, chat_id=chat_id),
        count=len(stories),
        is_more=found.is_more,
        first=start + 1,
        newer=PagePosition(page[0].id, newer=True) if start and page else None,
        older=PagePosition(page[-1].id) if end < len(stories) else None,
    )


async def find_inline(storage: Storage, query: ParsedQuery, offset: int) -> InlinePage:
    """Return a page of what *query* found, the newest first.

    Every user gets articles of public sources only, because others read the inline results.
    """
    until = min(offset + INLINE_PAGE, INLINE_DEEPEST)
    found = await find_stories(storage, query, days=_INLINE_DAYS, most=until * _INLINE_ARTICLES)
    hits = await _shown(storage, query, found.articles[offset:until])
    return InlinePage(hits, until < min(len(found.articles), INLINE_DEEPEST))


async def newest_inline(storage: Storage, chat_id: int, offset: int) -> InlinePage:
    """Return a page of what the chat's topics found in public sources, the newest first."""
    until = min(offset + INLINE_PAGE, INLINE_DEEPEST)
    async with storage.reading() as tx:
        stories = await newest_public_stories(tx, chat_id, until + 1)
        shown = stories[offset:until]
        names = await first_publisher_names(tx, [story.article_id for story in shown])
    hits = tuple(_public_hit(story, names.get(story.article_id, "")) for story in shown)
    return InlinePage(hits, len(stories) > until)


async def backfill(
    storage: Storage, query_id: int, query: ParsedQuery, since: datetime, *, chat_id: int | None
) -> int:
    """Store the matches of a new query with articles since *since*; return their number.

    Only articles that reach the chat count (None: only those that reach all chats), because a
    private article is matched with the queries of its followers alone.
    """

    def matched(article: Article, sources: SourceNames) -> list[MatchFound]:
        return matches_found(article, {query_id: query}, sources)

    wanted = ArticleSearch(_index_query(storage, query.tree), since, chat_id)
    async with storage.reading_in_transaction() as tx:
        ids = await search_articles(tx, wanted, limit=MOST_FILLED)
    return await _fill(storage, ids, matched)


async def backfill_feed(storage: Storage, chat_id: int, source_id: int) -> int:
    """Store the matches of a chat's queries with the stored articles of a private source.

    Call this when a chat begins to follow the source; nobody needed these matches before. Up to
    `MOST_OF_A_FEED` articles of the last `FEED_REACH` are matched, as after a first read.
    """
    from bot.matching.index import QueryIndex  # noqa: PLC0415 - numpy, which few roles need

    async with storage.reading() as tx:
        ids = await articles_of_feed(tx, source_id, tx.now - FEED_REACH, MOST_OF_A_FEED)
        wanted = await queries_of_chats(tx, [chat_id]) if ids else {}
        canonical = await queries_by_id(tx, wanted.get(chat_id, ()))
    queries = {query_id: read_back(text) for query_id, text in canonical.items()}
    index = QueryIndex()
    for query_id, query in queries.items():
        index.add(query_id, query)

    def matched(article: Article, sources: SourceNames) -> list[MatchFound]:
        language = article.language or None
        hits = index.match(article.title, article.text, sources=sources, language=language)
        return matches_found(article, {hit: queries[hit] for hit in hits}, sources) if hits else []

    return await _fill(storage, ids, matched) if queries else 0


async def _fill(storage: Storage, ids: Sequence[int], matched: Evaluate[list[MatchFound]]) -> int:
    found = [match for _, some in await _evaluate(storage, ids, matched) for match in some]
    if found:
        async with storage.writing() as tx:
            await store_matches(tx, found)
    return len(found)


async def _start(storage: Storage, stories: Sequence[Article], position: PagePosition) -> int:
    """Return the index of the page's first story; 0 if the article of *position* is gone."""
    async with storage.reading() as tx:
        known = await articles_by_id(tx, [position.article_id])
    if not known:
        return 0
    anchor = _rank(known[0])
    if position.newer:
        newer = sum(_rank(article) > anchor for article in stories)
        return max(newer - PER_PAGE, 0)
    behind = sum(_rank(article) >= anchor for article in stories)
    return min(behind, max(len(stories) - 1, 0))


async def _shown(
    storage: Storage,
    query: ParsedQuery,
    articles: Sequence[Article],
    length: int = SNIPPET,
    *,
    chat_id: int | None = None,
) -> tuple[SearchHit, ...]:
    """Return *articles* as search hits, with snippets of at most *length* characters."""
    async with storage.reading() as tx:
        names = await first_publisher_names(tx, [one.id for one in articles], chat_id)

    def shown(article: Article) -> SearchHit:
        return _hit(query, article, names.get(article.id, ""), length)

    return tuple([await _with_turn(article, shown) for article in articles])


async def _candidates(  # noqa: PLR0913 - two limits of one search
    storage: Storage,
    query: ParsedQuery,
    evaluate: Evaluate[Result],
    *,
    ago: timedelta | None,
    chat_id: int | None,
    tree: Node | None = None,
    most: int | None = None,
) -> _Evaluated[Result]:
    """Evaluate the newest articles that *query* may match, as many as there is time for.

    *tree*: a tree that selects the candidates in place of the query's own. *ago*: how old they may
    be (None: any age).
    """
    tree = tree or query.tree
    most = MOST_CANDIDATES if most is None else most
    asked = required_fields(tree)

    def is_meant(*source: str) -> bool:
        return asked.source in source_keys(source)

    async with storage.reading_in_transaction() as tx:
        named = await sources_named(tx, is_meant, chat_id) if asked.source else None
        now = tx.now
        begin = None if ago is None else now - ago
        wanted = ArticleSearch(
            _index_query(storage, tree), begin, chat_id, source_ids=named, language=asked.language
        )
        ids = await search_articles(tx, wanted, limit=most + 1)
    results = await _evaluate(
        storage,
        ids[:MOST_CANDIDATES],
        evaluate,
        at_most=TIME_LIMIT,
        with_names=any(isinstance(leaf, SourceTerm) for leaf in leaves(query.tree)),
    )
    results.sort(key=lambda pair: _rank(pair[0]), reverse=True)
    is_more = len(results) < len(ids)
    oldest = results[-1][0].news_at if results else now
    since = oldest if begin is None or (is_more and results) else begin
    return _Evaluated(results, is_more, now - since, since)


async def _evaluate(
    storage: Storage,
    ids: Sequence[int],
    evaluate: Evaluate[Result],
    *,
    at_most: timedelta = timedelta.max,
    with_names: bool = True,
) -> list[tuple[Article, Result]]:
    """Read and evaluate the articles page by page, so that the event loop gets its turns.

    The first page is evaluated even if that takes longer than *at_most*.
    """
    clock = asyncio.get_running_loop().time
    until = clock() + at_most.total_seconds()
    results: list[tuple[Article, Result]] = []
    for start in range(0, len(ids), _PAGE):
        page = ids[start : start + _PAGE]
        async with storage.reading() as tx:
            articles = await articles_by_id(tx, page)
            names = await searchable_names(tx, page) if with_names else {}
        for article in articles:
            sources = names.get(article.id, ())
            results.append((article, await _with_turn(article, evaluate, sources)))
            if start and clock() >= until:
                return results
        if clock() >= until:
            break
    return results


async def _with_turn(article: Article, work: Callable[..., Result], *details: Any) -> Result:
    """Do *work* on one article, and let the event loop have a turn."""
    if len(article.text) > _AT_ONCE:
        return await asyncio.to_thread(work, article, *details)
    result = work(article, *details)
    await asyncio.sleep(0)
    return result


def _index_query(storage: Storage, tree: Node) -> str | None:
    """Return the expression for the database's index; None if every article may match."""
    dialect = TSQUERY if storage.dialect == POSTGRESQL else FTS5
    return dialect.expression(tree)


def _rank(article: Article) -> tuple[datetime, int]:
    return article.news_at, article.id


def _matcher(query: ParsedQuery) -> Evaluate[bool]:
    def is_match(article: Article, sources: SourceNames) -> bool:
        folded = fold_article(
            article.title, article.text, sources=sources, language=article.language
        )
        return holds(query.tree, folded.has)

    return is_match


def _only_in(one: StoriesFound, other: StoriesFound, since: datetime) -> Headlines:
    known = {article.story_id for article in other.articles}
    only = [
        article
        for article in one.articles
        if article.story_id not in known and article.news_at >= since
    ]
    shown = [Headline(article.title, article.url) for article in only[:_HEADLINES]]
    return Headlines(len(only), shown)


def _hit(query: ParsedQuery, article: Article, source: str, length: int) -> SearchHit:
    found = spans(query, article.title, article.text)
    return SearchHit(
        article_id=article.id,
        title=article.title,
        url=article.url,
        source=source,
        published=article.published_at or article.published_on or article.news_at,
        title_spans=bold_ranges(span for span in found if span.field == "title"),
        snippet=snippet(article.text, found, length),
    )


def _public_hit(story: FoundStory, source: str) -> SearchHit:
    return SearchHit(
        article_id=story.article_id,
        title=story.title,
        url=story.url,
        source=source,
        published=story.published_at or story.news_at,
        title_spans=(),
        snippet=snippet(story.text or story.summary, ()),
    )


@dataclass(frozen=True, slots=True)
class Dialect:
    """The syntax of a database's index for words, beginnings, AND and OR.

    The expression of a query finds every article that matches, and some that do not.
    """

    word: Callable[[str], str]
    beginning: Callable[[str], str]
    both: str
    either: str

    def expression(self, node: Node) -> str | None:
        match node:
            case Term():
                return self._any(self._form(form, prefix=node.prefix) for form in variants(node))
            case And():
                return self._all(self.expression(operand) for operand in node.operands)
            case Or():
                return self._any(self.expression(operand) for operand in node.operands)
            case Near():
                return self._all(map(self.expression, (node.left, node.right)))
            case _:
                return None

    def _form(self, form: tuple[str, ...], *, prefix: bool) -> str | None:
        words = set(form[:-1] if prefix else form)
        asked = [self._word(word) for word in sorted(words)]
        return self._all([*asked, self._beginning(form[-1])] if prefix else asked)

    def _word(self, word: str) -> str | None:
        if is_hangul(word):
            return self._beginning(word)
        return self.word(word) if len(word.encode()) < LONGEST_WORD else None

    def _beginning(self, word: str) -> str | None:
        return self.beginning(word) if len(word.encode()) < LONGEST_WORD else None

    def _all(self, parts: Iterable[str | None]) -> str | None:
        asked = [part for part in parts if part is not None]
        return self._joined(self.both, asked) if asked else None

    def _any(self, parts: Iterable[str | None]) -> str | None:
        asked = list(parts)
        known = [part for part in asked if part is not None]
        return self._joined(self.either, known) if len(known) == len(asked) else None

    @staticmethod
    def _joined(operator: str, parts: list[str]) -> str:
        return parts[0] if len(parts) == 1 else f"({operator.join(parts)})"


def _fts5_word(word: str) -> str:
    doubled = word.replace('"', '""')
    return f'"{doubled}"'


def _tsquery_word(word: str) -> str:
    doubled = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{doubled}'"


FTS5: Final = Dialect(_fts5_word, lambda word: _fts5_word(word) + " *", " AND ", " OR ")
TSQUERY: Final = Dialect(_tsquery_word, lambda word: _tsquery_word(word) + ":*", " & ", " | ")
