"""Understands a typed text: a query, a sentence with key words, or a question about the bot.

1. A text with syntax (operators, quotes, fields, stars) is a query and stays as it is.
2. A text is a sentence if it asks for news (`show me everything about`), if it is a question, or if
   many of its words mean nothing alone. Its key words are proposed in several ways, of which the
   caller tries each.
3. From any other text, only small words (`to`, `in`) are dropped, and general ones (`news`) beside
   the name of a place.
"""

from dataclasses import dataclass, replace
from typing import Final

from bot.matching.query import QueryError, is_readable
from bot.matching.query.ast import quoted
from bot.matching.query.tokens import TokenKind, tokens
from bot.subscribers.intents import FoundIntent, Intent, small_talk_in, whole_intent
from bot.subscribers.key_words import Choice, choices_in, leaves_out
from bot.subscribers.korean import without_particle
from bot.subscribers.posts import LONG, names_in
from bot.subscribers.text import one_line
from bot.subscribers.word_roles import Reading, WordRole, best_reading, slice_of
from bot.text.phrases import words_in

_LONGEST_SMALL_TALK: Final = 12  # words
_ENDINGS: Final = frozenset({Intent.UNSUBSCRIBE, Intent.STOP})


@dataclass(frozen=True, slots=True)
class Understood:
    """*query*: what to look for; "" if there are *choices*, the best first, or nothing.

    *is_sentence*: the text is not meant as a query. *intent*: what it may want from the bot, and
    whether that is certain.
    """

    query: str = ""
    choices: tuple[Choice, ...] = ()
    is_sentence: bool = False
    found_intent: FoundIntent | None = None

    @property
    def intent(self) -> Intent | None:
        return self.found_intent.intent if self.found_intent else None

    @property
    def is_certain(self) -> bool:
        return self.found_intent is not None and self.found_intent.is_certain


def understand(typed: str, language: str) -> Understood:
    """Understand *typed* in a chat of this *language* (an IETF tag), or in another language."""
    text = one_line(typed)
    if "(" not in text:
        text = text.rstrip(")")  # a smile
    if not text or len(text) > LONG or _has_syntax(text):
        return Understood(text)
    if whole := whole_intent(text):
        return Understood(text, found_intent=FoundIntent(whole, frozenset(), is_certain=True))
    words = words_in(text)
    reading = best_reading(text, words, language.partition("-")[0])
    is_sentence = reading.is_sentence
    found = reading.found_intent
    if found and found.intent in _ENDINGS and leaves_out(reading):
        found = None
    if said := _small_talk(reading):
        return Understood(text, found_intent=FoundIntent(said, frozenset(), is_certain=True))
    if not is_sentence and _is_list_of_names(reading):
        return Understood(text, found_intent=found)
    wanted = _from_sentence(reading) if is_sentence else _from_query(reading)
    return replace(wanted, is_sentence=is_sentence, found_intent=found)


def _is_list_of_names(reading: Reading) -> bool:
    """Return whether each line or part between commas is a name of its own."""
    small = {at for at, role in enumerate(reading.roles) if role} - reading.joined
    return bool(names_in(reading.text)) and not small


def _small_talk(reading: Reading) -> Intent | None:
    """Return the small talk that a short message is made of, unless it asks for something."""
    asks = reading.count(WordRole.ASKING) > 0 or reading.found_intent is not None
    if asks or len(reading.words) > _LONGEST_SMALL_TALK:
        return None
    content = {at for at, role in enumerate(reading.roles) if role is None}
    return small_talk_in([word.folded for word in reading.words], content)


def _has_syntax(text: str) -> bool:
    """Return whether *text* has more than words; so do `and` and `or`, which are words here."""
    try:
        read = list(tokens(text))
    except QueryError:
        return True
    kinds = {TokenKind.TERM, TokenKind.END}
    return any(
        token.kind not in kinds
        or token.prefix
        or token.spelling
        or (token.words and token.typed != text[token.position : token.end])  # in quotes
        for token in read
    )


def _from_query(reading: Reading) -> Understood:
    text = reading.text
    combines = reading.count(WordRole.OR) > 0 or leaves_out(reading)
    if combines and (choices := choices_in(reading)):
        return Understood(choices[0][0])
    if reading.language == "ko" and _without_particles(text) != text:
        return _from_sentence(reading)
    small = {at for at, role in enumerate(reading.roles) if role is WordRole.SMALL}
    general = {at for at, role in enumerate(reading.roles) if role is WordRole.GENERIC}
    rest = set(range(len(reading.words))) - small - general
    is_whole = len(rest) == len(reading.words) and not reading.joined
    if not rest or is_whole:
        return Understood(text)
    bare = _without(reading, small | general)
    if not general or rest <= reading.places:
        return Understood(bare if is_readable(bare) else text)
    whole = _without(reading, small)
    choices = tuple((one,) for one in dict.fromkeys((bare, whole)) if is_readable(one))
    return Understood(choices=choices) if len(choices) > 1 else Understood(text)


def _without_particles(text: str) -> str:
    return " ".join(map(without_particle, text.split()))


def _without(reading: Reading, dropped: set[int]) -> str:
    """Return the text without the words at *dropped* places, and what stands beside them.

    A name with a small word inside is a phrase: `"Bank of Japan" rates`.
    """
    parts: list[list[int]] = []
    for at in range(len(reading.words)):
        if at in dropped:
            continue
        is_same = parts and (parts[-1][-1] in reading.joined) == (at in reading.joined)
        if is_same and parts[-1][-1] == at - 1:
            parts[-1].append(at)
        else:
            parts.append([at])
    written = ((slice_of(reading, part), part[0] in reading.joined) for part in parts)
    return " ".join(quoted(text) if is_name else text for text, is_name in written)


def _from_sentence(reading: Reading) -> Understood:
    choices = choices_in(reading)
    if not choices:
        is_framed = reading.count(WordRole.ASKING) > 0 or reading.found_intent is not None
        return Understood("" if is_framed else reading.text)
    is_one = len(choices) == len(choices[0]) == 1
    return Understood(choices[0][0]) if is_one else Understood(choices=choices)
