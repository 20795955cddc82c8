"""The piece of an article that shows why a chat gets it."""

from collections.abc import Mapping
from functools import lru_cache

from bot.matching.index import spans
from bot.matching.query import parse
from bot.matching.snippets import Snippet, snippet
from storage.words import Style

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
