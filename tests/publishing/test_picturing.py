from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from bot.publishing.charts import Band
from bot.publishing.pages import edition_page
from bot.publishing.publish.picturing import Picturing
from bot.publishing.samples import sample_edition


@dataclass
class FakeDrawing:
    png: bytes | None = b"png"
    asked: list[tuple[Sequence[str], Sequence[Band]]] = field(default_factory=list)

    async def draw(self, days: Sequence[str], bands: Sequence[Band]) -> bytes | None:
        self.asked.append((days, bands))
        return self.png


WEEKLY = replace(sample_edition(), is_weekly=True)


async def test_a_weekly_edition_opens_with_its_picture(renderer):
    drawing = FakeDrawing()

    edition = await Picturing(renderer, drawing).pictured(WEEKLY)
    picture, digest = edition_page(renderer, edition)

    ((days, (band,)),) = drawing.asked
    assert list(days) == ["Wed", "Thu", "Fri", "Sat", "Sun", "Mon", "Tue"]
    assert band.this_week == (1, 0, 2, 1, 3, 2, 5)
    assert picture.photo == "cG5n"
    assert picture.text == (
        "Stories per day · 11–17 Nov\nDark bars are this week, pale ones the week before."
    )
    assert digest.text.startswith("Your week in the news · 18 November")


async def test_the_picture_is_told_in_words_too(renderer):
    edition = await Picturing(renderer, FakeDrawing()).pictured(WEEKLY)

    assert edition.picture
    assert edition.picture.alt == (
        "Stories per day, 11–17 Nov. "
        "Cross-strait ties: 1, 0, 2, 1, 3, 2, 5 (14 in all, 7 the week before)."
    )


@pytest.mark.parametrize(
    ("edition", "drawing"),
    [
        pytest.param(sample_edition(), FakeDrawing(), id="a daily digest"),
        pytest.param(replace(WEEKLY, trends={}), FakeDrawing(), id="too little to draw"),
        pytest.param(WEEKLY, FakeDrawing(png=None), id="it could not be drawn"),
        pytest.param(WEEKLY, None, id="nobody draws"),
    ],
)
async def test_without_a_picture_the_digest_comes_all_the_same(renderer, edition, drawing):
    pictured = await Picturing(renderer, drawing).pictured(edition)

    assert pictured is edition
    assert len(edition_page(renderer, pictured)) == 1
