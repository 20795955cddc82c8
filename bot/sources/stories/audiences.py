"""The stories of everybody, and those that only some chats can see, each audience apart.

What a chat's own feed carries joins a public story without any part in it, or a story of feeds
that all its readers follow. Else it begins a story among its own readers, which only articles of
the same audience shape.
"""

from collections import defaultdict
from typing import Final, NamedTuple

from bot.sources.stories.articles import Told
from bot.sources.stories.centre import Guest
from bot.sources.stories.memory import Stories
from bot.sources.stories.vocabulary import Vocabulary

# Of one audience: whoever follows a feed without end pushes out what he reads himself.
MOST_PRIVATE: Final = 2_000


class Place(NamedTuple):
    """The story of an article; *is_part*: it is one of those that make it.

    *left*: who left that story for it, and need one of their own. *continued*: the story before
    it, by the story, if the article began one as a chapter.
    """

    story_id: int
    is_part: bool
    left: list[Guest]
    continued: dict[int, int]


class Audiences:
    def __init__(self) -> None:
        self._public = Stories()
        self._private: dict[frozenset[int], Stories] = {}
        self._of_chat: defaultdict[int, set[frozenset[int]]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._public) + sum(map(len, self._private.values()))

    def place(self, article: Told) -> Place:
        """Return which story the article tells, its own if no other."""
        continued: dict[int, int] = {}
        if article.readers is not None:
            joined, before = self._public.join(article)
            wider = iter(self._wider(article.readers))
            while joined is None and (stories := next(wider, None)):
                joined, _ = stories.join(article)
            if joined is not None:
                return Place(joined, False, [], {})  # noqa: FBT003 - a record
            if before is not None:
                continued[article.story_id] = before
        stories = self._stories_of(article.readers)
        story_id = stories.place(article)
        continued |= stories.take_continued()
        return Place(story_id, True, stories.take_left(), continued)  # noqa: FBT003 - a record

    def remember(self, article: Told) -> None:
        """Take in an article whose story was decided before."""
        if article.readers is not None:
            for stories in (self._public, *self._wider(article.readers)):
                if article.story_id in stories:
                    stories.take_seat(article)
                    return
        stories = self._stories_of(article.readers)
        stories.remember(article)
        stories.take_left()  # whoever carries an article since; what was decided stays

    def begin(self, guest: Guest, story_id: int) -> None:
        """Let who left a story begin that one."""
        self._stories_of(guest.article.readers).begin(guest, story_id)

    def forget(self, before: float) -> None:
        """Forget the stories that began before that moment, and what is too much."""
        self._public.forget(before)
        for audience, stories in list(self._private.items()):
            stories.forget(before)
            if not stories:
                del self._private[audience]
                for chat in audience:
                    self._of_chat[chat].discard(audience)
                    if not self._of_chat[chat]:
                        del self._of_chat[chat]

    def _stories_of(self, audience: frozenset[int] | None) -> Stories:
        if audience is None:
            return self._public
        if audience not in self._private:
            self._private[audience] = Stories(MOST_PRIVATE, Vocabulary(self._public.vocabulary))
            for chat in audience:
                self._of_chat[chat].add(audience)
        return self._private[audience]

    def _wider(self, audience: frozenset[int]) -> list[Stories]:
        """Return the stories of the larger audiences of which all of *audience* are."""
        known = self._of_chat.get(min(audience, default=0), ())
        return [self._private[each] for each in known if each > audience]
