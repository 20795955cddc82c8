"""Finds faults in a catalogue, message by message."""

import re
from collections.abc import Iterator
from functools import cache
from gettext import c2py

from babel.messages.catalog import Catalog, Message
from babel.messages.plurals import get_plural

from bot.rendering.i18n import Language
from tests.catalogues.alike import EVERYWHERE, IN

_PLACE = re.compile(r"%\((\w+)\)s")
_TAG = re.compile(r"</?\w+>")
_COMMAND = re.compile(r"/[a-z_]+")
_COUNTED = frozenset({"count", "num", "left"})  # the names of the number in plural messages


def gaps(catalog: Catalog, messages: Catalog) -> Iterator[str]:
    """Yield the untranslated messages of *catalog*, and those that no template uses."""
    ids = {message.id for message in messages if message.id}
    yield from (f"is not translated: {one}" for one in ids if one not in catalog)
    yield from (f"is not translated: {one.id}" for one in catalog if is_missing(one))
    yield from (f"is said no more: {one.id}" for one in catalog if one.id and one.id not in ids)


def faults(catalog: Catalog, language: Language) -> Iterator[str]:
    """Yield the faults in the translations of *catalog*."""
    plurals = get_plural(language.locale).num_plurals
    for message in catalog:
        if message.id:
            yield from (f"{fault}: {message.id}" for fault in _of(message, language, plurals))


def is_missing(message: Message) -> bool:
    """Return whether a message has no translation, or only a fuzzy one."""
    if not message.id:  # the header
        return False
    strings = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    return message.fuzzy or not all(strings)


def _of(message: Message, language: Language, plurals: int) -> Iterator[str]:
    if is_missing(message):
        return
    strings = _texts(message.string)
    if message.pluralizable and len(strings) != plurals:
        yield f"has {len(strings)} forms instead of {plurals}"
    if _words(strings) == _words(_texts(message.id)) and not _may_be_alike(message, language):
        yield "is the same as in English"
    for form, said in enumerate(strings):
        yield from _mismatches(message, said, _said_of(language, form))


def _mismatches(message: Message, said: str, numbers: tuple[int, ...]) -> Iterator[str]:
    """Yield the placeholders, tags and commands in which *said* differs from the English message.

    A form for the number one needs only the placeholders of the English singular. A form for any
    other single number may leave the number out, because an Arabic dual says "two" by itself.
    """
    one, *_, many = _texts(message.id)[0], *_texts(message.id)
    needed = _places(one) if numbers in ((1,), (0, 1)) else _places(many)
    if message.pluralizable and len(numbers) == 1:
        needed -= _COUNTED
    if unknown := _places(said) - _places(one) - _places(many):
        yield f"has places that are not filled: {sorted(unknown)}"
    if lost := needed - _places(said):
        yield f"leaves out {sorted(lost)}"
    if sorted(_TAG.findall(said)) != sorted(_TAG.findall(many)):
        yield "has other tags"
    if lost := set(_COMMAND.findall(many)) - set(_COMMAND.findall(said)):
        yield f"leaves out {sorted(lost)}"


@cache
def _said_of(language: Language, form: int) -> tuple[int, ...]:
    """Return the numbers below 200 that take this plural form."""
    form_of = c2py(get_plural(language.locale).plural_expr)
    return tuple(number for number in range(200) if form_of(number) == form)


def _may_be_alike(message: Message, language: Language) -> bool:
    known = EVERYWHERE | IN.get(language.code, frozenset())
    said = [text for text in _texts(message.id) if re.search(r"[^\W\d_]", _bare(text))]
    return all(text in known for text in said)


def _words(texts: tuple[str, ...]) -> set[str]:
    return {" ".join(text.split()) for text in texts}


def _places(text: str) -> set[str]:
    return set(_PLACE.findall(text))


def _bare(text: str) -> str:
    return _TAG.sub("", _PLACE.sub("", text))


def _texts(strings: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (strings,) if isinstance(strings, str) else tuple(strings or ())
