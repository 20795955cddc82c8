"""An edition told again in full: nothing is only counted, and the order is what it was."""

from collections.abc import Collection, Sequence

from bot.publishing.choice import Choice, Section, Story, Topic


def retell(topics: Sequence[Topic], stories: Sequence[Story]) -> Choice:
    """Return the whole edition: *topics* and *stories* are all that it had, in its order."""
    new = [story for story in stories if not story.alerted]
    placed: set[int] = set()
    sections = []
    for topic in topics:
        section = _section(topic, new, placed)
        placed |= {story.id for story in section.told}
        sections.append(section)
    return Choice(
        sections=tuple(section for section in sections if section.told or section.above),
        alerted=tuple(story for story in stories if story.alerted),
        stories=len(new),
        outlets=len({outlet for story in new for outlet in story.outlets}),
        all_stories=tuple(stories),
    )


def _section(topic: Topic, stories: Sequence[Story], placed: Collection[int]) -> Section:
    hitting = [story for story in stories if any(hit.topic_id == topic.id for hit in story.hits)]
    return Section(
        topic,
        told=tuple(story for story in hitting if story.id not in placed),
        above=tuple(story for story in hitting if story.id in placed),
    )
