"""The message of an alert, rendered once for all chats that see the same."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.matching.snippet import Snippet
from bot.publishing.excerpts import excerpt
from bot.publishing.pages import alert_page
from bot.publishing.selection import Story, Topic
from bot.rendering.messages import Message
from bot.rendering.renderer import Renderer
from storage.alerts import AlertListener
from storage.articles import Article


@dataclass(frozen=True, slots=True)
class Wording:
    """*now* is when the alert is made: what is said later about it keeps its time as it was."""

    renderer: Renderer
    article: Article
    now: datetime
    _known: dict[object, Message] = field(default_factory=dict)

    def message(
        self, ours: Sequence[AlertListener], outlets: Sequence[str], *, is_chapter: bool
    ) -> Message:
        """Return what one chat, for whose topics *ours* stands, is told."""
        renderer = self.renderer.of(ours[0].language)
        told = (renderer.language.code, ours[0].zone, tuple(outlets), is_chapter)
        look = (*told, tuple((o.topic, o.query) for o in ours))
        if look not in self._known:
            story = replace(story_of(self.article, outlets), is_chapter=is_chapter)
            self._known[look] = self._rendered(renderer, ours, story)
        return self._known[look]

    def _rendered(self, renderer: Renderer, ours: Sequence[AlertListener], story: Story) -> Message:
        topics, snippet = self._why(ours)
        return alert_page(renderer, story, topics, snippet, zone=ours[0].zone, now=self.now)

    def _why(self, ours: Sequence[AlertListener]) -> tuple[list[Topic], Snippet]:
        """Return the topics that are hit, and where."""
        text = self.article.text or self.article.summary
        queries = tuple(dict.fromkeys(one.query for one in ours))
        topics = [Topic(one.topic_id, one.topic) for one in ours]
        return topics, excerpt(self.article.title, text, queries)


def story_of(article: Article, outlets: Sequence[str]) -> Story:
    return Story(
        id=article.story_id,
        article_id=article.id,
        title=article.title,
        url=article.url,
        publishers=tuple(outlets),
        news_at=article.news_at,
        published=article.published_at or article.published_on,
    )
