"""/export, /import, /privacy and /delete_me, as users see them."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.rendering.renderer import Renderer
from storage.sources import Follow
from tests.chat.conftest import add_feed, labels
from tests.resources import LINKS, make_resources


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


async def test_privacy_names_feedback_and_the_address(ann):
    told = (await ann.says("/privacy"))["text"]

    assert "I also keep what you write with /feedback" in told
    assert "your e-mail address, if you gave me one" in told


class TestWithoutAMailServer:
    @pytest.fixture
    def mailer(self):
        return None

    async def test_privacy_and_help_are_silent_about_mail(self, ann):
        assert "mail" not in (await ann.says("/privacy"))["text"]
        short = await ann.says("/help")
        assert "/email" not in short["text"]
        assert "Elsewhere · /feeds · /channels" in short["text"]
        assert "/email" not in (await ann.presses(short, "All commands"))["text"]


@pytest.mark.parametrize("has_model", [True, False])
@pytest.mark.parametrize("has_search_feeds", [True, False])
def test_privacy_says_what_goes_to_search_engines_and_a_model(has_search_feeds, has_model):
    values = {
        "has_newsletters": True,
        "can_mail": True,
        "has_search_feeds": has_search_feeds,
        "has_model": has_model,
    }

    told = Renderer().message("chat/privacy.html", **values).text

    assert ("search engines" in told) is has_search_feeds
    assert ("language model" in told) is has_model
    assert ("share nothing else" in told) is (has_search_feeds or has_model)


def test_commands_that_need_a_missing_setting_are_unavailable(storage):
    without = make_resources(storage, links=replace(LINKS, base=None))

    assert without.unavailable_commands == {"email", "feeds"}
    assert make_resources(storage).unavailable_commands == {"email"}
