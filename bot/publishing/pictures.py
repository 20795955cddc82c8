"""The picture of a chart: a PNG with its own background, readable in light and dark themes.

1. A text is drawn in the first installed font of `FONTS` that has all its letters, or else in
   Pillow's own font, which has ASCII only. Names that none of them can write are explained beside
   the picture (`trends`).
2. Pillow draws in a thread, about 20 ms a picture. Matplotlib used so much memory that it needed a
   process of its own. If drawing fails, the digest is sent without a picture.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING

import structlog

from bot.publishing.pages import EditionPage, Picture, edition_values
from bot.publishing.trends import Band, chart_of
from bot.rendering.filters import local, short_weekday
from bot.rendering.renderer import Renderer

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

log = structlog.get_logger(__name__)

FONTS = (
    "DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "Arial.ttf",
    "wqy-microhei.ttc", "NotoSansCJK-Regular.ttc",
)  # fmt: skip
_FIRST_SHAPED, _LAST_SHAPED = "\u0590", "\u06ff"  # Hebrew and Arabic

# Pixels; a phone shows about half of them.
WIDTH = 1012
_MARGIN = 46
_EDGE = 12  # the least distance of a label from the edge
_TOP = 30
_HEADING = 44
_BARS = 104
_BAND = _HEADING + _BARS + 26
_DAYS = 44
_COLOURS = 48
_GROUND, _INK, _GREY = "#fbfaf7", "#23262b", "#6b7078"
_THIS_WEEK, _LAST_WEEK = "#1f6feb", "#c9d4e6"
_THIS_WIDTH, _LAST_WIDTH = 0.5, 0.86  # of the width of a day


async def draw(days: Sequence[str], bands: Sequence[Band]) -> bytes | None:
    """Return the PNG of *bands*, with the labels *days* below; None if drawing fails."""
    try:
        return await asyncio.to_thread(paint, days, bands)
    except Exception:
        log.exception("drawing a picture failed", bands=len(bands))
        return None


async def with_picture(renderer: Renderer, edition: EditionPage) -> EditionPage:
    """Return a weekly *edition* with its picture and alt text; any other edition unchanged."""
    if not edition.is_weekly:
        return edition
    trends = edition.trends
    renderer = renderer.of(edition.language)
    topics = [
        (replace(topic, name=renderer.line("topic_name.txt", topic=topic)), trends[topic.id])
        for topic in edition.subscribed
        if topic.id in trends
    ]
    chart = chart_of(topics, local(edition.now, edition.plan.zone), has_letters)
    if chart is None:
        return edition
    days = [short_weekday(day, renderer.language.locale) for day in chart.days]
    png = await draw(days, [row.band for row in chart.rows])
    if png is None:
        return edition
    alt = renderer.line("edition/picture_alt.txt", **edition_values(edition), chart=chart)
    return replace(edition, picture=Picture(png, alt, chart))


def paint(days: Sequence[str], bands: Sequence[Band]) -> bytes:
    """Return the PNG of at least one band; each has a count for every one of the *days*."""
    # Imported here, so that processes that never draw save three megabytes.
    from PIL import Image, ImageDraw  # noqa: PLC0415

    image = Image.new("RGB", (WIDTH, _TOP + len(bands) * _BAND + _DAYS), _GROUND)
    canvas = ImageDraw.Draw(image)
    most = max(max(*band.this_week, *band.last_week, 1) for band in bands)
    for number, band in enumerate(bands):
        _paint_band(canvas, band, _TOP + number * _BAND, most)
    for place, name in enumerate(days):
        # A long label of the first or last day stays inside the picture.
        half = canvas.textlength(name, font(24, name)) / 2
        middle = min(max(_middle(place, len(days)), _EDGE + half), WIDTH - _EDGE - half)
        canvas.text((middle, image.height - _DAYS), name, _GREY, font(24, name), anchor="mt")
    file = BytesIO()
    # A small palette takes a fifth of the bytes without a visible difference.
    image.quantize(_COLOURS, Image.Quantize.FASTOCTREE).save(file, "PNG", optimize=True)
    return file.getvalue()


def _paint_band(canvas: "ImageDraw", band: Band, top: int, most: int) -> None:
    total = str(sum(band.this_week))
    label = font(30, band.label)
    canvas.text((_MARGIN, top), band.label, _INK, label, anchor="lt", stroke_width=0.6)
    canvas.text((WIDTH - _MARGIN, top), total, _THIS_WEEK, font(30), anchor="rt")
    ground = top + _HEADING + _BARS
    room = (WIDTH - 2 * _MARGIN) / len(band.this_week)
    for place, (now, before) in enumerate(zip(band.this_week, band.last_week, strict=True)):
        middle = _middle(place, len(band.this_week))
        for count, width, colour in (
            (before, _LAST_WIDTH, _LAST_WEEK),
            (now, _THIS_WIDTH, _THIS_WEEK),
        ):
            half = room * width / 2
            height = count / most * (_BARS - 26)  # room for the number on the highest bar
            if count:
                canvas.rectangle((middle - half, ground - height, middle + half, ground), colour)
        if now:
            height = now / most * (_BARS - 26)
            canvas.text((middle, ground - height - 5), str(now), _INK, font(22), anchor="mb")
    canvas.line((_MARGIN, ground, WIDTH - _MARGIN, ground), _LAST_WEEK, width=2)


def _middle(place: int, places: int) -> float:
    return _MARGIN + (WIDTH - 2 * _MARGIN) * (place + 0.5) / places


def has_letters(text: str) -> bool:
    """Return whether a font has a glyph for each character of *text*, and shapes it correctly."""
    from PIL import features  # noqa: PLC0415

    if any(_FIRST_SHAPED <= character <= _LAST_SHAPED for character in text):
        is_shaped = features.check("raqm") and features.check("fribidi")
    else:
        is_shaped = True
    return bool(is_shaped) and any(_has_glyphs(name, text) for name in _installed())


def font(pixels: int, text: str = "") -> "FreeTypeFont":
    """Return the first font that has the letters of *text*; the first one if none has."""
    names = _installed()
    return _font(next((name for name in names if _has_glyphs(name, text)), names[0]), pixels)


@cache
def _installed() -> tuple[str | None, ...]:
    """Return the installed fonts of `FONTS`; None is Pillow's own, if there are no others."""
    return tuple(name for name in FONTS if _can_open(name)) or (None,)


def _can_open(name: str) -> bool:
    try:
        _font(name, 24)
    except OSError:
        return False
    return True


@cache
def _font(name: str | None, pixels: int) -> "FreeTypeFont":
    from PIL import ImageFont  # noqa: PLC0415

    if name is not None:
        return ImageFont.truetype(name, pixels)
    default = ImageFont.load_default(pixels)
    assert isinstance(default, ImageFont.FreeTypeFont)  # noqa: S101 - it is one if a size is given
    return default


def _has_glyphs(name: str | None, text: str) -> bool:
    return all(_has_glyph(name, character) for character in set(text))


@cache
def _has_glyph(name: str | None, character: str) -> bool:
    if character == " ":
        return True
    drawn, unknown = (_font(name, 24).getmask(text) for text in (character, "\uffff"))
    return character.isprintable() and (
        drawn.size != unknown.size or bytes(drawn) != bytes(unknown)
    )
