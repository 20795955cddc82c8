"""Rows of buttons that a phone shows whole."""

import pytest

from bot.rendering.html import parse_page


def rows(*labels: str) -> list[list[str]]:
    buttons = "".join(f'<button data="a">{label}</button>' for label in labels)
    return [[button.text for button in row] for row in parse_page(f"<nav>{buttons}</nav>").keyboard]


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param(["Change time", "Change zone", "Layout"], id="three short ones"),
        pytest.param(["Mon", "✓ Tue", "Wed", "Thu"], id="four short ones"),
        pytest.param(["A label that is long", "Another that is long"], id="two long ones"),
        pytest.param(["設定時間", "時區", "版面"], id="short ones of signs"),
    ],
)
def test_a_row_that_fits_stays(labels):
    assert rows(*labels) == [labels]


@pytest.mark.parametrize(
    ("labels", "split"),
    [
        pytest.param(["a" * 17, "b", "c"], [["a" * 17, "b"], ["c"]], id="17 columns in three"),
        pytest.param(["a" * 12, "b", "c", "d"], [["a" * 12, "b"], ["c", "d"]], id="12 in four"),
        pytest.param(
            ["変" * 9, "b", "c"], [["変" * 9, "b"], ["c"]], id="nine signs are 18 columns"
        ),
    ],
)
def test_a_row_with_a_long_label_becomes_pairs(labels, split):
    assert rows(*labels) == split
