"""The piece of an article that shows why a chat gets it."""

from asyncio import sleep
from collections.abc import Iterable, Mapping
from functools import lru_cache

from bot.matching.query import parse
from bot.matching.snippet import Snippet, snippet, spans
from bot.publishing.selection import Story
from storage.enums import Style

# Characters; a brief digest has titles only.
LENGTHS: Mapping[Style, int] = {Style.BRIEF: 0, Style.STANDARD: 240, Style.FULL: 480}


# One article goes to many chats that watch the same words.
@lru_cache(maxsize=4096)
def excerpt(
    title: str,
    text: str,
    queries: tuple[str, ...],
    limit: int = LENGTHS[Style.STANDARD],
) -> Snippet:
    """Return where the *queries* (canonical) hit *text*, their words marked.

    At most *limit* characters.
    """
    found = [span for query in queries for span in spans(parse(query), title, text)]
    return snippet(text, found, limit)


async def excerpts(
    stories: Iterable[Story], texts: Mapping[int, str], queries: Mapping[int, str], limit: int
) -> dict[int, Snippet]:
    """Return the excerpt of each story, for the *queries* of the topics that it hits.

    *texts* are by article, *queries* by topic; a topic without one marks nothing. One that is not
    known yet takes milliseconds, so others have their turn after it.
    """
    found: dict[int, Snippet] = {}
    for story in stories:
        asked = {queries[hit.topic_id] for hit in story.hits if hit.topic_id in queries}
        text = texts.get(story.article_id, "") if limit else ""
        known = excerpt.cache_info().misses
        found[story.id] = excerpt(story.title, text, tuple(sorted(asked)), limit)
        if excerpt.cache_info().misses != known:
            await sleep(0)
    return found
