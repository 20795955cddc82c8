"""Character references of Telegram's HTML: four names, and numbers of at most nine characters."""

import re

_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(r"&(?:#(?:x([0-9a-fA-F]*)|([0-9]*))|([a-zA-Z]*));?")
_HIGHEST = 0x10FFFF
_LONGEST = 10


def decode_character(source: str, at: int) -> tuple[str, int]:
    """The character that the reference at *at* stands for ("" if none), and where it ends."""
    found = _REFERENCE.match(source, at)
    if found is None:
        return "", at + 1
    if found[3] is not None:
        named = _NAMED.get(found[3], "")
        return named, found.end() if named else at + 1
    code = int(found[1] or "0", 16) if found[1] is not None else int(found[2] or "0")
    too_long = len(found[0].rstrip(";")) >= _LONGEST
    if code == 0 or code >= _HIGHEST or too_long:
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
