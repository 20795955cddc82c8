"""The colours of the pages: WCAG 2.2 AA, 1.4.3 and 1.4.11, computed in both colour schemes."""

import re

import pytest

from bot.rendering.renderer import Renderer

SHEET = Renderer().text("web/style.css")
DARK = SHEET.index("@media (prefers-color-scheme: dark)")
PAIRS = [
    pytest.param("ink", "paper", 4.5, id="text"),
    pytest.param("grey", "paper", 4.5, id="what is less important"),
    pytest.param("accent", "paper", 4.5, id="links, and the ring around what has the focus"),
    pytest.param("paper", "accent", 4.5, id="the label of a pressed button"),
    pytest.param("edge", "paper", 3.0, id="the edge of a button"),
]


def colours(sheet: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z]+): #([0-9a-f]{6});", sheet))


SCHEMES = {"light": colours(SHEET[:DARK]), "dark": colours(SHEET[DARK:])}


def luminance(colour: str) -> float:
    """Return the relative luminance (WCAG 2.2, its definition)."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_computed_as_defined():
    assert contrast("000000", "ffffff") == pytest.approx(21)
    assert contrast("777777", "ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("colour", "ground", "least"), PAIRS)
def test_each_pair_of_colours_has_enough_contrast(scheme, colour, ground, least):
    palette = SCHEMES[scheme]

    assert contrast(palette[colour], palette[ground]) >= least


def test_all_colours_are_variables():
    rules = re.sub(r"--[a-z]+: #[0-9a-f]{6};", "", SHEET)

    assert SCHEMES["light"].keys() == SCHEMES["dark"].keys()
    assert re.findall(r"#[0-9a-f]{3,8}\b|rgb|hsl|color-mix", rules) == []
    assert set(re.findall(r"var\(--([a-z]+)\)", rules)) == SCHEMES["light"].keys()
