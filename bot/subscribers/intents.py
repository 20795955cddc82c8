"""What a message wants from the bot itself: to be stopped, explained, set to another time.

The file of each language has the phrases of each intent, and `bot.text.phrases` finds them. An
intent is certain if the rest of the message says nothing else. Otherwise the message may be about
the news as well: `stop smoking`, `privacy law Europe`.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from bot.languages import all_words
from bot.languages import words as words_of
from bot.text.phrases import Element, PhraseTable, elements, scattered, with_particles, words_in


class Intent(StrEnum):
    """An intent by its section of `bot/languages`, which is also its block of `chat/intents.html`.

    If a message has two, the one with more words counts, else the first of these.
    """

    GREETING = "greetings"
    THANKS = "thanks"
    ASSENT = "assents"
    CANCEL = "asks_to_cancel"
    MUTE = "asks_to_mute"
    UNSUBSCRIBE = "asks_to_unsubscribe"
    STOP = "asks_to_stop"
    WHY_NOT = "asks_why_not"
    TIME = "asks_for_time"
    LANGUAGE = "asks_for_language"
    ZONE = "asks_for_zone"
    EMAIL = "asks_for_email"
    DELETION = "asks_for_deletion"
    EXPORT = "asks_for_export"
    PRIVACY = "asks_for_privacy"
    COST = "asks_for_cost"
    FEED = "asks_for_feed"
    SOURCES = "asks_for_sources"
    QUERIES = "asks_for_queries"
    TOPICS = "asks_for_topics"
    FEEDBACK = "asks_for_feedback"
    HELP = "asks_for_help"

    @property
    def lists_topics(self) -> bool:
        """Whether its answer has buttons for the topics of the chat."""
        return self in {Intent.UNSUBSCRIBE, Intent.MUTE}


# They mean the bot only if they are the whole message, and then even as a single word.
# Those of small talk may stand together: `ok, thanks`. The first of them counts.
SMALL_TALK: Final = (Intent.THANKS, Intent.GREETING, Intent.ASSENT)
ALONE: Final = frozenset({*SMALL_TALK, Intent.CANCEL})
_CERTAIN_ALONE: Final = ALONE | {Intent.STOP, Intent.HELP}
_OBJECT: Final = "…"  # behind a phrase that names what it is about: `unsubscribe … from Taiwan`
_NEEDED: Final = "!"  # behind that sign, if it must be named: `no more … Taiwan`


@dataclass(frozen=True, slots=True)
class FoundIntent:
    """*places*: the words of its phrase. *is_certain*: the message cannot mean the news."""

    intent: Intent
    places: frozenset[int]
    is_certain: bool


@dataclass(frozen=True, slots=True)
class _Phrase:
    intent: Intent
    words: tuple[Element, ...]
    has_object: bool
    needs_object: bool

    def vocabulary(self) -> Iterator[str]:
        for element in self.words:
            yield from ("-".join(alternative) for alternative in element if alternative)

    def may_be_in(self, words: AbstractSet[str]) -> bool:
        """Return quickly whether the phrase may be among *words*."""
        return all(
            any(
                not alternative or alternative[0].endswith("*") or alternative[0] in words
                for alternative in element
            )
            for element in self.words
        )


def whole_intent(text: str) -> Intent | None:
    """Return the intent of a *text* that is one of its phrases, or small talk, in any language."""
    words = tuple(word.folded for word in words_in(text))
    found = _whole_messages().longest(words, 0) if words else None
    if found and found[0] == len(words):
        return found[1]
    said: set[Intent] = set()
    at = 0
    while at < len(words):
        found = _small_talk().longest(words, at)
        if not found:
            return None
        said.add(found[1])
        at += found[0]
    return next((intent for intent in SMALL_TALK if intent in said), None)


@cache
def _whole_messages() -> PhraseTable[Intent]:
    return PhraseTable({intent: all_words(intent) for intent in Intent if intent in _CERTAIN_ALONE})


@cache
def _small_talk() -> PhraseTable[Intent]:
    return PhraseTable({intent: all_words(intent) for intent in SMALL_TALK})


def find_intent(
    words: Sequence[str],
    language: str,
    empty: AbstractSet[int],
    neutral: AbstractSet[int],
    *,
    is_sentence: bool,
    tolerated: AbstractSet[int] = frozenset(),
) -> FoundIntent | None:
    """Return the intent of a message with these folded *words*; None if it has none.

    *empty*: the places of words that mean nothing alone. *neutral*: these, and those that speak of
    the bot. *is_sentence*: whether somebody speaks, rather than lists keywords. *tolerated*: those
    of which one may remain.
    """
    best: FoundIntent | None = None
    most = (False, 0, 0)
    spoken = neutral
    if is_sentence:
        neutral = neutral | set(_known(words, language))
    for phrase, places in _phrases_in(words, language):
        if phrase.intent in ALONE or (phrase.intent is Intent.HELP and not is_sentence):
            continue
        rest = set(range(len(words))) - places - neutral
        if phrase.needs_object and not (rest and _denies(phrase, words, language)):
            continue
        is_clear = is_sentence or len(phrase.words) > 1
        is_alone = not rest or (len(rest) == 1 and rest <= tolerated)
        is_certain = is_clear and (is_alone or phrase.has_object)
        unsaid = len(set(range(len(words))) - places - spoken)
        rank = is_certain, -unsaid, len(places - empty)
        if (is_certain or places - neutral) and (best is None or rank > most):
            best, most = FoundIntent(phrase.intent, places, is_certain), rank
    return best


def _denies(phrase: _Phrase, words: Sequence[str], language: str) -> bool:
    """Return whether a `no` stands before what it denies, unless one does not want to miss it."""
    first, last = scattered(phrase.words[:1], words), scattered(phrase.words[1:2], words)
    is_miss = any(
        scattered(elements(word), words) for word in words_of("not_to_miss").get(language, ())
    )
    return not is_miss and (not last or min(first) < max(last))


def _phrases_in(words: Sequence[str], language: str) -> Iterator[tuple[_Phrase, frozenset[int]]]:
    every = frozenset(words)
    for phrase in _phrases().get(language, ()):
        if phrase.may_be_in(every) and (places := scattered(phrase.words, words)):
            yield phrase, places


def _known(words: Sequence[str], language: str) -> Iterator[int]:
    """Yield the places of words that are in a phrase of any intent."""
    table = _vocabulary().get(language)
    for at in range(len(words) if table else 0):
        if table and (found := table.longest(words, at)):
            yield from range(at, at + found[0])


@cache
def _vocabulary() -> Mapping[str, PhraseTable[bool]]:
    """Return the words of all phrases by language code."""
    return {
        code: PhraseTable({True: (one for phrase in phrases for one in phrase.vocabulary())})
        for code, phrases in _phrases().items()
    }


def small_talk_in(words: Sequence[str], content: AbstractSet[int]) -> Intent | None:
    """Return the intent of small talk among *words*; None if words of the *content* are no part."""
    said: set[Intent] = set()
    places: set[int] = set()
    for at in range(len(words)):
        if found := _anywhere().longest(words, at):
            said.add(found[1])
            places.update(range(at, at + found[0]))
    if not content <= places:
        return None
    return next((intent for intent in (Intent.CANCEL, *SMALL_TALK) if intent in said), None)


@cache
def _anywhere() -> PhraseTable[Intent]:
    return PhraseTable({intent: all_words(intent) for intent in (Intent.CANCEL, *SMALL_TALK)})


@cache
def _phrases() -> Mapping[str, Sequence[_Phrase]]:
    """Return the phrases of all intents by language code."""
    found: dict[str, list[_Phrase]] = {}
    for intent in Intent:
        for code, written in words_of(intent).items():
            for one in written:
                optional = one.removesuffix(_NEEDED)
                bare = optional.removesuffix(_OBJECT)
                found.setdefault(code, []).append(
                    _Phrase(
                        intent,
                        with_particles(elements(bare)),
                        has_object=bare != optional,
                        needs_object=optional != one,
                    )
                )
    return found
