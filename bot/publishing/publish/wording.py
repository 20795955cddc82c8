"""The message of an alert, rendered once for all chats that see the same."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.publishing.choice import Story, Topic
from bot.publishing.excerpts import excerpt
from bot.publishing.pages import alert_page
from bot.rendering.messages import Message
from bot.rendering.renderer import Renderer
from storage.alerts import Listener
from storage.articles import Article


@dataclass(frozen=True, slots=True)
class Wording:
    """*now* is when the alert is made: what is said later about it keeps its time as it was."""

    renderer: Renderer
    article: Article
    now: datetime
    _known: dict[object, Message] = field(default_factory=dict)

    def message(self, ours: Sequence[Listener], outlets: Sequence[str]) -> Message:
        """Return what one chat, for whose topics *ours* stands, is told."""
        zone = ours[0].zone
        look = (zone, tuple(outlets), tuple((one.topic, one.query) for one in ours))
        if look not in self._known:
            self._known[look] = self._rendered(ours, story_of(self.article, outlets), zone)
        return self._known[look]

    def _rendered(self, ours: Sequence[Listener], story: Story, zone: str) -> Message:
        text = self.article.text or self.article.summary
        return alert_page(
            self.renderer,
            story,
            [Topic(one.topic_id, one.topic) for one in ours],
            excerpt(self.article.title, text, tuple(dict.fromkeys(one.query for one in ours))),
            zone=zone,
            now=self.now,
        )


def story_of(article: Article, outlets: Sequence[str]) -> Story:
    return Story(
        id=article.story_id,
        article_id=article.id or 0,
        title=article.title,
        url=article.url,
        outlets=tuple(outlets),
        news_at=article.news_at,
        published=article.published_at or article.published_on,
    )
