"""Each action calls a service of the chat, and fails with the sentences of the chat."""

import json
from typing import Any

import pytest

from bot.rendering.renderer import Renderers
from bot.subscribers import maintenance
from bot.web.miniapp.actions import ACTIONS
from storage.enums import ChatState
from storage.queries import query_for
from storage.topics import Topic
from tests.web.miniapp.conftest import fill_with_topics

pytestmark = pytest.mark.slow


async def test_a_subscription_is_made_changed_renamed_ended_and_restored(ann):
    subscribed = await ann.does("subscribe", query="Taiwan OR Japan", mode="both")
    (topic,) = subscribed["topics"]
    assert subscribed["message"] == "Subscribed to Taiwan, Japan."
    assert (topic["query"], topic["mode"]) == ("Taiwan OR Japan", "both")

    changed = await ann.does("subscribe", topic=topic["id"], mode="digest")
    assert changed["message"] == "Saved."
    assert changed["topics"][0]["mode"] == "digest"

    renamed = await ann.does("rename_topic", topic=topic["id"], name="East <b>Asia</b>")
    assert renamed["topics"][0]["name"] == "East <b>Asia</b>"

    ended = await ann.does("unsubscribe", topic=topic["id"])
    assert ended["topics"] == []
    assert ended["message"] == "Unsubscribed from East <b>Asia</b>."

    again = await ann.does(ended["undo"]["act"], **ended["undo"]["fields"])
    assert again["topics"] == renamed["topics"]


async def test_a_topic_is_muted_for_a_while_or_for_good_and_unmuted(ann):
    topic = await ann.subscribes("Taiwan")

    (muted,) = (await ann.does("mute_topic", topic=topic, **{"for": "week"}))["topics"]
    assert muted["isMuted"]
    assert muted["mutedText"].startswith("Muted until ")
    (for_good,) = (await ann.does("mute_topic", topic=topic, **{"for": "ever"}))["topics"]
    assert for_good["mutedText"] == "Muted until you unmute it: you'll get nothing about it."
    (unmuted,) = (await ann.does("unmute_topic", topic=topic))["topics"]
    assert (unmuted["isMuted"], unmuted["mutedText"]) == (False, "")


async def test_all_250_topics_are_listed_and_any_of_them_can_be_changed(ann, storage):
    await ann.does("state")
    await fill_with_topics(storage, 250)
    listed = (await ann.does("state"))["topics"]
    assert len({topic["name"] for topic in listed}) == 250

    renamed = await ann.does("rename_topic", topic=listed[-1]["id"], name="The last one")

    assert sorted(topic["name"] for topic in renamed["topics"]).count("The last one") == 1
    assert len(renamed["topics"]) == 250


async def test_the_first_catalogue_topics_without_a_subscription_are_suggested(ann, storage):
    async with storage.writing() as tx:
        query = await query_for(tx, "taiwan")
        facts = {"query_id": query.id, "typed": "Taiwan", "created_at": tx.now}
        made = [Topic(name=f"Topic {n}", slug=f"topic-{n}", **facts) for n in range(30)]
        tx.session.add_all(made)
        await tx.session.flush()
        ids = [topic.id for topic in made]
    for topic in ids[:24]:
        state = await ann.does("subscribe", topic=topic, mode="both")

    assert [topic["id"] for topic in state["suggested"]] == ids[24:]


@pytest.mark.parametrize("renderer", [Renderers().of("en")], ids=["every language"])
async def test_catalogue_topics_have_names_in_the_language_of_the_chat(ann, storage):
    async with storage.writing() as tx:
        query = await query_for(tx, "climate")
        facts = {"query_id": query.id, "typed": "climate", "created_at": tx.now}
        tx.session.add(Topic(name="Climate", slug="climate", **facts))

    (suggested,) = (await ann.does("set_language", language="de"))["suggested"]
    (subscribed,) = (await ann.does("subscribe", topic=suggested["id"], mode="both"))["topics"]

    assert [suggested["name"], subscribed["name"]] == ["Klima", "Klima"]


async def test_a_changed_query_keeps_its_topic(ann):
    topic = await ann.subscribes("Taiwan")

    changed = await ann.does("change_query", topic=topic, query="Taiwan OR Japan")

    assert (changed["replacement"], changed["message"]) == (topic, "Saved.")
    assert [one["query"] for one in changed["topics"]] == ["Taiwan OR Japan"]


async def test_a_catalogue_topic_with_a_changed_query_becomes_the_users_own(ann, storage):
    async with storage.writing() as tx:
        query = await query_for(tx, "taiwan")
        public = Topic(name="Straits", query_id=query.id, typed="Taiwan", created_at=tx.now)
        tx.session.add(public)
        await tx.session.flush()
        topic = public.id
    await ann.does("subscribe", topic=topic, mode="both")

    changed = await ann.does("change_query", topic=topic, query="Taiwan NOT Japan")

    (own,) = changed["topics"]
    assert own["id"] == changed["replacement"] != topic
    assert (own["name"], own["isPublic"]) == ("Straits", False)


async def test_the_digest_is_described_as_in_the_chat(ann):
    await ann.subscribes("Taiwan")

    times = [{"minutes": 480, "weekdays": 127}, {"minutes": 1110, "weekdays": 31}]

    state = await ann.does("set_digest_times", times=times)

    assert state["digest"]["times"] == times
    assert state["digest"]["text"].startswith(
        "Digest: every day at 08:00 and Monday to Friday at 18:30 Tokyo time"
    )


async def test_a_zone_is_set_by_the_name_of_a_place(ann):
    state = await ann.does("set_time_zone", place="new york")

    assert (state["digest"]["zone"], state["digest"]["place"]) == ("America/New_York", "New York")


async def test_quiet_hours_are_set_and_removed(ann):
    night = {"start": 1320, "end": 420}

    assert (await ann.does("set_quiet_hours", **night))["quiet"] == night
    assert (await ann.does("set_quiet_hours"))["quiet"] is None


async def test_the_menus_of_the_chat_follow_the_chosen_language(ann, menus):
    await ann.does("set_language", language="de")
    await ann.does("set_language", language="")

    assert menus.renewed == [(7, "de", "de"), (7, "ja", None)]


async def test_everything_is_paused_and_resumed(ann, newsroom):
    from storage.chats import Chat

    paused = await ann.does("set_paused", paused=True)
    (chat,) = await newsroom.all(Chat)
    assert (paused["isPaused"], chat.state) == (True, ChatState.PAUSED)
    assert paused["pausedText"] == "You have paused all alerts and digests."
    assert not (await ann.does("set_paused", paused=False))["isPaused"]


async def test_an_address_is_entered_confirmed_used_and_removed(ann, sent_code):
    asked = await ann.does("request_confirmation", address="me@example.org")
    assert asked["mail"]["state"] == "unconfirmed"
    assert "me@example.org is not confirmed yet" in asked["mail"]["text"]

    assert "4 more tries" in await ann.is_refused("confirm_address", code="not a code")
    confirmed = await ann.does("confirm_address", code=await sent_code())
    assert (confirmed["mail"]["state"], confirmed["mail"]["medium"]) == ("active", "both")

    assert (await ann.does("set_digest_medium", medium="email"))["mail"]["medium"] == "email"
    assert (await ann.does("set_email_alerts", wanted=True))["mail"]["alerts"]
    assert (await ann.does("remove_address"))["mail"]["state"] == "none"


GONE = "no longer there"
NO_ADDRESS = "no longer confirmed"
FIVE_TIMES = [{"minutes": minutes, "weekdays": 127} for minutes in range(5)]


@pytest.mark.parametrize(
    ("name", "fields", "reason"),
    [
        ("subscribe", {"query": "(", "mode": "both"}, "bracket"),
        ("unsubscribe", {"topic": 99}, GONE),
        ("rename_topic", {"topic": 99, "name": "A"}, GONE),
        ("change_query", {"topic": 99, "query": "Taiwan"}, GONE),
        ("mute_topic", {"topic": 99, "for": "day"}, GONE),
        ("undo_unsubscribe", {"topic": 99}, "gone for good"),
        ("set_time_zone", {"place": "Narnia"}, "don't know that place"),
        ("set_quiet_hours", {"start": 60, "end": 60}, "as hours"),
        ("set_language", {"language": "tlh"}, ""),
        ("request_confirmation", {"address": "me at home"}, "cannot mail"),
        ("confirm_address", {"code": "123456"}, NO_ADDRESS),
        ("set_digest_medium", {"medium": "email"}, NO_ADDRESS),
        ("set_digest_times", {"times": FIVE_TIMES}, "4 digests at most"),
    ],
)
async def test_a_refused_action_is_answered_with_the_reason(ann, name, fields, reason):
    sentence = await ann.is_refused(name, **fields)

    assert sentence
    assert reason in sentence


@pytest.mark.parametrize(
    ("name", "body"),
    [
        pytest.param("subscribe", "no JSON", id="not JSON"),
        pytest.param("subscribe", "[1]", id="a list"),
        pytest.param("subscribe", {}, id="no fields"),
        pytest.param("subscribe", {"query": "Taiwan", "mode": "never"}, id="unknown mode"),
        pytest.param("subscribe", {"query": ["Taiwan"], "mode": "both"}, id="query in a list"),
        pytest.param("subscribe", {"query": "a\0b", "mode": "both"}, id="NUL"),
        pytest.param("subscribe", r'{"query": "\ud800", "mode": "both"}', id="lone surrogate"),
        pytest.param("subscribe", {"topic": "1", "mode": "both"}, id="number as text"),
        pytest.param("unsubscribe", {"topic": True}, id="boolean as number"),
        pytest.param("unsubscribe", {"topic": -1}, id="negative id"),
        pytest.param("unsubscribe", {"topic": 2**63}, id="id too large"),
        pytest.param("set_paused", {"paused": "yes"}, id="text as boolean"),
        pytest.param("mute_topic", {"topic": 1, "for": "month"}, id="unknown duration"),
        pytest.param("change_query", {"topic": 1}, id="no query"),
        pytest.param("set_digest_times", {"times": []}, id="no times"),
        pytest.param("set_digest_times", {"times": [1]}, id="number as time"),
        pytest.param("set_digest_times", {"times": [{"minutes": 480}]}, id="no weekdays"),
        pytest.param("preview_query", {"query": 1}, id="number as query"),
        pytest.param("preview_topic", {"topic": None}, id="no topic"),
        pytest.param("subscribe", "[" * 5000, id="deeply nested"),
    ],
)
async def test_a_request_made_by_hand_changes_nothing(ann, client, name, body):
    sent = body if isinstance(body, str) else json.dumps(body)

    answer = await client.post(
        f"/app/{name}", data=sent, headers={"Authorization": f"tma {ann.data}"}
    )

    assert answer.status == 400
    assert (await ann.does("state"))["topics"] == []


async def test_a_large_request_is_not_read(ann, client):
    answer = await client.post(
        "/app/subscribe", data=b"x" * 9000, headers={"Authorization": f"tma {ann.data}"}
    )

    assert answer.status == 413


@pytest.fixture
async def theirs(make_user) -> int:
    """Return the topic of another user."""
    return int(await make_user(8, "Ben").subscribes("Iceland"))


REQUESTS: dict[str, dict[str, Any]] = {
    "subscribe": {"mode": "instant"},
    "rename_topic": {"name": "Mine"},
    "change_query": {"query": "Greenland"},
    "mute_topic": {"for": "day"},
    "unmute_topic": {},
    "unsubscribe": {},
    "set_headlines": {"wanted": True},
    "set_sound": {"sound": "silent"},
    "undo_unsubscribe": {},
    "preview_topic": {},
    "preview_change": {"query": "Greenland"},
}


@pytest.mark.parametrize("name", REQUESTS)
async def test_nobody_sees_or_changes_the_topic_of_another_user(ann, make_user, theirs, name):
    ben = make_user(8, "Ben")
    before = (await ben.does("state"))["topics"]

    answer = await ann.asks(name, topic=theirs, **REQUESTS[name])

    assert answer.status == 409
    assert "Iceland" not in await answer.text()
    assert (await ben.does("state"))["topics"] == before
    assert (await ann.does("state"))["topics"] == []


async def test_nobody_undoes_the_unsubscription_of_another_user(ann, make_user, theirs):
    ben = make_user(8, "Ben")
    await ben.does("unsubscribe", topic=theirs)

    assert (await ann.asks("undo_unsubscribe", topic=theirs)).status == 409
    assert (await ben.does("undo_unsubscribe", topic=theirs))["topics"] != []


def test_every_action_on_a_topic_is_tried_with_a_foreign_one():
    assert set(ACTIONS) - REQUESTS.keys() == {
        *("set_paused", "set_digest_times", "set_time_zone", "set_quiet_hours", "set_language"),
        *("request_confirmation", "confirm_address", "set_digest_medium", "set_email_alerts"),
        *("remove_address", "set_alert_rate", "set_layout", "set_picture", "set_hashtags"),
        "set_model",
        # tests/web/miniapp/test_alerts.py tries these with those of another user
        *("mute_alert", "end_mute", "resume_mute", "remove_saved"),
    }


async def test_a_maintenance_refuses_actions_but_shows_the_page(ann, storage):
    await maintenance.begin(storage, "2026-03-02T14:00Z", "A new disk.")

    refused = await ann.asks("subscribe", query="Taiwan", mode="both")

    assert (refused.status, refused.headers["Retry-After"]) == (503, "7200")
    assert "will be back at 23:00." in (await refused.json())["error"]
    assert (await ann.does("state"))["topics"] == []
