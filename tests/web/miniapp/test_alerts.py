"""Recent alerts, mutes, the alerts an hour and the layout, as the chat has them."""

from datetime import timedelta

import pytest
from sqlmodel import select

from bot.subscribers import saved_stories
from storage.alerts import make_alerts
from storage.articles import Article
from storage.chats import Chat
from storage.enums import DeliveryState, Mode
from tests.delivery.conftest import Outbox
from tests.publishing.newsroom import Newsroom

pytestmark = pytest.mark.slow


@pytest.fixture
async def alerted(ann, storage):
    """Return the story of an alert that Ann was sent, beside one that never arrived."""
    await ann.does("state")
    async with storage.reading() as tx:
        (chat,) = await tx.session.exec(select(Chat.id))
    room, outbox = Newsroom(storage), Outbox(storage)
    query = await room.query("ferry")
    await room.subscribe(chat, query, "Ferry", Mode.BOTH)
    source = await room.source("Example Wire")
    made = {}
    for title, state in (("Ferry late", DeliveryState.SENT), ("Lost", DeliveryState.FAILED)):
        article = await room.article(title, query, source_id=source)
        async with storage.writing() as tx:
            story = (await tx.get_one(Article, article)).story_id
            row = {"chat_id": chat, "story_id": story, "article_id": article}
            row |= {"topic_ids": [], "made_at": tx.now, "chapter": 1}
            (alert,) = (await make_alerts(tx, [row])).values()
        await outbox.add(chat, title, alert_id=alert, state=state)
        made[title] = row["story_id"]
    return made["Ferry late"]


async def test_recent_alerts_are_those_that_arrived(ann, alerted):
    (alert,) = (await ann.does("state"))["alerts"]

    assert alert["story"] == alerted
    assert alert["hit"]["title"] == [["Ferry late", False]]
    assert alert["hit"]["by"].startswith("Example Wire · ")
    assert (alert["less"], alert["isMuted"]) == ("Less from Example Wire", False)


async def test_the_story_of_an_alert_is_muted_and_the_mute_undone(ann, alerted):
    muted = await ann.does("mute_alert", story=alerted, what="story")
    undone = await ann.does(muted["undo"]["act"], **muted["undo"]["fields"])

    assert muted["message"] == "Muted: Ferry late"
    assert muted["alerts"][0]["isMuted"]
    assert [mute["text"] for mute in muted["mutes"]] == ["Story: Ferry late"]
    assert (undone["mutes"], undone["undo"]) == ([], None)
    assert not undone["alerts"][0]["isMuted"]


async def test_less_of_a_publisher_is_listed_ended_and_put_back(ann, alerted):
    (mute,) = (await ann.does("mute_alert", story=alerted, what="less"))["mutes"]

    ended = await ann.does("end_mute", mute=mute["id"])
    again = await ann.does(ended["undo"]["act"], **ended["undo"]["fields"])

    assert mute["text"].startswith("Example Wire: in digests only")
    assert (ended["message"], ended["mutes"]) == ("Unmuted.", [])
    assert again["mutes"] == [mute]


async def test_a_mute_with_an_end_gets_the_same_end_back(ann, alerted, clock):
    (mute,) = (await ann.does("mute_alert", story=alerted, what="source"))["mutes"]
    clock.turn(timedelta(hours=1))

    ended = await ann.does("end_mute", mute=mute["id"])

    assert (await ann.does("resume_mute", **ended["undo"]["fields"]))["mutes"] == [mute]


async def test_ending_a_mute_twice_is_one_end(ann, alerted):
    (mute,) = (await ann.does("mute_alert", story=alerted, what="story"))["mutes"]
    await ann.does("end_mute", mute=mute["id"])

    again = await ann.does("end_mute", mute=mute["id"])

    assert (again["mutes"], again["message"], again["undo"]) == ([], "", None)


async def test_nobody_sees_or_changes_the_alerts_and_mutes_of_another_user(ann, make_user, alerted):
    (mute,) = (await ann.does("mute_alert", story=alerted, what="story"))["mutes"]
    ben = make_user(8, "Ben")

    refused = await ben.asks("mute_alert", story=alerted, what="story")
    await ben.does("end_mute", mute=mute["id"])
    theirs = await ben.does("resume_mute", mute=mute["id"])

    assert refused.status == 409
    assert (theirs["alerts"], theirs["mutes"]) == ([], [])
    assert (await ann.does("state"))["mutes"] == [mute]


async def test_the_alerts_an_hour_are_set_within_bounds(ann):
    assert (await ann.does("set_alert_rate", number=20))["alertRate"] == 20
    assert "1" in await ann.is_refused("set_alert_rate", number=0)
    assert (await ann.does("state"))["alertRate"] == 20


async def test_pictures_are_turned_on_and_off_by_place(ann):
    more = (await ann.does("set_picture", place="m", wanted=True))["layout"]
    less = (await ann.does("set_picture", place="d", wanted=False))["layout"]

    assert (more["pictures"], less["pictures"]) == (["d", "m"], ["m"])


async def test_hashtags_and_the_model_are_turned_on_and_off(ann):
    before = await ann.does("state")
    tagged = await ann.does("set_hashtags", wanted=True)
    plain = await ann.does("set_model", wanted=False)

    assert (before["hashtags"], before["usesModel"], before["hasModel"]) == (False, True, False)
    assert (tagged["hashtags"], plain["usesModel"]) == (True, False)


async def test_a_topic_gets_a_sound_and_headlines_only(ann):
    topic = await ann.subscribes("Iceland")

    silent = (await ann.does("set_sound", topic=topic, sound="silent"))["topics"]
    short = (await ann.does("set_headlines", topic=topic, wanted=True))["topics"]

    assert [(one["sound"], one["hasHeadlines"]) for one in silent] == [("silent", False)]
    assert [(one["sound"], one["hasHeadlines"]) for one in short] == [("silent", True)]


async def test_saved_stories_are_listed_and_removed_by_their_own_chat(
    ann, make_user, storage, alerted
):
    async with storage.reading() as tx:
        (chat,) = await tx.session.exec(select(Chat.id))
    await saved_stories.save(storage, chat, alerted)
    ben = make_user(8, "Ben")

    (saved,) = (await ann.does("state"))["saved"]
    theirs = await ben.does("remove_saved", saved=saved["id"])
    kept = (await ann.does("state"))["saved"]
    gone = (await ann.does("remove_saved", saved=saved["id"]))["saved"]

    assert saved["title"] == [["Ferry late", False]]
    assert saved["by"].startswith("Example Wire · ")
    assert (theirs["saved"], kept, gone) == ([], [saved], [])


async def test_style_and_layout_of_digests_are_set_on_their_own(ann):
    brief = (await ann.does("set_layout", style="brief"))["layout"]
    rich = (await ann.does("set_layout", layout="rich"))["layout"]

    assert (brief["style"], rich["style"], rich["layout"]) == ("brief", "brief", "rich")
    assert brief["text"] == "Brief: titles only, the most important ones."


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        pytest.param("mute_alert", {"story": 1, "what": "topic"}, id="a topic"),
        pytest.param("mute_alert", {"story": "1", "what": "story"}, id="a story as text"),
        pytest.param("set_layout", {"layout": "refused"}, id="a layout of Telegram's"),
        pytest.param("set_picture", {"place": "x", "wanted": True}, id="no such place"),
        pytest.param("set_sound", {"topic": 1, "sound": "shrill"}, id="no such sound"),
        pytest.param("set_hashtags", {"wanted": "yes"}, id="a word for a flag"),
        pytest.param("resume_mute", {"mute": 1, "until": "tomorrow"}, id="no time"),
        pytest.param("resume_mute", {"mute": 1, "until": "2026-01-01T00:00"}, id="no zone"),
        pytest.param("set_alert_rate", {"number": 2.5}, id="half an alert"),
    ],
)
async def test_requests_that_no_page_of_ours_sends_are_refused(ann, name, fields):
    assert (await ann.asks(name, **fields)).status == 400
