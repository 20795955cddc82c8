"""Reads one tag of Telegram's HTML: its name and the one attribute that means something."""

import re
from dataclasses import dataclass

from bot.playground.answers import Refusal, cannot_parse
from bot.playground.html_characters import decode_characters

NAMES = {
    "a", "b", "strong", "i", "em", "s", "strike", "del", "u", "ins", "tg-spoiler", "tg-emoji",
    "tg-time", "span", "pre", "code", "blockquote",
}  # fmt: skip

_NAME_END = re.compile(r"[\s>]|\Z")
_ATTRIBUTE = re.compile(r"\s*([^\s=>/\"']*)\s*")
_TOKEN = re.compile(r"[A-Za-z0-9.-]*")
_BLANK = re.compile(r"\s*")
_INTEGER = re.compile(r"-?\d+")


@dataclass(slots=True)
class Tag:
    """*argument* is the link, language, emoji or date format, or "1" for an expandable quote."""

    name: str
    argument: str = ""
    unix: int = 0


def byte_offset(source: str, at: int) -> int:
    return len(source[:at].encode("utf-8", "surrogatepass"))


def read_start_tag(source: str, start: int) -> tuple[Tag, int]:
    """The tag whose `<` stands at *start*, and the place behind its `>`."""
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
    """The place behind the end tag whose `<` stands at *start*."""
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


def _unclosed(tag: Tag, where: int) -> Refusal:
    return cannot_parse(f'Unclosed start tag "{tag.name}" at byte offset {where}')


def _end_of_name(source: str, at: int) -> int:
    found = _NAME_END.search(source, at)
    return found.start() if found else len(source)


def _skip(source: str, at: int) -> int:
    found = _BLANK.match(source, at)
    return found.end() if found else at
