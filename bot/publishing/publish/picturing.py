"""The picture of a weekly edition: what it shows, drawn elsewhere; and the same in words."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import unescape
from typing import Protocol

from bot.publishing.charts import Band, chart_of
from bot.publishing.pages import Edition, Picture, values_of
from bot.rendering.filters import local, short_weekday
from bot.rendering.renderer import Renderer


class Draws(Protocol):
    async def draw(self, days: Sequence[str], bands: Sequence[Band]) -> bytes | None:
        """Return a PNG, or None where it could not be drawn."""


@dataclass(frozen=True, slots=True)
class Picturing:
    renderer: Renderer
    drawing: Draws | None

    async def pictured(self, edition: Edition) -> Edition:
        """Return a weekly *edition* with its picture, any other as it is."""
        if self.drawing is None or not edition.is_weekly:
            return edition
        topics = [
            (topic, edition.trends[topic.id])
            for topic in edition.watched
            if topic.id in edition.trends
        ]
        chart = chart_of(topics, local(edition.now, edition.plan.zone))
        if chart is None:
            return edition
        renderer = self.renderer.of(edition.language)
        days = [short_weekday(day, renderer.language.locale) for day in chart.days]
        png = await self.drawing.draw(days, [row.band for row in chart.rows])
        if png is None:
            return edition
        template = renderer.environment.get_template("edition/picture_alt.txt")
        alt = unescape(template.render(values_of(edition), chart=chart))
        return replace(edition, picture=Picture(png, " ".join(alt.split()), chart))
