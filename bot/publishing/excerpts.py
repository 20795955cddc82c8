"""Excerpts: the passage of an article that shows why a chat gets it."""

from asyncio import sleep
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import Final, Generic, TypeVar

from bot.matching.evaluate import FoldedArticle
from bot.matching.query import parse
from bot.matching.spans import folded_in_parts, spans_in
from bot.publishing.selection import SelectedStory
from bot.text.sentences import sentences
from bot.text.snippets import Snippet, snippet_of
from bot.text.tracing import Place
from storage.enums import Style

_MOST_CACHED: Final = 4096

Made = TypeVar("Made")


class ContentCache(Generic[Made]):
    """Keeps what was made last, because many chats get the same article.

    A key has the hash of the contents, so that the cache does not keep whole texts in memory.
    """

    def __init__(self) -> None:
        self._cached: OrderedDict[Hashable, Made] = OrderedDict()

    def find(self, key: Hashable, make: Callable[[], Made]) -> tuple[Made, bool]:
        """Return what is made for *key*, and whether it had to be made."""
        if key in self._cached:
            self._cached.move_to_end(key)
            return self._cached[key], False
        made = self._cached[key] = make()
        if len(self._cached) > _MOST_CACHED:
            self._cached.popitem(last=False)
        return made, True


@dataclass(frozen=True, slots=True)
class Length:
    """The largest size of an excerpt; 0 characters mean no excerpt."""

    characters: int
    sentences: int | None = None


LENGTHS: Mapping[Style, Length] = {
    Style.BRIEF: Length(0),
    Style.STANDARD: Length(240),
    Style.FULL: Length(800, 3),
}
# The lengths of the styles that show a story's lead in place of its excerpt.
TOLD_BY_LEADS: Final = frozenset({LENGTHS[Style.STANDARD]})


@dataclass(frozen=True)
class ArticleText:
    """The title and text from which all excerpts of an article are made.

    Folding and splitting take longer than searching one query, and are done once, on first use.
    Chats with the same queries share one excerpt, in whatever language and zone they read it.
    """

    title: str
    text: str
    _excerpts: dict[tuple[tuple[str, ...], Length], Snippet] = field(
        default_factory=dict, compare=False, repr=False
    )

    @cached_property
    def _folded(self) -> FoldedArticle:
        return folded_in_parts(self.title, self.text)

    @cached_property
    def _sentences(self) -> Sequence[Place]:
        return sentences(self.text)

    def excerpt(
        self, queries: tuple[str, ...], length: Length = LENGTHS[Style.STANDARD]
    ) -> Snippet:
        """Return the passage that the *queries* (canonical) hit, with the words marked."""
        key = (queries, length)
        if key not in self._excerpts:
            hits = [span for query in queries for span in spans_in(_parsed(query), self._folded)]
            places = self._sentences
            self._excerpts[key] = snippet_of(
                self.text, places, hits, length.characters, length.sentences
            )
        return self._excerpts[key]


# Cached, because the stories of a topic have the same queries.
_parsed = lru_cache(maxsize=1024)(parse)


_excerpts: Final[ContentCache[Snippet]] = ContentCache()


def _find(title: str, text: str, queries: tuple[str, ...], length: Length) -> tuple[Snippet, bool]:
    """Return the excerpt, and whether it had to be made."""
    article = f"{title}\n{text}".encode("utf-8", "surrogatepass")
    hashed = blake2b(article, digest_size=16).digest()

    def make() -> Snippet:
        return ArticleText(title, text).excerpt(queries, length)

    return _excerpts.find((hashed, queries, length), make)


def excerpt(
    title: str, text: str, queries: tuple[str, ...], length: Length = LENGTHS[Style.STANDARD]
) -> Snippet:
    """Return `ArticleText.excerpt` of an article with this title and text."""
    return _find(title, text, queries, length)[0]


async def excerpts(
    stories: Iterable[SelectedStory],
    texts: Mapping[int, str],
    queries: Mapping[int, str],
    length: Length,
) -> dict[int, Snippet]:
    """Return the excerpt of each story, for the *queries* of the topics that it hits.

    *texts* are by article, *queries* by topic; nothing is marked for a topic without a query. An
    excerpt that is not cached takes milliseconds, so other tasks may run after each.
    """
    snippets: dict[int, Snippet] = {}
    for story in stories:
        of_story = {queries[hit.topic_id] for hit in story.hits if hit.topic_id in queries}
        text = texts.get(story.article_id, "") if length.characters else ""
        snippets[story.id], is_new = _find(story.title, text, tuple(sorted(of_story)), length)
        if is_new:
            await sleep(0)
    return snippets
