"""What a language model made of a story, as a digest shows it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol


class SummarySentence(NamedTuple):
    text: str
    publishers: tuple[str, ...]


class ModelWords(NamedTuple):
    """The translated *title* and *lead* of the shown article, and the *summary* of the story.

    Each may be empty. The original title stays visible below a translated one.
    """

    title: str = ""
    lead: str = ""
    summary: tuple[SummarySentence, ...] = ()

    @property
    def has_passage(self) -> bool:
        """Whether there is something to read instead of the excerpt."""
        return bool(self.lead or self.summary)


class StoredText(Protocol):
    """The columns of a `ModelText`."""

    @property
    def translations(self) -> Mapping[str, Sequence[str]]: ...
    @property
    def summary(self) -> Sequence[tuple[str, Sequence[str]]]: ...


def words_by_story(
    made: Mapping[int, StoredText], shown: Iterable[tuple[int, int, bool]]
) -> dict[int, ModelWords]:
    """Return what a digest shows, by story; *shown* has (story, article, keeps the original)."""
    words = {
        story_id: words_of(made[story_id], article_id, keeps_original=keeps)
        for story_id, article_id, keeps in shown
        if story_id in made
    }
    return {story_id: found for story_id, found in words.items() if found}


def words_of(
    stored: StoredText, article_id: int, *, keeps_original: bool = False
) -> ModelWords | None:
    """Return what a digest shows of *stored*; None if that is nothing.

    *keeps_original*: the reader does not want the topic's headlines translated.
    """
    title, lead = ("", "")
    if not keeps_original:
        title, lead = stored.translations.get(str(article_id)) or ("", "")
    summary = tuple(SummarySentence(text, tuple(names)) for text, names in stored.summary)
    words = ModelWords(title, lead, summary)
    return words if title or words.has_passage else None
