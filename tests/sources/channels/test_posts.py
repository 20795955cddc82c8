"""Posts of channels as items."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.channels.posts import PostPart, channel_url, item_of, with_part

CHANNEL = -1_001_234_567_890
POST = PostPart(CHANNEL, 123, 1_760_000_000, text="A storm\n\nThe harbour is closed.")


@pytest.mark.parametrize(
    ("post", "url"),
    [
        pytest.param(POST, "https://t.me/c/1234567890/123", id="private"),
        pytest.param(replace(POST, username="desk"), "https://t.me/desk/123", id="public"),
    ],
)
def test_permalink_of_a_post(post: PostPart, url: str) -> None:
    assert post.url == url


def test_source_has_an_address_that_no_username_changes() -> None:
    assert channel_url(CHANNEL) == "https://t.me/c/1234567890"


def test_post_becomes_an_item() -> None:
    item = item_of([replace(POST, author="Ann")])
    assert item
    assert (item.guid, item.title) == (f"{CHANNEL}/123", "A storm")
    assert (item.text, item.author) == ("The harbour is closed.", "Ann")
    assert item.published == datetime.fromtimestamp(1_760_000_000, UTC)


def test_edit_keeps_the_guid_and_the_address() -> None:
    before, after = item_of([POST]), item_of([replace(POST, text="Sunshine", edited=1)])
    assert before
    assert after
    assert (before.guid, before.url) == (after.guid, after.url)
    assert after.title == "Sunshine"


@pytest.mark.parametrize("text", ["", " ", "\n\n\t"])
def test_post_without_words_is_no_item(text: str) -> None:
    assert item_of([replace(POST, text=text)]) is None


def test_names_of_files_are_words() -> None:
    item = item_of([replace(POST, text="", names=("Harbour plan.pdf",))])
    assert item
    assert item.title == "Harbour plan.pdf"


def test_album_is_one_item_at_the_address_of_its_first_part() -> None:
    second = replace(POST, message_id=124, album="7", text="And a fire.")
    first = replace(POST, album="7")
    item = item_of([second, first])
    assert item
    assert item.guid == f"{CHANNEL}/album/7"
    assert item.url.endswith("/124")  # it came first
    assert (item.title, item.text) == ("A storm", f"The harbour is closed.\n\n{second.text}")


def test_newer_part_replaces_the_same_part_in_its_place() -> None:
    parts = [replace(POST, message_id=number) for number in (3, 1)]
    edited = replace(POST, message_id=3, text="Edited")
    assert with_part(parts, edited) == [edited, parts[1]]
    assert with_part(parts, replace(POST, message_id=9))[-1].message_id == 9


def test_huge_album_and_text_are_bounded() -> None:
    parts = [replace(POST, message_id=n, text="x" * 10**6, names=("y",) * 10**4) for n in range(50)]
    item = item_of(parts)
    assert item
    assert len(item.text) < 200_000


@given(
    st.builds(
        PostPart, st.integers(-(2**60), -1), st.integers(1, 2**31), st.just(0), text=st.text()
    )
)
def test_post_survives_json(post: PostPart) -> None:
    assert PostPart.from_json(json.loads(json.dumps(post.to_json()))) == post
