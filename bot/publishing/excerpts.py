"""Excerpts: the passage of an article that shows why a chat gets it."""

from asyncio import sleep
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from bot.matching.query import parse
from bot.matching.spans import spans
from bot.publishing.selection import SelectedStory
from bot.text.snippets import Snippet, snippet
from storage.enums import Style


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


# Cached, because an article goes to many chats with the same queries.
@lru_cache(maxsize=4096)
def excerpt(
    title: str, text: str, queries: tuple[str, ...], length: Length = LENGTHS[Style.STANDARD]
) -> Snippet:
    """Return the passage of *text* that the *queries* (canonical) hit, with the words marked."""
    hits = [span for query in queries for span in spans(parse(query), title, text)]
    return snippet(text, hits, length.characters, length.sentences)


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
        misses = excerpt.cache_info().misses
        snippets[story.id] = excerpt(story.title, text, tuple(sorted(of_story)), length)
        if excerpt.cache_info().misses != misses:
            await sleep(0)
    return snippets
