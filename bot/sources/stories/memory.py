"""The stories of the last three days, and the decision which of them a new article tells.

1. The same text: the story that has it.
2. The same event: of the stories whose centre is alike enough the likest, and rather one that
   more articles tell: else an event would fall apart where two outlets begin it at once.

Neither takes an article of another time, nor a second one of an outlet. Only who hardly tells the
story, with a foretaste or a word on the matter, is no more than a guest there: when the outlet's
report comes, the guest leaves and is a story of its own.

What only the seat of its outlet keeps out of a story begins one that continues it: the story moves
on, and that is its next chapter.

What only chats' own feeds carry is remembered apart (`Audiences`): it joins public stories without
any part in them, and nothing public joins what it has begun, so that nobody leads others' news
astray.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from bot.sources.stories.centre import FIRMLY, IN_LEAD, IN_TITLE, WHOLLY, Centre, Guest, likeness
from bot.sources.stories.sketch import sketch
from bot.sources.stories.terms import terms_of
from bot.sources.stories.texts import Texts
from bot.sources.stories.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.sources.stories.articles import Told
    from bot.sources.stories.vocabulary import Word

    # An article's words with their marks, and its sketch.
    _Words = tuple[Mapping[Word, int], tuple[int, ...]]

WINDOW: Final = 3 * 24 * 3600.0  # seconds
ALIKE: Final = 0.16
# Stories are looked for under the rarest words of the article, until there are enough; the
# likeliest are compared.
_RAREST: Final = 12
_ENOUGH: Final = 32
_COUNT: Final = attrgetter("count")
_COMPARED: Final = 3
# About 1.5 KB each, 5 KB with a full text; where more come in three days, the window is shorter.
MOST_STORIES: Final = 100_000
_FORGOTTEN: Final = 400  # at once


class Stories:
    """Stories that everybody can see, or all the same chats; *vocabulary* tells words' worth."""

    def __init__(self, most: int = MOST_STORIES, vocabulary: Vocabulary | None = None) -> None:
        self._most = most
        self.vocabulary = vocabulary or Vocabulary()
        self._texts = Texts()
        self._stories: dict[int, Centre] = {}
        self._in_order: deque[Centre] = deque()  # as they were begun
        self._left: list[Guest] = []
        self._continued: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._stories)

    def __contains__(self, story_id: int) -> bool:
        return story_id in self._stories

    def place(self, article: Told) -> int:
        """Return which story the article tells, its own if no other; it is part of that now."""
        words = self._marks(article), sketch(article.text)
        story, alike, before = self._found(article, words)
        if before:
            self._continued[article.story_id] = before.story_id
        self._add(article, story or self._begun(article), alike, words)
        return story.story_id if story else article.story_id

    def join(self, article: Told) -> tuple[int | None, int | None]:
        """Return which story the article tells, if any, or else which one it continues.

        It only takes its seat there: neither the story nor what words are worth changes by it.
        """
        words = self._marks(article, counted=False), sketch(article.text)
        story, _, before = self._found(article, words)
        if story is None:
            return None, before.story_id if before else None
        story.seat(article.outlets)
        return story.story_id, None

    def take_seat(self, article: Told) -> None:
        """Remember that the article joined its story."""
        self._stories[article.story_id].seat(article.outlets)

    def take_left(self) -> list[Guest]:
        """Return who has left a story since this was asked; each needs one of its own."""
        left, self._left = self._left, []
        return left

    def take_continued(self) -> dict[int, int]:
        """Return the story before it, by each that was begun since this was asked as a chapter."""
        continued, self._continued = self._continued, {}
        return continued

    def begin(self, guest: Guest, story_id: int) -> None:
        """Let who left a story begin that one."""
        article = replace(guest.article, story_id=story_id)
        self._add(article, self._begun(article), WHOLLY, (guest.marks, guest.passages))

    def remember(self, article: Told) -> None:
        """Take in an article whose story was decided before."""
        marks, passages = self._marks(article), sketch(article.text)
        story, alike = self._stories.get(article.story_id), WHOLLY
        if story and story not in self._texts.alike(passages):
            alike = likeness(marks, story, self.vocabulary, FIRMLY)
        self._add(article, story or self._begun(article), alike, (marks, passages))

    def forget(self, before: float) -> None:
        """Forget the stories that began before that moment, and what is too much.

        A few hundred at once, in some milliseconds: they can be told no more anyway.
        """
        order = self._in_order
        for _ in range(_FORGOTTEN):
            if not order or (order[0].at >= before and len(order) <= self._most):
                break
            story = order.popleft()
            del self._stories[story.story_id]
            self._texts.forget(story)
            self.vocabulary.leave(story.words, story)
        self.vocabulary.stories = len(self._stories)

    def _marks(self, article: Told, *, counted: bool = True) -> dict[Word, int]:
        terms = terms_of(article.title, article.lead, article.names)
        marks: dict[Word, int] = {}
        mark = self.vocabulary.mark if counted else self.vocabulary.read
        mark(terms.title, IN_TITLE, marks)
        mark(terms.lead, IN_LEAD, marks)
        if counted:
            self.vocabulary.note_names(terms.names)
        return marks

    def _found(self, article: Told, words: _Words) -> tuple[Centre | None, float, Centre | None]:
        """Return the story and how alike it is, or else the one that the article continues."""
        marks, passages = words
        same = [story for story in self._texts.alike(passages) if _is_of_time(article, story)]
        if told := next((one for one in same if _has_seat(article, one)), None):
            return told, WHOLLY, None
        likely = self._likely(marks)
        story, alike = self._same_event(article, marks, likely)
        before = None if story else self._before(article, marks, likely, same)
        return story, alike, before

    def _same_event(
        self, article: Told, marks: Mapping[Word, int], likely: Sequence[Centre]
    ) -> tuple[Centre | None, float]:
        """Return the story and how alike it is; None is wholly alike: it begins one."""
        found: tuple[Centre | None, float] = None, WHOLLY
        best = 0.0
        compared = 0
        for story in likely:
            if not (_is_of_time(article, story) and _has_seat(article, story)):
                continue
            alike = likeness(marks, story, self.vocabulary, ALIKE)
            # Of two that are alike enough, reports gather where more of them are already.
            claim = alike * story.articles**0.5
            if alike >= ALIKE and claim > best and story.has_room(article.outlets, alike):
                found, best = (story, alike), claim
            compared += 1
            if compared == _COMPARED:
                break
        return found

    def _before(
        self,
        article: Told,
        marks: Mapping[Word, int],
        likely: Sequence[Centre],
        same: Sequence[Centre],
    ) -> Centre | None:
        """Return the likest story that the article's outlet tells already, or the *same* text."""
        if same:
            return same[0]
        found, best = None, ALIKE
        for story in likely[:_COMPARED]:
            if _has_seat(article, story) or not _is_of_time(article, story):
                continue
            alike = likeness(marks, story, self.vocabulary, best)
            if alike >= best:
                found, best = story, alike
        return found

    def _likely(self, marks: Mapping[Word, int]) -> list[Centre]:
        """Return the stories that share the most of the article's rarest words."""
        known = [word for word in marks if word.stories]
        known.sort(key=_COUNT)
        found: list[Centre] = []
        for word in known[:_RAREST]:
            found += word.stories or ()
            if len(found) >= _ENOUGH:
                break
        if len(set(found)) == len(found):
            return found  # each shares one of them: to count that takes as long as all before
        shared = Counter(found)
        return sorted(shared, key=shared.__getitem__, reverse=True)

    def _begun(self, article: Told) -> Centre:
        story = Centre(article.story_id, article.at)
        self._stories[story.story_id] = story
        self._in_order.append(story)
        self.vocabulary.stories = len(self._stories)
        return story

    def _add(self, article: Told, story: Centre, alike: float, words: _Words) -> None:
        marks, passages = words
        if alike >= FIRMLY:
            for guest in story.seat(article.outlets):
                self._send_away(guest, story)
        else:
            story.guests |= dict.fromkeys(article.outlets, Guest(article.bare, marks, passages))
        story.add(marks, self.vocabulary)
        self._texts.add(story, passages)

    def _send_away(self, guest: Guest, story: Centre) -> None:
        if guest.marks:
            story.lose(guest.marks, self.vocabulary)
            self._texts.take(story, guest.passages)
        self._left.append(guest)


def _is_of_time(article: Told, story: Centre) -> bool:
    """Say whether the story may have such an article, or may be continued by it."""
    return abs(article.at - story.at) <= WINDOW


def _has_seat(article: Told, story: Centre) -> bool:
    return story.seated.isdisjoint(article.outlets)
