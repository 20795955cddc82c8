"""A printed article: a draft with its moment, its dateline and its end mark."""

from dataclasses import dataclass
from datetime import datetime

from bot.playground.newsroom.drafts import Draft, Outlet


@dataclass(frozen=True, slots=True)
class Article:
    """*published* carries the outlet's zone; *paragraphs* have the dateline but no end mark."""

    slug: str
    outlet: Outlet
    title: str
    summary: str
    paragraphs: tuple[str, ...]
    category: str
    story: str | None
    published: datetime

    @property
    def path(self) -> str:
        return f"/news/{self.slug}"

    @property
    def date_line(self) -> str:
        return self.outlet.date_line.say(self.outlet.date_line.line_pattern, self.published)

    @property
    def marked_paragraphs(self) -> tuple[str, ...]:
        return (*self.paragraphs[:-1], f"{self.paragraphs[-1]} {self.outlet.end}")


def print_article(draft: Draft, moment: datetime, number: int = 1) -> Article:
    """Fix every open date of *draft*; *number* counts how often it has been printed."""
    outlet = draft.outlet
    published = moment.astimezone(outlet.zone).replace(microsecond=0)
    paragraphs = [outlet.tongue.fill(paragraph, published) for paragraph in draft.paragraphs]
    summary = paragraphs[0]
    paragraphs[0] = _place(draft, published) + summary
    if number > 1:
        paragraphs.append(outlet.tongue.follow_up.format(number=number))
    return Article(
        slug=draft.slug if number == 1 else f"{draft.slug}-{number}",
        outlet=outlet,
        title=draft.title if number == 1 else f"{draft.title} ({number})",
        summary=summary,
        paragraphs=tuple(paragraphs),
        category=draft.category,
        story=draft.story,
        published=published,
    )


def _place(draft: Draft, published: datetime) -> str:
    outlet = draft.outlet
    return outlet.tongue.say(outlet.place, published, city=draft.city, outlet=outlet.name)
