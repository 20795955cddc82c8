"""The piece of an article that shows why a chat gets it."""

from functools import lru_cache

from bot.matching.index import spans
from bot.matching.query import parse
from bot.matching.snippets import Snippet, snippet


# One article goes to many chats that watch the same words.
@lru_cache(maxsize=256)
def excerpt(title: str, text: str, queries: tuple[str, ...]) -> Snippet:
    """Return where the *queries* (canonical) hit *text*, their words marked."""
    found = [span for query in queries for span in spans(parse(query), title, text)]
    return snippet(text, found)
