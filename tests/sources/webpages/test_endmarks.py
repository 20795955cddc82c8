"""The signs that are looked for before a pattern is: no end may go unseen for want of one."""

from hypothesis import given
from hypothesis import strategies as st

from bot.sources.webpages.endmarks import END_MARKS, RIGHTS, end_mark, rights_line


@given(st.from_regex(END_MARKS))
def test_every_end_mark_is_seen(text: str):
    assert end_mark(text)


@given(st.from_regex(RIGHTS))
def test_every_copyright_line_is_seen(text: str):
    assert rights_line(text)


def test_other_texts_end_nothing():
    assert not end_mark("The weekend was wet.")
    assert not rights_line("The rights of way were closed.")
