"""What words are worth: by how few of the stories of the last days have them.

Names tell events apart, so a word that is always written as one is worth twice as much. Stories
are counted and not articles, so that an event which everybody tells does not make its own name a
common word.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.sources.stories.centre import Centre

# A word in more titles than this leads to none of their stories: they would be compared in vain.
LISTED: Final = 32
# A word that stands in more stories than the 0.85th power of their number is worth nothing.
_COMMON: Final = 0.15
_HALF: Final = 0.5  # a word that no other story has is rare, not infinitely so
# By the number of stories; what stands in more than that is common anyway.
_RARE: Final = [-log(count + _HALF) for count in range(8_192)]
_MOST_COUNTED: Final = len(_RARE) - 1


class Word:
    """*stories* are those that have it in a title, the oldest first; None: too many.

    *elsewhere* is how many stories of another vocabulary had it when it was met. *rare* is the
    negative logarithm of how many they are, *rare_but_one* that of one less, and *weight* grows
    from 1 up to 2, for what is always written as a name.
    """

    __slots__ = (
        "count", "elsewhere", "named", "rare", "rare_but_one", "seen", "stories", "text", "weight",
    )  # fmt: skip

    def __init__(self, text: str, elsewhere: int = 0) -> None:
        self.text = text
        self.elsewhere = elsewhere
        self.count = self.seen = self.named = 0
        self.rare = self.rare_but_one = _rarity(elsewhere)
        self.weight = 1.0
        self.stories: list[Centre] | tuple[()] | None = ()


def _rarity(stories: int) -> float:
    return _RARE[min(max(stories, 0), _MOST_COUNTED)]


class Vocabulary:
    """Of a few stories no word can be told common: *base* counts many more, and is not changed."""

    def __init__(self, base: Vocabulary | None = None) -> None:
        self._base = base
        self._words: dict[str, Word] = {}
        self.rarest = 0.0
        self.stories = 0

    @property
    def stories(self) -> int:
        return self._stories

    @stories.setter
    def stories(self, number: int) -> None:
        """A word with so many stories is worth `rarest + rare`, if that is above nothing."""
        self._stories = number
        elsewhere = self._base.stories if self._base else 0
        self.rarest = (1 - _COMMON) * log(number + elsewhere + 2)

    def mark(self, texts: Iterable[str], mark: int, marks: dict[Word, int]) -> None:
        """Enter the words in *marks*, those that are new among them; they were seen once more."""
        known = self._words.get
        for text in texts:
            word = known(text)
            if word is None:
                word = self._words[text] = self._met(text)
            word.seen += 1
            if word.named:
                word.weight = 1 + word.named / word.seen
            marks[word] = mark

    def read(self, texts: Iterable[str], mark: int, marks: dict[Word, int]) -> None:
        """Enter the words in *marks* and leave all as it is: they are not counted, nor kept."""
        for text in texts:
            marks[self._words.get(text) or self._met(text)] = mark

    def _met(self, text: str) -> Word:
        known = self._base and self._base._words.get(text)  # noqa: SLF001 - another of this class
        return Word(text, known.count if known else 0)

    def note_names(self, texts: Iterable[str]) -> None:
        """Of what was just seen, count once more what is written as a name."""
        for text in texts:
            if word := self._words.get(text):
                word.named += 1
                word.weight = 1 + word.named / word.seen

    def enter(self, words: Iterable[Word]) -> None:
        """Count one more story that has them."""
        for word in words:
            word.count += 1
            word.rare_but_one = word.rare
            word.rare = _rarity(word.count + word.elsewhere)

    def list_under(self, words: Iterable[Word], story: Centre) -> None:
        """Let them lead to the story."""
        for word in words:
            if word.stories is None or (story.words and story in word.stories):
                continue
            if not word.stories:
                word.stories = [story]
            elif len(word.stories) < LISTED:
                word.stories.append(story)
            else:
                word.stories = None

    def leave(self, words: Iterable[Word], story: Centre) -> None:
        for word in words:
            word.count -= 1
            word.rare = _rarity(word.count + word.elsewhere)
            word.rare_but_one = _rarity(word.count + word.elsewhere - 1)
            if word.stories and story in word.stories:
                word.stories.remove(story)
            if not word.count:
                self._words.pop(word.text, None)
