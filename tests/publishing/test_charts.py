from datetime import UTC, date, datetime

import pytest

from bot.publishing.selection import SelectedTopic
from bot.publishing.trends import MOST_TOPICS, Trend, chart_of

NOW = datetime(2026, 3, 3, 8, tzinfo=UTC)


def every_letter(_text: str) -> bool:
    return True


def trend(this_week: int = 7) -> Trend:
    return Trend((0, 1, 2, 3, 4, 5, 6, *[0] * 6, this_week))


def test_days_are_labelled_with_the_date_of_most_of_their_hours():
    morning = chart_of([(SelectedTopic(1, "ties", is_public=False), trend())], NOW, every_letter)
    evening = chart_of(
        [(SelectedTopic(1, "ties", is_public=False), trend())], NOW.replace(hour=20), every_letter
    )

    assert morning
    assert evening
    assert (morning.days[0], morning.days[-1]) == (date(2026, 2, 24), date(2026, 3, 2))
    assert evening.days[-1] == date(2026, 3, 3)


def test_the_busiest_topics_are_drawn():
    topics = [
        (SelectedTopic(number, f"t{number}", is_public=False), trend(number))
        for number in range(1, 10)
    ]

    chart = chart_of(topics, NOW, every_letter)

    assert chart
    assert [row.name for row in chart.rows] == ["t9", "t8", "t7", "t6", "t5", "t4"][:MOST_TOPICS]
    assert chart.rows[0].band.this_week == (0, 0, 0, 0, 0, 0, 9)
    assert chart.rows[0].band.last_week == (0, 1, 2, 3, 4, 5, 6)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        pytest.param("Łódź – Ελλάδα, Київ", "Łódź – Ελλάδα, Київ", id="letters everybody has"),
        pytest.param("台湾、たいわん、대만", "台湾、たいわん、대만", id="letters of East Asia"),
        pytest.param("تايوان", "تايوان", id="letters that Pillow joins"),
        pytest.param("ताइवान", "A", id="letters that it does not join"),
        pytest.param("x" * 40, "x" * 31 + "…", id="too long"),
    ],
)
def test_a_name_is_written_if_the_picture_can_show_it(name, label):
    chart = chart_of([(SelectedTopic(1, name, is_public=False), trend())], NOW, every_letter)

    assert chart
    assert chart.rows[0].label == label


def test_names_that_cannot_be_written_get_different_letters():
    names = ("ताइवान", "ties", "ไต้หวัน")

    chart = chart_of(
        [(SelectedTopic(1, name, is_public=False), trend()) for name in names], NOW, every_letter
    )

    assert chart
    assert [row.letter for row in chart.rows] == ["A", "", "B"]


def test_a_chart_without_topics_is_not_drawn():
    assert chart_of([], NOW, every_letter) is None


def test_a_name_without_glyphs_gets_a_letter():
    chart = chart_of([(SelectedTopic(1, "Łódź", is_public=False), trend())], NOW, str.isascii)

    assert chart
    assert (chart.rows[0].letter, chart.rows[0].label) == ("A", "A")
