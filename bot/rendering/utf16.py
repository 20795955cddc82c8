"""Counting as Telegram counts: UTF-16 code units."""


def units(text: str) -> int:
    """Return how many UTF-16 code units *text* takes; characters beyond U+FFFF take two."""
    return len(text) if text.isascii() else len(_bytes(text)) // 2


def index_of(text: str, offset: int) -> int:
    """Return the index into *text* of the UTF-16 *offset*, which must not split a character."""
    return len(_bytes(text)[: offset * 2].decode("utf-16-le", "surrogatepass"))


def cut(text: str, offset: int, length: int) -> str:
    return _bytes(text)[offset * 2 : (offset + length) * 2].decode("utf-16-le", "surrogatepass")


def _bytes(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")
