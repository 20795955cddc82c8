"""The texts of the last days, to be found by their passages."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from bot.sources.stories.centre import Centre
from bot.sources.stories.sketch import is_same_text

# A passage in more texts than this is a notice that stands under all of them.
_COMMON: Final = 24


@dataclass(eq=False, slots=True)
class _Text:
    story: Centre
    passages: tuple[int, ...]


@dataclass(eq=False, slots=True)
class Texts:
    # Nearly every passage is in one text only; a list for each would be most of what the
    # garbage collector has to look through.
    _by_passage: dict[int, _Text | list[_Text]] = field(default_factory=dict)
    _of_story: dict[int, list[_Text]] = field(default_factory=dict)

    def alike(self, passages: tuple[int, ...]) -> list[Centre]:
        """Return the stories that have the same text, the most alike first."""
        known = self._by_passage
        if known.keys().isdisjoint(passages):
            return []
        found = [known[passage] for passage in passages if passage in known]
        counted: Counter[_Text] = Counter()
        for texts in found:
            if isinstance(texts, _Text):
                counted[texts] += 1
            elif len(texts) <= _COMMON:
                counted.update(texts)
        return [
            text.story
            for text, common in counted.most_common()
            if is_same_text(common, len(passages), len(text.passages))
        ]

    def add(self, story: Centre, passages: tuple[int, ...]) -> None:
        if not passages:
            return
        text = _Text(story, passages)
        self._of_story.setdefault(story.story_id, []).append(text)
        known = self._by_passage
        if known.keys().isdisjoint(passages):
            known.update(dict.fromkeys(passages, text))
            return
        for passage in passages:
            texts = known.setdefault(passage, text)
            if texts is text:
                continue
            if isinstance(texts, _Text):
                known[passage] = [texts, text]
            elif len(texts) <= _COMMON:
                texts.append(text)

    def forget(self, story: Centre) -> None:
        for text in self._of_story.pop(story.story_id, ()):
            self._drop(text)

    def take(self, story: Centre, passages: tuple[int, ...]) -> None:
        """Forget that it has this one of its texts."""
        texts = self._of_story.get(story.story_id, [])
        for text in [text for text in texts if text.passages is passages]:
            texts.remove(text)
            self._drop(text)

    def _drop(self, text: _Text) -> None:
        for passage in text.passages:
            texts = self._by_passage.get(passage)
            if texts is text:
                del self._by_passage[passage]
            elif isinstance(texts, list) and text in texts:
                texts.remove(text)
                if not texts:
                    del self._by_passage[passage]
