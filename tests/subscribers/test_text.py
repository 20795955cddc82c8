from hypothesis import given
from hypothesis import strategies as st

from bot.subscribers.text import one_line, storable


def test_control_characters_and_marks_of_direction_are_left_out():
    assert one_line("a\u202eb\u2066 \u200bc\n\td\x00") == "ab c d"


def test_joiners_stay():
    assert one_line("می\u200cخواهم") == "می\u200cخواهم"


@given(st.text())
def test_a_line_is_one_line_and_stays_as_it_is(text):
    line = one_line(text)

    assert len(line.splitlines()) <= 1
    assert one_line(line) == line


def test_unstorable_characters_are_replaced_and_entities_stay_in_place():
    text = "tai\x00wan \ud83d \U0001f980"

    kept = storable(text)

    assert kept == "tai\ufffdwan \ufffd \U0001f980"
    assert kept.encode()
    assert len(kept) == len(text)
