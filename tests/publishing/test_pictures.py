from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image, ImageFont

from bot.playground.api.files import picture_size
from bot.publishing import pictures
from bot.publishing.pages import edition_page
from bot.publishing.pictures import draw, has_letters, with_picture
from bot.publishing.samples import sample_edition
from bot.publishing.trends import Band, is_writable

DAYS = ["Wed", "Thu", "Fri", "Sat", "Sun", "Mon", "Tue"]
BAND = Band("Cross-strait ties", (1, 0, 2, 1, 3, 2, 5), (1, 0, 2, 1, 0, 1, 2))
WEEKLY = sample_edition(weekly=True)


@pytest.fixture
def painted(monkeypatch):
    """The pictures that were to be painted."""
    asked = []

    def paint(*what: object) -> bytes:
        asked.append(what)
        return b"png"

    monkeypatch.setattr(pictures, "paint", paint)
    return asked


async def test_a_chart_is_a_picture_that_telegram_accepts():
    one, six = await draw(DAYS, [BAND]), await draw(DAYS, [BAND] * 6)

    assert one
    assert six
    (width, height), (same, taller) = picture_size(one), picture_size(six)
    assert (width, height < taller) == (same, True)
    assert len(six) < 100_000


async def test_the_labels_of_the_first_and_last_day_are_whole():
    names = ["1. September 2026", *[""] * 26, "28. September 2026"]

    png = await draw(names, [Band("", (0,) * 28, (0,) * 28)])

    assert png
    image = Image.open(BytesIO(png)).convert("RGB")
    edges = [image.crop(box) for box in ((0, 0, 8, image.height), (1004, 0, 1012, image.height))]
    assert [len(edge.getcolors() or ()) for edge in edges] == [1, 1]


async def test_higher_counts_have_more_ink():
    def ink(png: bytes | None) -> int:
        assert png
        image = Image.open(BytesIO(png)).convert("RGB")
        red, _green, blue = (channel.tobytes() for channel in image.split())
        return sum(here > there + 100 for here, there in zip(blue, red, strict=True))

    few, many = [
        await draw(DAYS, [Band("", (1,) * ones + (9,) * (7 - ones), (0,) * 7)]) for ones in (6, 1)
    ]

    assert ink(many) > 2 * ink(few)


async def test_a_week_without_a_story_is_drawn_too():
    assert await draw(DAYS, [Band("Ties", (0,) * 7, (0,) * 7)])


async def test_pillows_font_is_used_if_none_is_installed(monkeypatch):
    monkeypatch.setattr(pictures, "FONTS", ("no such font",))
    for cached in (pictures._installed, pictures._font, pictures._has_glyph):
        cached.cache_clear()
    try:
        assert await draw(DAYS, [BAND])
        assert has_letters("Taiwan: it's new")
        assert not has_letters("台湾")
        assert isinstance(pictures.font(24), ImageFont.FreeTypeFont)
    finally:
        for cached in (pictures._installed, pictures._font, pictures._has_glyph):
            cached.cache_clear()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("日銀 Bank of Japan", id="Japanese"),
        pytest.param("한국은행", id="Korean"),
        pytest.param("بنك اليابان", id="Arabic"),
    ],
)
def test_a_name_is_written_in_a_font_that_has_its_letters(name):
    if not any(pictures._can_open(font) for font in pictures.FONTS[-2:]):
        pytest.skip("no font with Chinese, Japanese and Korean is installed")

    assert is_writable(name, has_letters)
    assert pictures.font(24, name).getmask(name).getbbox()


async def test_a_digest_is_sent_without_a_picture_that_fails(monkeypatch, renderer):
    def paint(*_what: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr(pictures, "paint", paint)

    assert await draw(DAYS, [BAND]) is None
    assert await with_picture(renderer, WEEKLY) is WEEKLY


async def test_a_weekly_edition_opens_with_its_picture(renderer, painted):
    edition = await with_picture(renderer, WEEKLY)
    picture, digest = edition_page(renderer, edition)

    ((days, (band,)),) = painted
    assert list(days) == DAYS
    assert band.this_week == (0, 0, 1, 1, 1, 1, 0)
    assert picture.photo == "cG5n"
    assert picture.text == (
        "Stories per day · 11–18 Nov\nDark bars are this week, pale ones the week before."
    )
    assert digest.text.partition("\n\n")[2].startswith("Your week in the news · 18 November")


async def test_the_picture_is_described_in_words_too(renderer, painted):
    edition = await with_picture(renderer, WEEKLY)

    assert edition.picture
    assert edition.picture.alt == (
        "Stories per day, 11–18 Nov. "
        "Cross-strait ties: 0, 0, 1, 1, 1, 1, 0 (4 in all, 2 the week before)."
    )


@pytest.mark.parametrize(
    "edition",
    [
        pytest.param(sample_edition(), id="a daily digest"),
        pytest.param(replace(WEEKLY, trends={}), id="too little to draw"),
    ],
)
async def test_an_edition_without_trends_has_no_picture(renderer, painted, edition):
    with_one = await with_picture(renderer, edition)

    assert with_one is edition
    assert not painted
    assert len(edition_page(renderer, with_one)) == 1
