"""Each action calls a service of the chat's, and fails with the sentences of the chat."""

import json
from typing import Any

import pytest

from bot.web.miniapp.actions import ACTIONS
from storage.enums import ChatState
from storage.queries import query_for
from storage.topics import Topic
from tests.web.miniapp.conftest import fill_with_topics

pytestmark = pytest.mark.slow


async def test_a_query_is_subscribed_to_changed_renamed_stopped_and_undone(ann):
    subscribed = await ann.does("watch", words="Taiwan OR Japan", mode="both")
    (topic,) = subscribed["topics"]
    assert subscribed["said"] == "Subscribed to Taiwan, Japan."
    assert (topic["words"], topic["mode"]) == ("Taiwan OR Japan", "both")

    changed = await ann.does("watch", topic=topic["id"], mode="digest")
    assert changed["said"] == "Saved."
    assert changed["topics"][0]["mode"] == "digest"

    renamed = await ann.does("rename", topic=topic["id"], name="East <b>Asia</b>")
    assert renamed["topics"][0]["name"] == "East <b>Asia</b>"

    stopped = await ann.does("stop", topic=topic["id"])
    assert stopped["topics"] == []
    assert stopped["said"] == "Unsubscribed from East <b>Asia</b>."

    again = await ann.does("undo", topic=stopped["undo"])
    assert again["topics"] == renamed["topics"]


async def test_a_topic_is_muted_for_a_while_or_for_good_and_unmuted(ann):
    topic = await ann.subscribes("Taiwan")

    (muted,) = (await ann.does("mute-topic", topic=topic, **{"for": "week"}))["topics"]
    assert muted["isMuted"]
    assert muted["restText"].startswith("Muted until ")
    (for_good,) = (await ann.does("mute-topic", topic=topic, **{"for": "ever"}))["topics"]
    assert for_good["restText"] == "Muted until you unmute it: you'll get nothing about it."
    (heard,) = (await ann.does("unmute-topic", topic=topic))["topics"]
    assert (heard["isMuted"], heard["restText"]) == (False, "")


async def test_all_250_topics_are_listed_and_any_of_them_can_be_changed(ann, storage):
    await ann.does("state")
    await fill_with_topics(storage, 250)
    listed = (await ann.does("state"))["topics"]
    assert len({topic["name"] for topic in listed}) == 250

    renamed = await ann.does("rename", topic=listed[-1]["id"], name="The last one")

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
        state = await ann.does("watch", topic=topic, mode="both")

    assert [topic["id"] for topic in state["suggested"]] == ids[24:]


async def test_a_topic_gets_other_words_and_is_the_same_topic(ann):
    topic = await ann.subscribes("Taiwan")

    reworded = await ann.does("reword", topic=topic, words="Taiwan OR Japan")

    assert (reworded["became"], reworded["said"]) == (topic, "Saved.")
    assert [one["words"] for one in reworded["topics"]] == ["Taiwan OR Japan"]


async def test_one_of_the_catalogue_with_other_words_becomes_ones_own(ann, storage):
    async with storage.writing() as tx:
        query = await query_for(tx, "taiwan")
        public = Topic(name="Straits", query_id=query.id, typed="Taiwan", created_at=tx.now)
        tx.session.add(public)
        await tx.session.flush()
        topic = public.id
    await ann.does("watch", topic=topic, mode="both")

    reworded = await ann.does("reword", topic=topic, words="Taiwan NOT Japan")

    (own,) = reworded["topics"]
    assert own["id"] == reworded["became"] != topic
    assert (own["name"], own["isPublic"]) == ("Straits", False)


async def test_the_digest_is_described_as_in_the_chat(ann):
    await ann.subscribes("Taiwan")

    state = await ann.does(
        "slots", slots=[{"minutes": 480, "weekdays": 127}, {"minutes": 1110, "weekdays": 31}]
    )

    assert state["digest"]["slots"][1] == {"minutes": 1110, "weekdays": 31}
    assert state["digest"]["text"].startswith(
        "Digest: every day at 08:00 and Monday to Friday at 18:30 Tokyo time"
    )


async def test_a_zone_is_set_by_any_name_of_a_place(ann):
    state = await ann.does("zone", place="new york")

    assert (state["digest"]["zone"], state["digest"]["place"]) == ("America/New_York", "New York")


async def test_quiet_hours_are_set_and_taken_away(ann):
    assert (await ann.does("quiet", start=1320, end=420))["quiet"] == {"start": 1320, "end": 420}
    assert (await ann.does("quiet"))["quiet"] is None


async def test_the_menus_of_the_chat_follow_the_language_that_is_chosen(ann, menus):
    await ann.does("language", language="de")
    await ann.does("language", language="")

    assert menus.renewed == [(7, "de", "de"), (7, "ja", None)]


async def test_everything_is_paused_and_resumed(ann, newsroom):
    from storage.chats import Chat

    paused = await ann.does("pause", paused=True)
    (chat,) = await newsroom.all(Chat)
    assert (paused["isPaused"], chat.state) == (True, ChatState.PAUSED)
    assert paused["pausedText"] == "You have paused all alerts and digests."
    assert not (await ann.does("pause", paused=False))["isPaused"]


async def test_an_address_is_asked_for_confirmed_used_and_forgotten(ann, sent_code):
    asked = await ann.does("mail", address="me@example.org")
    assert asked["mail"]["state"] == "unconfirmed"
    assert "me@example.org is not confirmed yet" in asked["mail"]["text"]

    assert "4 more tries" in await ann.is_refused("code", code="not a code")
    confirmed = await ann.does("code", code=await sent_code())
    assert (confirmed["mail"]["state"], confirmed["mail"]["reach"]) == ("active", "both")

    assert (await ann.does("reach", reach="email"))["mail"]["reach"] == "email"
    assert (await ann.does("mail-alerts", wanted=True))["mail"]["alerts"]
    assert (await ann.does("forget-mail"))["mail"]["state"] == "none"


@pytest.mark.parametrize(
    ("name", "fields", "said"),
    [
        pytest.param("watch", {"words": "(", "mode": "both"}, "bracket", id="no query"),
        pytest.param("stop", {"topic": 99}, "no longer there", id="no such topic"),
        pytest.param("rename", {"topic": 99, "name": "A"}, "no longer there", id="not subscribed"),
        pytest.param(
            "reword", {"topic": 99, "words": "Taiwan"}, "no longer there", id="none to word"
        ),
        pytest.param(
            "mute-topic", {"topic": 99, "for": "day"}, "no longer there", id="none to mute"
        ),
        pytest.param("undo", {"topic": 99}, "gone for good", id="nothing to undo"),
        pytest.param("zone", {"place": "Atlantis"}, "don't know that place", id="no place"),
        pytest.param("quiet", {"start": 60, "end": 60}, "as hours", id="no hours"),
        pytest.param("language", {"language": "tlh"}, "", id="no language of ours"),
        pytest.param("mail", {"address": "me at home"}, "cannot mail", id="no address"),
        pytest.param("code", {"code": "123456"}, "no longer confirmed", id="nothing asked"),
        pytest.param("reach", {"reach": "email"}, "no longer confirmed", id="no address yet"),
        pytest.param(
            "slots",
            {"slots": [{"minutes": n, "weekdays": 127} for n in range(5)]},
            "4 digests at most",
            id="too many times",
        ),
    ],
)
async def test_what_cannot_be_is_refused_in_a_sentence(ann, name, fields, said):
    sentence = await ann.is_refused(name, **fields)

    assert sentence
    assert said in sentence


@pytest.mark.parametrize(
    ("name", "body"),
    [
        pytest.param("watch", "no JSON", id="no JSON"),
        pytest.param("watch", "[1]", id="a list"),
        pytest.param("watch", {}, id="nothing"),
        pytest.param("watch", {"words": "Taiwan", "mode": "never"}, id="no mode"),
        pytest.param("watch", {"words": ["Taiwan"], "mode": "both"}, id="words that are none"),
        pytest.param("watch", {"words": "a\0b", "mode": "both"}, id="a character that is none"),
        pytest.param("watch", r'{"words": "\ud800", "mode": "both"}', id="half a character"),
        pytest.param("watch", {"topic": "1", "mode": "both"}, id="a number in quotes"),
        pytest.param("stop", {"topic": True}, id="a truth for a number"),
        pytest.param("stop", {"topic": -1}, id="below nothing"),
        pytest.param("stop", {"topic": 2**63}, id="a number of no row"),
        pytest.param("pause", {"paused": "yes"}, id="no truth"),
        pytest.param("mute-topic", {"topic": 1, "for": "month"}, id="muted for no time of ours"),
        pytest.param("reword", {"topic": 1}, id="no other words"),
        pytest.param("slots", {"slots": []}, id="no times"),
        pytest.param("slots", {"slots": [1]}, id="times that are none"),
        pytest.param("slots", {"slots": [{"minutes": 480}]}, id="a time without days"),
        pytest.param("preview", {"words": 1}, id="no words"),
        pytest.param("topic", {"topic": None}, id="no topic"),
        pytest.param("watch", "[" * 5000, id="JSON without a bottom"),
    ],
)
async def test_what_no_page_of_ours_sends_changes_nothing(ann, client, name, body):
    sent = body if isinstance(body, str) else json.dumps(body)

    answer = await client.post(
        f"/app/{name}", data=sent, headers={"Authorization": f"tma {ann.data}"}
    )

    assert answer.status == 400
    assert (await ann.does("state"))["topics"] == []


async def test_what_is_too_much_is_not_read(ann, client):
    answer = await client.post(
        "/app/watch", data=b"x" * 9000, headers={"Authorization": f"tma {ann.data}"}
    )

    assert answer.status == 413


@pytest.fixture
async def theirs(make_user) -> int:
    """Return a topic of somebody else's."""
    return int(await make_user(8, "Ben").subscribes("Iceland"))


REQUESTS: dict[str, dict[str, Any]] = {
    "watch": {"mode": "instant"},
    "rename": {"name": "Mine"},
    "reword": {"words": "Greenland"},
    "mute-topic": {"for": "day"},
    "unmute-topic": {},
    "stop": {},
    "undo": {},
    "topic": {},
    "compare": {"words": "Greenland"},
}


@pytest.mark.parametrize("name", REQUESTS)
async def test_nobody_sees_or_changes_anothers_topic(ann, make_user, theirs, name):
    ben = make_user(8, "Ben")
    before = (await ben.does("state"))["topics"]

    answer = await ann.asks(name, topic=theirs, **REQUESTS[name])

    assert answer.status == 409
    assert "Iceland" not in await answer.text()
    assert (await ben.does("state"))["topics"] == before
    assert (await ann.does("state"))["topics"] == []


async def test_nobody_undoes_what_another_stopped(ann, make_user, theirs):
    ben = make_user(8, "Ben")
    await ben.does("stop", topic=theirs)

    assert (await ann.asks("undo", topic=theirs)).status == 409
    assert (await ben.does("undo", topic=theirs))["topics"] != []


def test_every_act_that_names_a_topic_is_tried_with_a_foreign_one():
    named = REQUESTS.keys() - {"topic", "compare"}

    assert set(ACTIONS) - named == {
        *("pause", "slots", "zone", "quiet", "mail", "code", "reach", "mail-alerts", "language"),
        "forget-mail",
    }
