"""Reads Telegram's HTML into text and entities, and refuses what Telegram refuses, in its words.

Offsets in refusals are bytes of UTF-8, as Telegram counts. A tag is closed by its own name or by
`</>`; attributes that mean nothing are overlooked; of character names only `lt gt amp quot` exist.
"""

import re
from dataclasses import dataclass, field

from bot.playground.answers import Refusal, bad_request, cannot_parse
from bot.playground.cleaning import utf16_length
from bot.playground.entities import Mark, checked_date_format, checked_url
from bot.playground.html_characters import decode_character
from bot.playground.html_tags import Tag, byte_offset, read_end_tag, read_start_tag

_STYLES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
}
_USER_LINK = re.compile(r"tg://user\?id=(\d+)$")
_SURROGATE = re.compile("[\ud800-\udfff]")
_PIECE = re.compile(r"&|<|[^&<]+")


@dataclass(slots=True)
class _Reading:
    source: str
    text: str = ""
    units: int = 0
    marks: list[Mark] = field(default_factory=list)
    open: list[tuple[Tag, int, int]] = field(default_factory=list)  # tag, UTF-16 and text offset

    def write(self, words: str) -> None:
        self.text += words
        self.units += utf16_length(words)


def parse_html(source: str) -> tuple[str, list[Mark]]:
    reading = _Reading(source)
    at = 0
    while piece := _PIECE.match(source, at):
        at = piece.end()
        if piece[0] == "&":
            at = _character(reading, piece.start())
        elif piece[0] != "<":
            reading.write(piece[0])
        elif source.startswith("/", at):
            at = _end(reading, piece.start())
        else:
            tag, at = read_start_tag(source, piece.start())
            reading.open.append((tag, reading.units, len(reading.text)))
    if reading.open:
        name = reading.open[-1][0].name
        raise cannot_parse(f'Can\'t find end tag corresponding to start tag "{name}"')
    if _SURROGATE.search(reading.text):
        raise cannot_parse(
            "Text contains invalid Unicode characters after decoding HTML entities, "
            "check for unmatched surrogate code units"
        )
    return reading.text, sorted((_plain_code(mark) for mark in reading.marks), key=_order)


def _order(mark: Mark) -> tuple[int, int, int]:
    return mark.order


def _plain_code(mark: Mark) -> Mark:
    """A language belongs to a block only."""
    return Mark("code", mark.offset, mark.length) if mark.type == "code" else mark


def _character(reading: _Reading, at: int) -> int:
    character, end = decode_character(reading.source, at)
    reading.write(character or "&")
    return end


def _end(reading: _Reading, start: int) -> int:
    if not reading.open:
        at = byte_offset(reading.source, start)
        raise cannot_parse(f"Unexpected end tag at byte offset {at}")
    end = read_end_tag(reading.source, start, reading.open[-1][0].name)
    tag, units, offset = reading.open.pop()
    if reading.units > units:
        _close(reading, tag, Mark("", units, reading.units - units), reading.text[offset:])
    return end


def _close(reading: _Reading, tag: Tag, place: Mark, inside: str) -> None:
    if tag.name in {"pre", "code"}:
        _close_code(reading.marks, tag, place)
        return
    found = _mark_of(tag, inside)
    if found is not None:
        kind, facts = found
        reading.marks.append(Mark(kind, place.offset, place.length, facts))


Facts = tuple[tuple[str, object], ...]


def _mark_of(tag: Tag, inside: str) -> tuple[str, Facts] | None:
    if tag.name in _STYLES:
        return _STYLES[tag.name], ()
    match tag.name:
        case "blockquote":
            return ("expandable_blockquote" if tag.argument else "blockquote"), ()
        case "a":
            return _link(tag.argument or inside)
        case "tg-emoji":
            if not tag.argument.isdigit() or int(tag.argument) == 0:
                raise cannot_parse("Invalid custom emoji identifier specified")
            return "custom_emoji", (("custom_emoji_id", tag.argument),)
        case _:
            return _date(tag)


def _link(url: str) -> tuple[str, Facts] | None:
    """A link that is none is dropped without a word, unlike one given as an entity."""
    if user := _USER_LINK.match(url):
        return "text_mention", (("user", {"id": int(user[1])}),)
    try:
        return "text_link", (("url", checked_url(url)),)
    except Refusal:
        return None


def _date(tag: Tag) -> tuple[str, Facts] | None:
    try:
        facts = checked_date_format(tag.argument)
    except Refusal:
        raise bad_request("can't parse entities: Invalid date-time format specified") from None
    if tag.unix <= 0:
        return None
    return "date_time", (("unix_time", tag.unix), *facts.items())


def _close_code(marks: list[Mark], tag: Tag, place: Mark) -> None:
    """`<pre><code class="language-x">` is one block with a language, in either order."""
    last = marks[-1] if marks else None
    same = last is not None and (last.offset, last.length) == (place.offset, place.length)
    if same and last is not None and {last.type, tag.name} == {"pre", "code"}:
        language = last.facts if tag.name == "pre" else _language(tag)
        if language:
            marks[-1] = Mark("pre", place.offset, place.length, language)
            return
    facts = _language(tag) if tag.name == "code" else ()
    marks.append(Mark(tag.name, place.offset, place.length, facts))


def _language(tag: Tag) -> Facts:
    return (("language", tag.argument),) if tag.argument else ()
