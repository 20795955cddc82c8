"""An endless stream of articles of invented words, whose frequencies are those of a language.

A fifth of the articles report the event of an earlier one, with some of its words.
"""

import random
from collections.abc import Iterator
from itertools import accumulate

from bot.sources.stories.clustering import NewsArticle

VOCABULARY = 60_000
SOURCES = 500
SECONDS_APART = 2.0  # 43,000 a day: 100,000 are well within three days
_REPORTED_AGAIN = 0.2
_TITLE, _LEAD, _TEXT = 9, 36, 420  # words


def articles(*, seed: int = 1, full_text: bool = False) -> Iterator[NewsArticle]:
    chance = random.Random(seed)
    words = [_word(number) for number in range(VOCABULARY)]
    weights = list(accumulate(1 / (rank + 3) for rank in range(VOCABULARY)))
    events: list[list[str]] = []
    number = 0
    while True:
        event = chance.choices(words, cum_weights=weights, k=12)
        if events and chance.random() < _REPORTED_AGAIN:
            event = chance.choice(events[-200:])
        else:
            events = [*events[-200:], event]
        title = chance.sample(event, 5) + chance.choices(words, cum_weights=weights, k=_TITLE - 5)
        lead = chance.sample(event, 8) + chance.choices(words, cum_weights=weights, k=_LEAD - 8)
        more = chance.choices(words, cum_weights=weights, k=_TEXT) if full_text else []
        yield NewsArticle(
            story_id=number,
            at=number * SECONDS_APART,
            publishers=frozenset({f"source {chance.randrange(SOURCES)}"}),
            title=" ".join(title).capitalize(),
            lead=" ".join(lead).capitalize() + ".",
            text=" ".join((*lead, *more)),
        )
        number += 1


def _word(number: int) -> str:
    """Return a word; frequent words are short."""
    rest, word = number + 7, ""
    while rest:
        word += "bcdfghklmnprstvz"[rest % 16] + "aeiou"[rest // 16 % 5]
        rest //= 80
    return word + "nst"[number % 3]
