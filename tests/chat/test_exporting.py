"""/export, /import, /privacy and /delete_me, as users see them."""

import json
from datetime import timedelta

import pytest

from storage.sources import Follow
from tests.chat.conftest import add_feed, labels


@pytest.fixture
def file_of(house):
    async def content(message):
        downloaded = await house.bot.download(message["document"]["file_id"])
        return downloaded.read()

    return content


async def test_an_export_comes_as_a_file(ann, file_of):
    await ann.says("Taiwan", "Both")

    exported = await ann.says("/export")

    document = json.loads(await file_of(exported))
    assert exported["document"]["file_name"] == "dateline.json"
    assert exported["caption"].startswith("This is all your data.")
    assert document["format"] == "dateline-export"
    assert document["topics"][0]["query"] == "Taiwan"
    assert len([message for message in ann.all() if "document" in message]) == 1


async def test_own_sources_come_as_a_second_file(ann, house, file_of, one_storage):
    await ann.says("/topics")
    async with one_storage.writing() as tx:
        source_id = await add_feed(tx, "https://a.example/1", title="A")
        tx.session.add(Follow(chat_id=1, source_id=source_id))

    await ann.says("/export")
    feeds = await ann.next()

    assert feeds["document"]["file_name"] == "dateline-feeds.opml"
    assert b"https://a.example/1" in await file_of(feeds)


async def test_import_explains_which_files_it_reads(ann):
    assert "dateline.json" in (await ann.says("/import"))["text"]


async def test_deletion_lists_what_will_be_deleted(ann):
    await ann.says("Taiwan", "Both")

    asked = await ann.says("/delete_me")
    erased = await ann.presses(asked, "Delete everything")

    assert "• 1 topic\n• your name, time zone, digest times and all other settings" in asked["text"]
    assert "• 1 digest" not in asked["text"]
    assert erased["text"].startswith("Done. Everything is deleted")


async def test_keep_it_removes_the_question(ann):
    asked = await ann.says("/delete_me")

    await ann.presses_quietly(asked, "Keep it")

    assert asked["message_id"] not in [one["message_id"] for one in ann.all()]


async def test_an_expired_confirmation_deletes_nothing(ann, clock):
    await ann.says("Taiwan", "Both")
    asked = await ann.says("/delete_me")
    clock.turn(timedelta(days=1, minutes=1))

    late = await ann.presses(asked, "Delete everything")

    assert late["text"].startswith("This question is more than a day old")
    assert labels(late) == []
    assert "Taiwan" in (await ann.says("/topics"))["text"]


async def test_privacy_explains_storage_export_and_deletion(ann):
    told = (await ann.says("/privacy"))["text"]

    assert told.startswith("What I know about you")
    assert all(word in told for word in ("database", "/export", "/delete_me"))
