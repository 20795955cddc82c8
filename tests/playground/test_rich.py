"""Rich messages and photos: their content in the chat, and their errors."""

import json
import struct

import pytest

from bot.playground.api.files import picture_size
from bot.playground.errors import ApiError
from bot.playground.text.rich import rich_message

HTML = (
    "<h2>News</h2><p>A <b>bold</b> word, <a href='https://a.example/x'>a link</a></p>"
    "<ul><li>one</li><li>two<br><i>more</i></li></ul>"
    "<details open><summary>Rest</summary><p>folded</p></details><hr><footer>why</footer>"
)


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)


async def test_a_rich_message_is_kept_in_blocks(call, ann):
    body = await call("sendRichMessage", chat_id=ann.id, rich_message=json.dumps({"html": HTML}))

    blocks = body["result"]["rich_message"]["blocks"]
    assert [block["type"] for block in blocks] == [
        "heading", "paragraph", "list", "details", "divider", "footer",
    ]  # fmt: skip
    assert blocks[1]["text"][1:4] == [
        {"type": "bold", "text": "bold"},
        " word, ",
        {"type": "url", "text": "a link", "url": "https://a.example/x"},
    ]
    assert blocks[2]["items"][0] == {"label": "•", "blocks": [{"type": "paragraph", "text": "one"}]}
    assert (blocks[3]["summary"], blocks[3]["is_open"]) == ("Rest", True)


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        pytest.param("", "RICH_MESSAGE_CONTENT_REQUIRED", id="nothing"),
        pytest.param("<p> </p>" * 501, "rich message has too many blocks", id="501 blocks"),
        pytest.param(f"<p>{'x' * 32_769}</p>", "message is too long", id="32,769 characters"),
        pytest.param(
            "<blockquote>" * 17 + "x" + "</blockquote>" * 17, "nested too deep", id="deep"
        ),
        pytest.param("<p>x", 'no end tag for "p"', id="open"),
        pytest.param("<p>x</h2>", 'unexpected end tag "h2"', id="crossed"),
        pytest.param("<marquee>x</marquee>", 'unsupported start tag "marquee"', id="unknown"),
        pytest.param("<b><p>x</p></b>", 'a block "p" inside of text', id="a block in text"),
        pytest.param("<li>x</li>", '"li" inside of ""', id="an item without its list"),
        pytest.param("<details>x</details>", '"details" without "summary"', id="no summary"),
    ],
)
def test_an_invalid_rich_message_is_rejected(html, reason):
    with pytest.raises(ApiError) as error:
        rich_message(html)

    assert reason in error.value.description


def test_a_photo_is_a_block_and_needs_an_address():
    picture = "https://pictures.example/1.jpg"

    blocks = rich_message(f'<img src="{picture}"/><p>News</p>')["rich_message"]["blocks"]

    assert [block["type"] for block in blocks] == ["photo", "paragraph"]
    assert blocks[0]["photo"][0]["file_id"] == picture
    with pytest.raises(ApiError, match="invalid photo URL"):
        rich_message('<img src="/etc/passwd"/><p>News</p>')


async def test_a_rich_message_fails_with_an_injected_fault(call, pg, ann):
    pg.inject("400", method="sendRichMessage", description="Bad Request: RICH_MESSAGE_INVALID")

    body = await call("sendRichMessage", chat_id=ann.id, rich_message=json.dumps({"html": HTML}))

    assert body["description"] == "Bad Request: RICH_MESSAGE_INVALID"


def test_the_size_of_a_photo_is_read_from_its_header():
    assert picture_size(png(900, 500)) == (900, 500)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"GIF89a", "IMAGE_PROCESS_FAILED", id="short"),
        pytest.param(b"x" * 100, "IMAGE_PROCESS_FAILED", id="no picture"),
        pytest.param(png(9000, 1001), "PHOTO_INVALID_DIMENSIONS", id="too large"),
        pytest.param(png(2100, 100), "PHOTO_INVALID_DIMENSIONS", id="too narrow"),
        pytest.param(png(9, 9) + bytes(10 << 20), "file is too big", id="too heavy"),
    ],
)
def test_an_invalid_photo_is_rejected(content, reason):
    with pytest.raises(ApiError) as error:
        picture_size(content)

    assert error.value.description == f"Bad Request: {reason}"
