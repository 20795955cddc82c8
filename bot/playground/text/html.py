"""Reads Telegram's HTML into text and entities, with Telegram's errors in its own words.

Offsets in errors are bytes of UTF-8, as Telegram counts. A tag is closed by its own name or by
`</>`; attributes that mean nothing are overlooked; of character names only `lt gt amp quot` exist.
"""

import re
from dataclasses import dataclass, field

from bot.playground.api.errors import ApiError, bad_request, cannot_parse
from bot.playground.text.entities import (
    MessageEntity,
    checked_date_format,
    checked_url,
    utf16_length,
)

_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(r"&(?:#(?:x([0-9a-fA-F]*)|([0-9]*))|([a-zA-Z]*));?")
_HIGHEST = 0x10FFFF
_LONGEST = 10


def decode_character(source: str, at: int) -> tuple[str, int]:
    """Return the character of the reference at *at* ("" if none), and where it ends."""
    found = _REFERENCE.match(source, at)
    if found is None:
        return "", at + 1
    if found[3] is not None:
        named = _NAMED.get(found[3], "")
        return named, found.end() if named else at + 1
    if len(found[0].rstrip(";")) >= _LONGEST:
        return "", at + 1
    code = int(found[1] or "0", 16) if found[1] is not None else int(found[2] or "0")
    if code == 0 or code >= _HIGHEST:
        return "", at + 1
    return chr(code), found.end()


def decode_characters(source: str) -> str:
    pieces: list[str] = []
    at = 0
    while (mark := source.find("&", at)) >= 0:
        character, end = decode_character(source, mark)
        pieces += [source[at:mark], character or "&"]
        at = end
    return "".join([*pieces, source[at:]])


NAMES = {
    "a", "b", "strong", "i", "em", "s", "strike", "del", "u", "ins", "tg-spoiler", "tg-emoji",
    "tg-time", "span", "pre", "code", "blockquote",
}  # fmt: skip

_NAME_END = re.compile(r"[\s>]|\Z")
_ATTRIBUTE = re.compile(r"\s*([^\s=>/\"']*)\s*")
_TOKEN = re.compile(r"[A-Za-z0-9.-]*")
_BLANK = re.compile(r"\s*")
_INTEGER = re.compile(r"-?[0-9]{1,18}")


@dataclass(slots=True)
class Tag:
    """*argument* is the link, language, emoji or date format, or "1" for an expandable quote."""

    name: str
    argument: str = ""
    unix: int = 0


def byte_offset(source: str, at: int) -> int:
    return len(source[:at].encode("utf-8", "surrogatepass"))


def read_start_tag(source: str, start: int) -> tuple[Tag, int]:
    """Return the tag whose `<` is at *start*, and the offset after its `>`."""
    at = _end_of_name(source, start + 1)
    where = byte_offset(source, start)
    if at == len(source):
        raise cannot_parse(f"Unclosed start tag at byte offset {where}")
    tag = Tag(source[start + 1 : at].lower())
    if tag.name not in NAMES:
        raise cannot_parse(f'Unsupported start tag "{tag.name}" at byte offset {where}')
    at = _skip(source, at)
    while not source.startswith(">", at):
        at = _skip(source, _read_attribute(source, at, tag, where))
    if tag.name == "span" and tag.argument != "spoiler":
        raise cannot_parse(f'Tag "span" must have class "tg-spoiler" at byte offset {where}')
    return tag, at + 1


def _read_attribute(source: str, at: int, tag: Tag, where: int) -> int:
    found = _ATTRIBUTE.match(source, at)
    name = found[1] if found else ""
    at = found.end() if found else at
    if not name:
        raise cannot_parse(f'Empty attribute name in the tag "{tag.name}" at byte offset {where}')
    if at == len(source):
        raise _unclosed(tag, where)
    if source[at] != "=":
        _apply(tag, name, "")
        return at
    at = _skip(source, at + 1)
    if at == len(source):
        raise _unclosed(tag, where)
    value, at = _read_value(source, at)
    if at == len(source):
        raise cannot_parse(f"Unclosed start tag at byte offset {where}")
    _apply(tag, name, value)
    return at


def _read_value(source: str, at: int) -> tuple[str, int]:
    quote = source[at]
    if quote in "\"'":
        end = source.find(quote, at + 1)
        if end < 0:
            return "", len(source)
        return decode_characters(source[at + 1 : end]), end + 1
    found = _TOKEN.match(source, at)
    end = found.end() if found else at
    if end < len(source) and source[end] != ">" and not source[end].isspace():
        raise cannot_parse(f"Unexpected end of name token at byte offset {byte_offset(source, at)}")
    return source[at:end].lower(), end


def _apply(tag: Tag, name: str, value: str) -> None:
    match tag.name, name:
        case ("a", "href") | ("tg-emoji", "emoji-id") | ("tg-time", "format"):
            tag.argument = value
        case "code", "class" if value.startswith("language-"):
            tag.argument = value.removeprefix("language-")
        case "span", "class" if value.startswith("tg-"):
            tag.argument = value.removeprefix("tg-")
        case "blockquote", "expandable":
            tag.argument = "1"
        case "tg-time", "unix":
            digits = _INTEGER.match(value)
            tag.unix = int(digits[0]) if digits else 0


def read_end_tag(source: str, start: int, expected: str) -> int:
    """Return the offset after the end tag whose `<` is at *start*."""
    at = _end_of_name(source, start + 2)
    name = source[start + 2 : at].lower()
    at = _skip(source, at)
    where = byte_offset(source, start)
    if not source.startswith(">", at):
        raise cannot_parse(f"Unclosed end tag at byte offset {where}")
    if name and name != expected:
        raise cannot_parse(
            f'Unmatched end tag at byte offset {where}, expected "</{expected}>", found "</{name}>"'
        )
    return at + 1


def _unclosed(tag: Tag, where: int) -> ApiError:
    return cannot_parse(f'Unclosed start tag "{tag.name}" at byte offset {where}')


def _end_of_name(source: str, at: int) -> int:
    found = _NAME_END.search(source, at)
    return found.start() if found else len(source)


def _skip(source: str, at: int) -> int:
    found = _BLANK.match(source, at)
    return found.end() if found else at


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
_USER_LINK = re.compile(r"tg://user\?id=([0-9]{1,18})$")
_EMOJI_ID = re.compile("0*[1-9][0-9]{0,18}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_PIECE = re.compile(r"&|<|[^&<]+")


@dataclass(slots=True)
class _Reading:
    source: str
    text: str = ""
    units: int = 0
    entities: list[MessageEntity] = field(default_factory=list)
    open: list[tuple[Tag, int, int]] = field(default_factory=list)  # tag, UTF-16 and text offset

    def write(self, words: str) -> None:
        self.text += words
        self.units += utf16_length(words)


def parse_html(source: str) -> tuple[str, list[MessageEntity]]:
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
    return reading.text, sorted((_plain_code(entity) for entity in reading.entities), key=_order)


def _order(entity: MessageEntity) -> tuple[int, int, int]:
    return entity.order


def _plain_code(entity: MessageEntity) -> MessageEntity:
    """A language belongs to a block only."""
    return MessageEntity("code", entity.offset, entity.length) if entity.type == "code" else entity


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
        _close(reading, tag, MessageEntity("", units, reading.units - units), reading.text[offset:])
    return end


def _close(reading: _Reading, tag: Tag, covered: MessageEntity, inside: str) -> None:
    if tag.name in {"pre", "code"}:
        _close_code(reading.entities, tag, covered)
        return
    found = _mark_of(tag, inside)
    if found is not None:
        kind, facts = found
        reading.entities.append(MessageEntity(kind, covered.offset, covered.length, facts))


Fields = tuple[tuple[str, object], ...]


def _mark_of(tag: Tag, inside: str) -> tuple[str, Fields] | None:
    if tag.name in _STYLES:
        return _STYLES[tag.name], ()
    match tag.name:
        case "blockquote":
            return ("expandable_blockquote" if tag.argument else "blockquote"), ()
        case "a":
            return _link(tag.argument or inside)
        case "tg-emoji":
            if not _EMOJI_ID.fullmatch(tag.argument):
                raise cannot_parse("Invalid custom emoji identifier specified")
            return "custom_emoji", (("custom_emoji_id", tag.argument),)
        case _:
            return _date(tag)


def _link(url: str) -> tuple[str, Fields] | None:
    """A link that is none is dropped without a word, unlike one given as an entity."""
    if user := _USER_LINK.match(url):
        return "text_mention", (("user", {"id": int(user[1])}),)
    try:
        return "text_link", (("url", checked_url(url)),)
    except ApiError:
        return None


def _date(tag: Tag) -> tuple[str, Fields] | None:
    try:
        facts = checked_date_format(tag.argument)
    except ApiError:
        raise bad_request("can't parse entities: Invalid date-time format specified") from None
    if tag.unix <= 0:
        return None
    return "date_time", (("unix_time", tag.unix), *facts.items())


def _close_code(entities: list[MessageEntity], tag: Tag, covered: MessageEntity) -> None:
    """`<pre><code class="language-x">` is one block with a language, in either order."""
    last = entities[-1] if entities else None
    same = last is not None and (last.offset, last.length) == (covered.offset, covered.length)
    if same and last is not None and {last.type, tag.name} == {"pre", "code"}:
        language = last.facts if tag.name == "pre" else _language(tag)
        if language:
            entities[-1] = MessageEntity("pre", covered.offset, covered.length, language)
            return
    facts = _language(tag) if tag.name == "code" else ()
    entities.append(MessageEntity(tag.name, covered.offset, covered.length, facts))


def _language(tag: Tag) -> Fields:
    return (("language", tag.argument),) if tag.argument else ()
