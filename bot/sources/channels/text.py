"""The title of a channel's post, however the post reached the bot.

A post has no title. The first sentence of its first line with words serves as one; a very short
sentence takes the next one with it. A longer text is cut at a word.
"""

import re
from typing import Final

from bot.sources.feeds.text import tidy
from bot.text.sentences import sentences

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
