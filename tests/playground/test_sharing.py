"""Posts of others and files that people send in the playground."""

import pytest

from bot.playground.api.errors import ApiError


@pytest.mark.parametrize("origin", ["channel", "chat", "user", "hidden_user"])
async def test_a_forwarded_post_carries_its_origin(pg, origin):
    ann = pg.user("Ann")

    pg.forward(ann, "News", origin=origin)

    (message,) = pg.messages(ann)
    assert message["text"] == "News"
    assert message["forward_origin"]["type"] == origin


async def test_a_forwarded_picture_has_its_text_as_caption(pg):
    ann = pg.user("Ann")
    link = {"type": "text_link", "offset": 0, "length": 4, "url": "https://example.org/"}

    pg.forward(ann, "News", as_caption=True, entities=[link])

    (message,) = pg.messages(ann)
    assert (message["caption"], message["caption_entities"]) == ("News", [link])
    assert message["photo"][0]["width"] == 1


async def test_an_unknown_origin_is_refused(pg):
    with pytest.raises(ApiError, match="no such kind of origin"):
        pg.forward(pg.user("Ann"), "News", origin="moon")


async def test_a_file_can_be_fetched_by_the_bot(pg, call, http):
    ann = pg.user("Ann")

    pg.upload(ann, "list.opml", b"<opml/>", mime="text/x-opml", caption="My feeds")

    (message,) = pg.messages(ann)
    document = message["document"]
    assert (document["file_name"], document["file_size"]) == ("list.opml", 7)
    assert message["caption"] == "My feeds"
    told = await call("getFile", file_id=document["file_id"])
    async with http.get(f"{pg.base_url}/file/bot1:playground/{told['result']['file_path']}") as got:
        assert await got.read() == b"<opml/>"


async def test_an_empty_file_is_refused(pg):
    with pytest.raises(ApiError, match="non-empty"):
        pg.upload(pg.user("Ann"), "list.opml", b"")
