"""Parses Telegram's HTML into text and entities, with Telegram's errors.

Offsets in errors count bytes of UTF-8, as Telegram does. A tag is closed by its own name or by
`</>`. Unknown attributes are ignored. The only named references are `lt gt amp quot`.
"""

import re
from dataclasses import dataclass, replace

from bot.playground.errors import ApiError, cannot_parse
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

_STYLES = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline",
    "ins": "underline", "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough",
    "tg-spoiler": "spoiler", "span": "spoiler",
}  # fmt: skip
_NAMES = {*_STYLES, "a", "tg-emoji", "tg-time", "pre", "code", "blockquote"}

_WORDS = re.compile(r"[^<]+")
_NAME = re.compile(r"[^\s>]*")
_ATTRIBUTE = re.compile(r"[^\s=>/\"']*")
_TOKEN = re.compile(r"[A-Za-z0-9.-]*")
_BLANK = re.compile(r"\s*")
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_USER_LINK = re.compile(r"tg://user\?id=([0-9]{1,18})$")
_EMOJI_ID = re.compile("0*[1-9][0-9]{0,18}")
_SURROGATE = re.compile("[\ud800-\udfff]")

Facts = tuple[tuple[str, object], ...]


def parse_html(source: str) -> tuple[str, list[MessageEntity]]:
    parser = _Parser(source)
    parser.parse()
    if parser.open:
        name = parser.open[-1][0].name
        raise cannot_parse(f'Can\'t find end tag corresponding to start tag "{name}"')
    if _SURROGATE.search(parser.text):
        raise cannot_parse(
            "Text contains invalid Unicode characters after decoding HTML entities, "
            "check for unmatched surrogate code units"
        )
    entities = [
        # Inline code has no language; only a block has one.
        replace(entity, facts=()) if entity.type == "code" else entity
        for entity in parser.entities
    ]
    return parser.text, sorted(entities, key=lambda entity: entity.order)


def _decoded(source: str) -> str:
    return _REFERENCE.sub(_character, source)


def _character(reference: re.Match[str]) -> str:
    """Return the character of a reference, or the reference itself if it is invalid."""
    hexadecimal, decimal, name = reference.groups()
    if name is not None:
        return _NAMED.get(name, reference[0])
    if len(reference[0].rstrip(";")) >= _LONGEST:
        return reference[0]
    code = int(hexadecimal or "0", 16) if hexadecimal is not None else int(decimal or "0")
    return chr(code) if 0 < code < _HIGHEST else reference[0]


@dataclass(slots=True)
class _Tag:
    """*argument* is the link, language, emoji or date format, or "1" for an expandable quote."""

    name: str
    argument: str = ""
    unix: int = 0

    def set(self, attribute: str, value: str) -> None:
        match self.name, attribute:
            case ("a", "href") | ("tg-emoji", "emoji-id") | ("tg-time", "format"):
                self.argument = value
            case "code", "class" if value.startswith("language-"):
                self.argument = value.removeprefix("language-")
            case "span", "class" if value.startswith("tg-"):
                self.argument = value.removeprefix("tg-")
            case "blockquote", "expandable":
                self.argument = "1"
            case "tg-time", "unix":
                digits = _INTEGER.match(value)
                self.unix = int(digits[0]) if digits else 0


class _Parser:
    """Reads *source* from `at` on."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.text = ""
        self.entities: list[MessageEntity] = []
        self.open: list[
            tuple[_Tag, int, int]
        ] = []  # open tags, each with its offset in UTF-16 and in `text`

    def parse(self) -> None:
        while self.at < len(self.source):
            if words := self.take(_WORDS):
                self.text += _decoded(words)
            elif self.source.startswith("</", self.at):
                self.end_tag()
            else:
                self.open.append((self.start_tag(), utf16_length(self.text), len(self.text)))

    def take(self, pattern: re.Pattern[str]) -> str:
        """Consume the match of *pattern* here, perhaps empty, and return it."""
        found = pattern.match(self.source, self.at)
        taken = found[0] if found else ""
        self.at += len(taken)
        return taken

    def byte_offset(self, at: int) -> int:
        return len(self.source[:at].encode("utf-8", "surrogatepass"))

    def require_more(self, error: str) -> None:
        if self.at >= len(self.source):
            raise cannot_parse(error)

    def start_tag(self) -> _Tag:
        where = f"at byte offset {self.byte_offset(self.at)}"
        self.at += 1
        tag = _Tag(self.take(_NAME).lower())
        self.require_more(f"Unclosed start tag {where}")
        if tag.name not in _NAMES:
            raise cannot_parse(f'Unsupported start tag "{tag.name}" {where}')
        self.take(_BLANK)
        while not self.source.startswith(">", self.at):
            self.attribute(tag, where)
            self.take(_BLANK)
        self.at += 1
        if tag.name == "span" and tag.argument != "spoiler":
            raise cannot_parse(f'Tag "span" must have class "tg-spoiler" {where}')
        return tag

    def attribute(self, tag: _Tag, where: str) -> None:
        name = self.take(_ATTRIBUTE)
        if not name:
            raise cannot_parse(f'Empty attribute name in the tag "{tag.name}" {where}')
        self.take(_BLANK)
        self.require_more(f'Unclosed start tag "{tag.name}" {where}')
        value = ""
        if self.source[self.at] == "=":
            self.at += 1
            self.take(_BLANK)
            self.require_more(f'Unclosed start tag "{tag.name}" {where}')
            value = self.value()
            self.require_more(f"Unclosed start tag {where}")
        tag.set(name, value)

    def value(self) -> str:
        start, quote = self.at, self.source[self.at]
        if quote in "\"'":
            end = self.source.find(quote, start + 1)
            self.at = end + 1 if end >= 0 else len(self.source)
            return _decoded(self.source[start + 1 : end])
        token = self.take(_TOKEN)
        after = self.source[self.at : self.at + 1]
        if after and after != ">" and not after.isspace():
            at = self.byte_offset(start)
            raise cannot_parse(f"Unexpected end of name token at byte offset {at}")
        return token.lower()

    def end_tag(self) -> None:
        where = f"at byte offset {self.byte_offset(self.at)}"
        if not self.open:
            raise cannot_parse(f"Unexpected end tag {where}")
        tag, units, offset = self.open.pop()
        self.at += 2
        name = self.take(_NAME).lower()
        self.take(_BLANK)
        if not self.source.startswith(">", self.at):
            raise cannot_parse(f"Unclosed end tag {where}")
        if name and name != tag.name:
            raise cannot_parse(
                f'Unmatched end tag {where}, expected "</{tag.name}>", found "</{name}>"'
            )
        self.at += 1
        length = utf16_length(self.text) - units
        if not length:
            return
        if tag.name in {"pre", "code"}:
            self.add_code(tag, units, length)
        elif found := _entity_of(tag, self.text[offset:]):
            kind, facts = found
            self.entities.append(MessageEntity(kind, units, length, facts))

    def add_code(self, tag: _Tag, offset: int, length: int) -> None:
        """Join `pre` and `code class="language-x">`, nested either way, into one block."""
        language: Facts = (("language", tag.argument),) if tag.argument else ()
        last = self.entities[-1] if self.entities else None
        if (
            last
            and (last.offset, last.length) == (offset, length)
            and {last.type, tag.name} == {"pre", "code"}
            and (joined := last.facts if tag.name == "pre" else language)
        ):
            self.entities[-1] = MessageEntity("pre", offset, length, joined)
        else:
            facts = language if tag.name == "code" else ()
            self.entities.append(MessageEntity(tag.name, offset, length, facts))


def _entity_of(tag: _Tag, inside: str) -> tuple[str, Facts] | None:
    """Return the type and the further fields of the entity; None if the tag makes none."""
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
    try:
        facts = checked_date_format(tag.argument)
    except ApiError:
        raise cannot_parse("Invalid date-time format specified") from None
    return ("date_time", (("unix_time", tag.unix), *facts.items())) if tag.unix > 0 else None


def _link(url: str) -> tuple[str, Facts] | None:
    """Return the entity of a link; an invalid URL makes none here, unlike in a given entity."""
    if user := _USER_LINK.match(url):
        return "text_mention", (("user", {"id": int(user[1])}),)
    try:
        return "text_link", (("url", checked_url(url)),)
    except ApiError:
        return None
