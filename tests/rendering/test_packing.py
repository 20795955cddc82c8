import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rendering.messages import (
    MAX_ENTITIES,
    MAX_UNITS,
    Button,
    Entity,
    Message,
    cut_units,
    units,
)
from bot.rendering.packing import Block, join, pack, pieces

KEYBOARD = ((Button("Topics", "topics:0"),),)


@st.composite
def blocks(draw: st.DrawFn) -> Block:
    words = st.sampled_from(
        ["word", "Ünïcode", "𝔘𝔫𝔦", "日本語。", "e\u0301", "👩‍👩‍👧", "🇯🇵🇫🇷", "Stop. ", " ", "\n"]
    )
    text = "".join(draw(st.lists(words, min_size=1, max_size=40))) * draw(st.integers(1, 60))
    text = text.strip() or "x"
    spots = st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))
    ranges = sorted(draw(st.lists(spots, max_size=150)))
    entities = [
        Entity(kind, units(text[:first]), units(text[first:last]))
        for (first, last), kind in zip(ranges, ["bold", "blockquote", "italic"] * 50, strict=False)
        if first < last
    ]
    return Block(text, tuple(entities), draw(st.booleans()), draw(st.booleans()))


def letters(text: str) -> str:
    return "".join(text.split())


def unnumbered(messages: list[Message]) -> str:
    if len(messages) == 1:
        return messages[0].text
    return "".join(message.text.rpartition("\n\n")[0] for message in messages)


@settings(max_examples=60, deadline=None)
@given(st.lists(blocks(), min_size=1, max_size=6))
def test_packing_loses_nothing_and_keeps_telegrams_limits(given_blocks):
    messages = pack(given_blocks, KEYBOARD)

    assert letters(unnumbered(messages)) == letters("".join(b.text for b in given_blocks))
    assert [message.keyboard for message in messages] == [()] * (len(messages) - 1) + [KEYBOARD]
    for message in messages:
        assert 1 <= units(message.text) <= MAX_UNITS
        assert len(message.entities) <= MAX_ENTITIES
        for entity in message.entities:
            assert entity.length > 0
            assert 0 <= entity.offset < entity.end <= units(message.text)


@settings(max_examples=60, deadline=None)
@given(blocks(), st.integers(12, 200))
def test_a_cut_splits_no_character(block, limit):
    for piece in pieces(block, limit):
        assert units(piece.text) <= limit
        assert piece.text.encode("utf-8")  # a lone surrogate would not encode
        assert unicodedata.combining(piece.text[0]) == 0
        assert "\u200d" not in {piece.text[0], piece.text[-1]}


@pytest.mark.parametrize(
    ("block", "limit", "texts"),
    [
        pytest.param(Block("One two. Three four."), 14, ["One two.", "Three four."], id="sentence"),
        pytest.param(Block("one two three four"), 14, ["one two three", "four"], id="word"),
        pytest.param(
            Block("日本。中国。韓国。"), 7, ["日本。中国。", "韓国。"], id="CJK full stop"
        ),
        pytest.param(Block("🇯🇵🇫🇷🇩🇪"), 6, ["🇯🇵", "🇫🇷", "🇩🇪"], id="flags stay whole"),
        pytest.param(
            Block("one two three four five", (Entity("bold", 8, 10),)),
            15,
            ["one two", "three four five"],
            id="before a bold phrase, not inside",
        ),
    ],
)
def test_a_block_is_cut_where_a_reader_would(block, limit, texts):
    assert [piece.text for piece in pieces(block, limit)] == texts


def test_an_entity_longer_than_a_part_continues_in_the_next():
    quote = Block("word " * 1200 + "end", (Entity("blockquote", 0, 6003),))

    messages = pack([quote])

    assert [
        cut_units(message.text, entity.offset, entity.length)[-3:]
        for message in messages
        for entity in message.entities
    ] == ["ord", "end"]


def test_parts_are_numbered_and_end_between_sections():
    sections = [
        block
        for name in ("First", "Second", "Third")
        for block in (Block(name, opens_section=True), *[Block("• " + "x" * 450)] * 5)
    ]

    messages = pack(sections)

    assert [m.text.split("\n")[0] for m in messages] == ["First", "Second", "Third"]
    assert [m.text.split("\n")[-1] for m in messages] == ["1/3", "2/3", "3/3"]


def test_a_heading_stays_with_its_first_item():
    blocks = [
        Block("x" * 4000),
        Block("Heading", opens_section=True),
        *[Block("• " + "y" * 900)] * 6,
    ]

    messages = pack(blocks)

    assert messages[1].text.startswith("Heading\n• yyy")


def test_blocks_that_fit_are_one_message_without_a_number():
    assert pack([Block("a", margin=True), Block("b")], KEYBOARD) == [
        Message("a\n\nb", (), KEYBOARD)
    ]


def test_no_blocks_make_no_message():
    assert pack([]) == []


def test_joining_moves_the_entities_along():
    block = join([Block("𝔘"), Block("b", (Entity("bold", 0, 1),))])

    assert block.entities == (Entity("bold", 3, 1),)


def test_joined_blocks_are_split_where_they_were_joined():
    heading, item = Block("Heading", opens_section=True), Block("• " + "y" * 900, margin=True)
    blocks = [Block("Before"), heading, *[item] * 6, Block("After")]

    assert pack([blocks[0], join(blocks[1:-1]), blocks[-1]]) == pack(blocks)


def test_a_joined_block_keeps_its_heading_when_it_begins_a_section():
    blocks = [Block("Heading"), *[Block("• " + "y" * 900)] * 6]
    opening = [blocks[0].opening_section(), *blocks[1:]]

    assert pack([Block("x"), join(blocks).opening_section()]) == pack([Block("x"), *opening])


MESSAGE = Message(
    "𝔘 title · 09:12",
    (
        Entity("text_link", 3, 5, url="https://example.org/a"),
        Entity("date_time", 11, 5, unix_time=60, date_time_format="t"),
    ),
    ((Button("Topics", data="topics:0"), Button("Open", url="https://example.org")),),
)


def test_a_message_comes_back_from_its_stored_body():
    assert Message.from_json(MESSAGE.to_json()) == MESSAGE


def test_fields_of_a_newer_version_are_left_out():
    body = MESSAGE.to_json() | {"style": "full"}
    body["keyboard"][0][0]["icon"] = "star"

    assert Message.from_json(body) == MESSAGE


def test_the_plain_fallback_writes_links_out():
    plain = MESSAGE.plain()

    assert plain.text == "𝔘 title (https://example.org/a) · 09:12"
    assert plain.entities == ()
    assert plain.keyboard == MESSAGE.keyboard


def test_the_plain_fallback_stays_within_telegrams_limit():
    long = Message("x" * 4090, (Entity("text_link", 0, 5, url="https://example.org"),))

    assert long.plain().text == long.text
