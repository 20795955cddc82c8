"""A chart as a picture: a PNG on a ground of its own, so that it reads on light and on dark.

Only matplotlib's objects are used, never its pyplot, which keeps every figure for ever.
"""

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from bot.publishing.charts import Band

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, ROW, FRAME = 4.6, 0.78, 0.62  # inches
DOTS_PER_INCH = 220
COLOURS = 48
_GROUND, _INK, _QUIET = "#fbfaf7", "#23262b", "#6b7078"
_NOW, _BEFORE = "#1f6feb", "#c9d4e6"
_BAR, _PALE = 0.5, 0.86  # widths, of a day's room


def paint(days: Sequence[str], bands: Sequence[Band]) -> bytes:
    """Return the PNG; *days* are the words under the bars."""
    height = FRAME + ROW * len(bands)
    figure = Figure((WIDTH, height), dpi=DOTS_PER_INCH, facecolor=_GROUND)
    FigureCanvasAgg(figure)  # it is the figure's from here on
    top = max(max(*band.this_week, *band.last_week) for band in bands)
    axes = figure.subplots(len(bands), squeeze=False)[:, 0]
    for band, one in zip(bands, axes, strict=True):
        _paint_band(one, band, top or 1)
    axes[-1].set_xticks(range(len(days)), days, color=_QUIET, fontsize=8)
    figure.subplots_adjust(
        left=0.045, right=0.955, top=1 - 0.3 / height, bottom=0.3 / height, hspace=0.75
    )
    drawn = BytesIO()
    figure.savefig(drawn, format="png", facecolor=_GROUND)
    return _compressed(Image.open(drawn))


def _paint_band(axes: "Axes", band: Band, top: int) -> None:
    places = range(len(band.this_week))
    axes.bar(places, band.last_week, _PALE, color=_BEFORE)
    bars = axes.bar(places, band.this_week, _BAR, color=_NOW)
    words = [str(count) if count else "" for count in band.this_week]
    axes.bar_label(bars, words, padding=1.5, color=_INK, fontsize=7.5)
    axes.set_title(band.label, loc="left", color=_INK, fontsize=9.5, fontweight="bold", pad=7)
    axes.set_title(str(sum(band.this_week)), loc="right", color=_NOW, fontsize=9.5, pad=7)
    axes.set_ylim(0, top * 1.18)
    axes.set_facecolor(_GROUND)
    axes.tick_params(length=0, labelleft=False)
    axes.set_xticks([])
    axes.set_yticks([])
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_BEFORE)


def _compressed(image: Image.Image) -> bytes:
    """Return it in few colours, as the picture has: a fifth of the bytes."""
    written = BytesIO()
    image.convert("RGB").quantize(COLOURS).save(written, "PNG", optimize=True)
    return written.getvalue()
