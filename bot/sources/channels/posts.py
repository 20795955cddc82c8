"""Turns the posts of a channel into items.

A post reaches the bot as an update of Telegram, which `bot.chat.handlers.channel_sources` reduces
to the facts that count as words: the text or caption, the questions of polls, the names of files.
Replies and quotes are words of other posts. The addresses behind words are dropped, as those of
pages are.

A post has no title. The first sentence of its first line with words serves as one; a very short
sentence takes the next one with it. A longer text is cut at a word.

An album arrives as one post for each picture. Together they are one entry, under the address of
the part that came first.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final, Self

from bot.sources.feeds.language import quick
from bot.sources.feeds.model import Item
from bot.sources.feeds.text import tidy
from bot.text.sentences import sentences

LONGEST_ALBUM: Final = 10  # parts, as many as Telegram allows
LONGEST_ALBUM_ID: Final = 64
_LONGEST_POST: Final = 16_384  # characters; Telegram allows 4,096 and a premium caption 2,048
_MOST_NAMES: Final = 20
_CHANNELS: Final = -(10**12)  # Telegram's ids of channels begin with -100


@dataclass(frozen=True, slots=True)
class PostPart:
    """A post of a channel, with no more than what an entry keeps.

    *edited*: Unix seconds; 0 if the post was never edited. *username*: of a public channel, else
    "". *album*: the id that the parts of an album share. *author*: the signature, or the name from
    which the post was forwarded. *names*: of files and songs, and the options of a poll.
    """

    channel_id: int
    message_id: int
    published: int  # Unix seconds
    edited: int = 0
    username: str = ""
    text: str = ""
    author: str = ""
    album: str = ""
    names: tuple[str, ...] = ()

    @property
    def published_at(self) -> datetime:
        return datetime.fromtimestamp(self.published, UTC)

    @property
    def url(self) -> str:
        """The permalink; that of a private channel opens for its members only."""
        place = self.username or f"c/{private_number(self.channel_id)}"
        return f"https://t.me/{place}/{self.message_id}"

    @property
    def guid(self) -> str:
        own = f"album/{self.album}" if self.album else str(self.message_id)
        return f"{self.channel_id}/{own}"

    @property
    def words(self) -> str:
        names = [name[:_LONGEST_POST] for name in self.names[:_MOST_NAMES] if name]
        return "\n\n".join(filter(None, (self.text[:_LONGEST_POST].strip(), *names)))

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"names": list(self.names)}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        return cls(**fields | {"names": tuple(fields["names"])})


def private_number(channel_id: int) -> int:
    """Return the number of a channel in its links, which is its id without the prefix -100."""
    return _CHANNELS - channel_id if channel_id < _CHANNELS else abs(channel_id)


def channel_url(channel_id: int) -> str:
    """Return the address of the source; it survives a change of the channel's username."""
    return f"https://t.me/c/{private_number(channel_id)}"


def item_of(parts: Sequence[PostPart]) -> Item | None:
    """Return the item of a post, or of the parts of an album; None if it has no words.

    *parts*: the part that came first is first; it gives the address. The words are in the order of
    the album.
    """
    first = parts[0]
    in_order = sorted(parts, key=lambda part: part.message_id)[:LONGEST_ALBUM]
    words = "\n\n".join(filter(None, (part.words for part in in_order)))
    if not words:
        return None
    title, text = title_and_text(words)
    return Item(
        guid=first.guid,
        url=first.url,
        title=title,
        summary=text,
        text=text,
        published=min(part.published_at for part in parts),
        language=quick(words),
        author=next((part.author for part in in_order if part.author), ""),
    )


def with_part(parts: Sequence[PostPart], post: PostPart) -> list[PostPart]:
    """Return the parts of an album with *post*, in the place of its earlier version if any."""
    if all(part.message_id != post.message_id for part in parts):
        return [*parts, post]
    return [post if part.message_id == post.message_id else part for part in parts]


LONGEST_POST_TITLE: Final = 150  # characters
_ENOUGH: Final = 20  # characters, below which the next sentence belongs to the title too
_READ: Final = 2_000  # characters in which the title is looked for
_TAG_OR_ADDRESS: Final = re.compile(r"[#@]\w+|(?:https?://|www\.|t\.me/)\S+", re.IGNORECASE)
_HAS_WORD: Final = re.compile(r"[^\W_]")
_CUT: Final = "\N{HORIZONTAL ELLIPSIS}"


def title_and_text(words: str) -> tuple[str, str]:
    """Return the title of a post and the rest of its *words*.

    Lines that only have emoji, hashtags, mentions or addresses are skipped, unless there is no
    other line. If the title had to be cut, the text has all words.
    """
    lines = words[:_READ].split("\n")
    filled = [number for number, line in enumerate(lines) if line.strip()]
    if not filled:
        return "", ""
    at = next((number for number in filled if _tells_something(lines[number])), filled[0])
    line = lines[at]
    end = _end_of_title(line)
    if not end:
        return _cut(_on_one_line(line)), words
    start = sum(len(each) + 1 for each in lines[:at])
    before, after = words[:start].rstrip(), words[start + end :].lstrip()
    return _on_one_line(line[:end]), tidy("\n".join(filter(None, (before, after))))


def _tells_something(line: str) -> bool:
    return _HAS_WORD.search(_TAG_OR_ADDRESS.sub("", line)) is not None


def _end_of_title(line: str) -> int:
    """Return where the title in *line* ends; 0 if its first sentence is too long for one."""
    end = 0
    for _start, stop in sentences(line):
        if stop > LONGEST_POST_TITLE or end >= _ENOUGH:
            break
        end = stop
    return end


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _cut(text: str) -> str:
    """Cut *text* at its last word that fits; in a script without blanks anywhere."""
    if len(text) <= LONGEST_POST_TITLE:
        return text
    room = LONGEST_POST_TITLE - len(_CUT)
    head = text[: room + 1].rpartition(" ")[0] or text[:room]
    return head.rstrip(" ,;:\u2013\u2014-") + _CUT
