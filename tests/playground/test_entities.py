"""Message entities: their checks, the resolution of overlaps, and their place in the text."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.playground.errors import ApiError
from bot.playground.text.entities import MONOSPACE, MessageEntity, fix_nesting, utf16_length
from bot.playground.text.formatting import MOST_ENTITIES, clean, format_text, message_text, trim

FACE = "\N{GRINNING FACE}"  # two UTF-16 units, four bytes


def _bold(offset: int, length: int) -> dict[str, Any]:
    return {"type": "bold", "offset": offset, "length": length}


def _shape(entities) -> list[tuple[str, int, int]]:
    return [(e["type"], e["offset"], e["length"]) for e in entities]


@pytest.mark.parametrize(
    ("text", "entity", "reason"),
    [
        pytest.param(
            "abc",
            _bold(4, 1),
            "entity begins after the end of the text at UTF-16 offset 4",
            id="behind the text",
        ),
        pytest.param(
            "abc",
            _bold(1, 3),
            "entity beginning at UTF-16 offset 1 ends after the end of the text at UTF-16 offset 4",
            id="beyond the text",
        ),
        pytest.param(
            f"a{FACE}b",
            _bold(2, 2),
            "entity begins in a middle of a UTF-16 symbol at byte offset 5",
            id="begins inside a face",
        ),
        pytest.param(
            f"a{FACE}b",
            _bold(0, 2),
            "entity beginning at UTF-16 offset 0 ends in a middle of a UTF-16 symbol "
            "at byte offset 5",
            id="ends inside a face",
        ),
        pytest.param("abc", _bold(-1, 2), "receive an entity with incorrect offset -1", id="< 0"),
        pytest.param(
            "abc",
            {"type": "shout", "offset": 0, "length": 1},
            "can't parse MessageEntity: Unsupported type specified",
            id="unknown kind",
        ),
        pytest.param(
            "abc",
            {"type": "text_link", "offset": 0, "length": 1},
            "can't parse MessageEntity: Can't find field \"url\"",
            id="link without address",
        ),
        pytest.param(
            "abc",
            {"type": "text_link", "offset": 0, "length": 1, "url": "nonsense"},
            "entity URL 'nonsense' is invalid: Wrong HTTP URL",
            id="link to nowhere",
        ),
        pytest.param(
            "abc",
            {
                "type": "date_time",
                "offset": 0,
                "length": 1,
                "unix_time": 5,
                "date_time_format": "x",
            },
            "can't parse MessageEntity: Invalid date-time format specified",
            id="date format",
        ),
    ],
)
def test_an_invalid_entity_is_rejected(text, entity, reason):
    with pytest.raises(ApiError) as error:
        message_text(text, "", [entity])

    assert error.value.description == f"Bad Request: {reason}"


def test_white_space_at_both_ends_is_cut_and_entities_move():
    text, entities = format_text("  \n bold end \n", "", [_bold(4, 9)])

    assert text == "bold end"
    assert _shape(entities) == [("bold", 0, 8)]


def test_an_entity_keeps_the_white_space_it_begins_in():
    text, entities = format_text("  bold", "", [_bold(1, 5)])

    assert text == " bold"
    assert _shape(entities) == [("bold", 0, 5)]


def test_entities_after_the_hundredth_are_dropped():
    _, entities = format_text("x " * 150, "", [_bold(2 * n, 1) for n in range(150)])

    assert len(entities) == MOST_ENTITIES
    assert entities[-1]["offset"] == 198


def test_control_characters_become_spaces_and_carriage_returns_are_removed():
    text, entities = format_text("a\tb\r\nc", "", [_bold(4, 2)])

    assert text == "a b\nc"
    assert _shape(entities) == [("bold", 3, 2)]


@pytest.mark.parametrize(
    ("marks", "kept"),
    [
        pytest.param(
            [("bold", 0, 6), ("italic", 2, 2)],
            [("bold", 0, 2), ("bold", 2, 4), ("italic", 2, 2)],
            id="a style is cut where another begins",
        ),
        pytest.param(
            [("bold", 0, 3), ("bold", 3, 3)], [("bold", 0, 6)], id="neighbours are joined"
        ),
        pytest.param([("code", 0, 6), ("bold", 2, 2)], [("code", 0, 6)], id="nothing inside code"),
        pytest.param(
            [("bold", 0, 6), ("code", 2, 2)],
            [("bold", 0, 2), ("code", 2, 2), ("bold", 4, 2)],
            id="bold goes around code",
        ),
        pytest.param(
            [("text_link", 0, 4), ("text_link", 2, 4)],
            [("text_link", 0, 4)],
            id="the first of two links stays",
        ),
        pytest.param(
            [("blockquote", 0, 4), ("text_link", 2, 4)],
            [("blockquote", 0, 4)],
            id="a link does not cross a quote's border",
        ),
        pytest.param(
            [("bold", 0, 6), ("text_link", 2, 2)],
            [("bold", 0, 2), ("text_link", 2, 2), ("bold", 2, 2), ("bold", 4, 2)],
            id="bold is cut at a link",
        ),
        pytest.param(
            [("blockquote", 0, 6), ("blockquote", 2, 2)],
            [("blockquote", 0, 6)],
            id="no quote in a quote",
        ),
    ],
)
def test_overlaps_are_resolved(marks, kept):
    fixed = fix_nesting([MessageEntity(*mark) for mark in marks])

    assert [(mark.type, mark.offset, mark.length) for mark in fixed] == kept


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/start now", [("bot_command", 0, 6)]),
        ("see https://example.com/a?b=1.", [("url", 4, 25)]),
        ("see example.com now", [("url", 4, 11)]),
        ("ask @someone", [("mention", 4, 8)]),
        ("#news $USD", [("hashtag", 0, 5), ("cashtag", 6, 4)]),
        (f"{FACE} a@example.com", [("email", 3, 13)]),
        ("call +1 (212) 555-0123", [("phone_number", 5, 17)]),
        ("4111 1111 1111 1111", [("bank_card_number", 0, 19)]),
        ("4111 1111 1111 1112", []),
        ("tg://resolve?domain=a", [("url", 0, 21)]),
        ("ex\u2060ample.com", [("url", 3, 9)]),
        ("example.\u2060com https:\u2060//e @\u2060ann #\u2060tag $\u2060USD /\u2060start", []),
        ("1/2 and a/b", []),
        ("3.5 percent.of it", []),
    ],
)
def test_links_are_detected(text, found):
    assert _shape(format_text(text, "", [])[1]) == found


def test_the_bots_own_link_wins_over_a_detected_one():
    link = {"type": "text_link", "offset": 0, "length": 11, "url": "http://a.example/"}

    assert _shape(format_text("example.com", "", [link])[1]) == [("text_link", 0, 11)]


KINDS = st.sampled_from(
    ["bold", "italic", "spoiler", "code", "pre", "blockquote", "custom_emoji", "text_link"]
)
MARKS = st.lists(st.builds(MessageEntity, KINDS, st.integers(0, 12), st.integers(0, 8)), max_size=8)
TEXTS = st.text(st.sampled_from(f"ab \n\r\t{FACE}\u202e"), max_size=12)


@given(MARKS)
def test_resolved_overlaps_stay_resolved(marks):
    once = fix_nesting(marks)

    assert fix_nesting(once) == once


@given(MARKS)
def test_resolved_entities_never_cross_and_code_holds_no_others(marks):
    fixed = fix_nesting(marks)

    for mark in fixed:
        for other in fixed:
            if mark is other or mark.end <= other.offset or other.end <= mark.offset:
                continue
            inside = mark.offset <= other.offset and other.end <= mark.end
            around = other.offset <= mark.offset and mark.end <= other.end
            assert inside or around
            if mark.type in MONOSPACE:
                assert other.type in {"blockquote", "expandable_blockquote"}


@given(TEXTS, MARKS)
def test_entities_lie_inside_the_text_and_between_characters(text, marks):
    try:
        cleaned, kept = clean(text, fix_nesting(marks))
    except ApiError:
        return
    shown, kept = trim(cleaned, fix_nesting(kept))

    units = shown.encode("utf-16-le")
    for mark in kept:
        assert 0 <= mark.offset < mark.end <= utf16_length(shown)
        units[mark.offset * 2 : mark.end * 2].decode("utf-16-le")


@given(TEXTS, MARKS)
def test_trimming_keeps_the_text_of_an_entity(text, marks):
    try:
        cleaned, kept = clean(text, fix_nesting(marks))
    except ApiError:
        return
    shown, trimmed = trim(cleaned, kept)

    def words(whole: str, of: list[MessageEntity]) -> list[str]:
        raw = whole.encode("utf-16-le")
        return [raw[m.offset * 2 : m.end * 2].decode("utf-16-le").rstrip(" \n") for m in of]

    assert words(shown, trimmed) == words(cleaned, kept)[: len(trimmed)]
