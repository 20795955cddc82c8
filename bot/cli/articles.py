"""`dateline read`, which shows how Dateline reads a source, and `dateline match`, its grep."""

from __future__ import annotations

import asyncio
import stat
import sys
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from bot.cli.output import CANNOT, console, fail, print_json
from bot.sources.feeds.model import Document, Unreadable
from bot.sources.fetch.problems import FetchError, Problem
from bot.sources.fetch.response import problem_of
from bot.sources.limits import LARGEST_DOCUMENT
from bot.sources.urls import is_web

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from rich.text import Text

    from bot.matching.explain import Explanation
    from bot.matching.query import ParsedQuery, QueryError
    from bot.matching.search import ExplainedArticle
    from bot.sources.feeds.model import Document, Item
    from bot.sources.fetch.client import Fetcher
    from bot.sources.fetch.problems import Problem
    from bot.sources.fetch.source import Fetches, ReadsDocuments
    from bot.text.snippets import Span
    from bot.text.tracing import Place
    from storage.db.engine import Storage

NO_MATCH = 1  # as in grep
_LONGEST_ID = 18  # digits, which fit in a column of 64 bits
_FIELDS = ("title", "url", "published", "language", "summary", "text", "guid")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object for each article.")]


def read(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH-OR-URL…", help="Files, addresses, or - for stdin.")
    ],
    *,
    as_json: AsJson = False,
    base_url: Annotated[str, typer.Option(help="The address a file was fetched from.")] = "",
) -> None:
    """Show what Dateline reads in each feed, page or text.

    Exit 2 if one cannot be read. Example: dateline read https://news.example/feed.xml
    """

    def show(path: str, document: Document) -> None:
        (_print_articles_json if as_json else _print_articles)(path, document)

    def show_error(path: str, sentence: str) -> None:
        if as_json:
            print_json({"path": path, "error": sentence})
        else:
            _print_error(path, sentence)

    if not asyncio.run(_read_each(paths, show, show_error, base_url=base_url)):
        raise SystemExit(CANNOT)


def match(
    query: Annotated[str, typer.Argument(help="Such as 'Taiwan OR \"consul-general\"'.")],
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH-OR-URL…", help="What `read` can read.")
    ] = None,
    *,
    stored: Annotated[
        list[str] | None,
        typer.Option(metavar="ID-OR-URL", help="A stored article to explain; may be repeated."),
    ] = None,
    as_json: AsJson = False,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Say how the query is read, and what each article lacks."),
    ] = False,
) -> None:
    """Find the articles that match a query, like grep; say why a stored one does, or does not.

    Exit 0 if one matches, 1 if none does, 2 after an error. Example:
    dateline match 'Taiwan OR Taipei' https://news.example/feed.xml
    """
    if bool(paths) == bool(stored):
        fail("Name what to read: files and addresses, or stored articles with --stored.")
    matcher = Matcher(parse_query(query), as_json=as_json, explain=explain)
    if explain:
        typer.echo(_query_and_tree(matcher.query), err=as_json)
    if stored:
        _match_stored(stored, matcher)
    elif not asyncio.run(_read_each(paths or (), matcher.show_matches, _print_error)):
        raise SystemExit(CANNOT)
    if not matcher.matches:
        raise SystemExit(NO_MATCH)


def _match_stored(named: Sequence[str], matcher: Matcher) -> None:
    """Explain the result in each stored article; exit if one of them does not exist."""
    from bot.cli.output import database_shown, with_storage

    async def find(storage: Storage) -> list[ExplainedArticle | None]:
        return [await _explain_stored(storage, matcher.query, each) for each in named]

    articles = with_storage(find, read_only=True)
    for name, article in zip(named, articles, strict=True):
        if article:
            matcher.show_stored(name, article)
    if missing := [name for name, article in zip(named, articles, strict=True) if not article]:
        where = database_shown()
        fail(f"There is no article {', '.join(missing)} in {where}; it may have been deleted.")


async def _explain_stored(
    storage: Storage, query: ParsedQuery, named: str
) -> ExplainedArticle | None:
    from bot.matching.search import explain_stored
    from bot.sources.drafts import url_hash
    from bot.sources.urls import as_typed
    from storage.articles import article_at

    if named.isascii() and named.isdigit() and len(named) <= _LONGEST_ID:
        return await explain_stored(storage, query, int(named))
    async with storage.reading() as tx:
        article_id = await article_at(tx, url_hash(as_typed(named)))
    return await explain_stored(storage, query, article_id) if article_id else None


async def _read_each(
    paths: Sequence[str],
    show: Callable[[str, Document], None],
    show_error: Callable[[str, str], None],
    *,
    base_url: str = "",
) -> bool:
    """Show the document of each path; return whether all of them could be read."""
    from bot.sources.feeds.model import Unreadable
    from bot.sources.parser_pool import DocumentReader

    def fetcher() -> Fetcher:  # only an address needs a fetcher, and the settings
        from bot.app.resources import make_fetcher
        from bot.settings import load_settings

        return make_fetcher(load_settings())

    is_whole = True
    async with DocumentReader() as reader:
        for path in paths:
            try:
                document = await read_place(reader, fetcher, path, base_url=base_url)
            except Unreadable as error:
                is_whole = False
                show_error(path, why_unreadable(error))
            else:
                show(path, document)
    return is_whole


def why_unreadable(error: Unreadable) -> str:

    return f"It {sentence_of(error.problem)}." if isinstance(error, NotFetched) else str(error)


def sentence_of(problem: Problem) -> str:
    return sentence_for(problem.code, problem.detail)


def sentence_for(code: str, detail: Mapping[str, Any] | None) -> str:
    """Return the problem of a source in English, to follow the word "it"."""
    from bot.rendering.renderer import Renderer

    return Renderer().line("problem.txt", code=code, detail=detail or {})


def _print_error(path: str, sentence: str) -> None:
    typer.secho(f"{path}: {sentence}", err=True, fg="red")


def _print_articles_json(path: str, document: Document) -> None:
    from bot.sources.feeds.model import item_to_json

    for item in document.items:
        fields = item_to_json(item)
        print_json({"path": path, "kind": document.kind} | {name: fields[name] for name in _FIELDS})


def _print_articles(path: str, document: Document) -> None:
    from rich.text import Text

    out = console()
    entries = f", {len(document.items)} entries" if len(document.items) != 1 else ""
    head = f"{path} ({document.kind}{entries})"
    out.print(Text(head, style="dim"), soft_wrap=True)
    for item in document.items:
        out.print()
        out.print(Text(item.title or "(no title)", style="bold"))
        published = "" if item.published is None else str(item.published)
        if meta := " · ".join(filter(None, (published, item.language, item.url))):
            out.print(Text(meta, style="dim"), soft_wrap=True)
        out.print(Text(item.text or item.summary))
    out.print()


@dataclass
class Matcher:
    """Prints the articles that match, or explains all of them; *matches* counts them."""

    query: ParsedQuery
    as_json: bool = False
    explain: bool = False
    matches: int = 0

    def show_matches(self, path: str, document: Document) -> None:
        from bot.matching.explain import explain
        from bot.sources.urls import host_of
        from bot.text.folding import folded_labels

        for item in document.items:
            explained = explain(
                self.query,
                item.title,
                item.text,
                sources=[host_of(item.url or document.url), document.title],
                language=item.language,
                labels=folded_labels(item.author, item.categories),
            )
            if explained.is_match or self.explain:
                self._show(path, item, explained, with_reason=self.explain)

    def show_stored(self, name: str, article: ExplainedArticle) -> None:
        from bot.sources.feeds.model import Item

        item = Item(title=article.title, url=article.url, text=article.text)
        self._show(name, item, article.explained, with_reason=True)

    def _show(self, path: str, item: Item, explained: Explanation, *, with_reason: bool) -> None:
        from bot.matching.spans import spans

        self.matches += explained.is_match
        found = spans(self.query, item.title, item.text) if explained.is_match else ()
        show = _print_match_json if self.as_json else _print_match
        show(path, item, found, explained if with_reason else None)


def _print_match_json(
    path: str, item: Item, found: Sequence[Span], explained: Explanation | None
) -> None:
    where = [
        {"field": span.field, "start": span.start, "end": span.end, "words": list(span.words)}
        for span in found
    ]
    line: dict[str, object] = {"path": path, "title": item.title, "url": item.url, "where": where}
    if explained:
        line |= {"match": explained.is_match, "missing": list(explained.missing)}
    print_json(line)


def _print_match(
    path: str, item: Item, found: Sequence[Span], explained: Explanation | None
) -> None:
    from rich.text import Text

    from bot.text.snippets import bold_ranges, snippet

    out = console()
    title = _highlighted(item.title, bold_ranges(span for span in found if span.field == "title"))
    title.stylize("bold")
    out.print(Text(f"{path}: ", style="magenta") + title, soft_wrap=True)
    if explained:
        why = _rendered("queries/explained.txt", explained=explained)
        out.print(Text(f"  {why}", style="dim"), soft_wrap=True)
    piece = snippet(item.text, found)
    if piece.bold:
        out.print(Text("  ") + _highlighted(piece.text, piece.bold), soft_wrap=True)


def _highlighted(text: str, places: Sequence[Place]) -> Text:
    from rich.text import Text

    highlighted = Text(text)
    for start, end in places:
        highlighted.stylize("bold red", start, end)
    return highlighted


def parse_query(query: str) -> ParsedQuery:
    """Return the query; if it is invalid, point at the error and exit."""
    from bot.matching.query import QueryError, parse

    try:
        return parse(query)
    except QueryError as error:
        fail_with_caret(error)


def fail_with_caret(error: QueryError) -> NoReturn:
    """Point at the place of the error, say what is wrong, and exit."""
    fail(_with_caret(error))


def _with_caret(error: QueryError) -> str:
    from bot.matching.query.errors import pointer
    from bot.rendering.renderer import Renderer

    sentence = unescape(Renderer().text("queries/error.txt", error=error)).strip()
    place = pointer(error)
    lines = [place.line, f"{place.caret} {sentence}"]
    if error.suggestion:
        lines.append(f"Try: {error.suggestion}")
    return "\n".join(lines)


def _query_and_tree(query: ParsedQuery) -> str:
    from bot.matching.explain import in_lines
    from bot.matching.query.canonical import shown

    tree = _rendered("queries/tree.txt", lines=in_lines(query.tree))
    return f"{shown(query)}\n{tree}"


def _rendered(template: str, **values: object) -> str:
    from bot.rendering.renderer import Renderer

    text = unescape(Renderer().text(template, **values))
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())


STANDARD_INPUT = "-"


class NotFetched(Unreadable):
    """No document could be fetched from an address; *problem* says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code.value, "fetch")
        self.problem = problem


async def read_place(
    reader: ReadsDocuments,
    make_fetcher: Callable[[], AbstractAsyncContextManager[Fetches]],
    place: str,
    *,
    base_url: str = "",
) -> Document:
    """Return the document at *place*; raise Unreadable.

    *base_url*: the address that a file or standard input came from. *make_fetcher* is called only
    if *place* is an address.
    """
    if is_web(place):
        return await _fetched(reader, make_fetcher, place)
    data = (
        sys.stdin.buffer.read(LARGEST_DOCUMENT + 1)
        if place == STANDARD_INPUT
        else _file(Path(place))
    )
    return await reader.read(data, url=base_url, public=True)


async def _fetched(
    reader: ReadsDocuments,
    make_fetcher: Callable[[], AbstractAsyncContextManager[Fetches]],
    url: str,
) -> Document:
    try:
        async with make_fetcher() as fetcher:
            response = await fetcher.fetch(url, inside=True, public=True)
    except FetchError as error:
        raise NotFetched(error.problem) from error
    if problem := problem_of(response):
        raise NotFetched(problem)
    return await reader.read(
        response.body, url=response.url, public=True, content_type=response.content_type
    )


def _file(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise Unreadable("This is a folder; name the files in it.", "kind")
        with path.open("rb") as file:
            return file.read(LARGEST_DOCUMENT + 1)
    except FileNotFoundError:
        raise Unreadable("There is no such file.", "missing") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise Unreadable(f"The file cannot be read: {reason}.", "missing") from None
