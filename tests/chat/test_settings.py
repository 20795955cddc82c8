import pytest
from aiogram.types import Update

from bot.subscribers.setting_undo import value_of
from bot.subscribers.settings import Setting, get_settings
from bot.subscribers.text import checksum
from tests.chat.conftest import Talk, buttons, labels


def location_of(talk: Talk, latitude: float, longitude: float) -> Update:
    """Return the update of a location sent in the chat of *talk*."""
    chat = {"id": talk.who.id, "type": "private", "first_name": "Ann"}
    sender = {"id": talk.who.id, "is_bot": False, "first_name": "Ann", "language_code": "ja"}
    place = {"latitude": latitude, "longitude": longitude}
    message = {"message_id": 999, "date": 0, "chat": chat, "from": sender, "location": place}
    return Update.model_validate({"update_id": 999_999, "message": message})


@pytest.fixture
async def settings(ann):
    await ann.says("Taiwan", "Both")
    return await ann.says("/settings")


async def test_settings_show_the_next_digest(settings):
    assert "every day at 08:00 Tokyo time (guessed from your language)" in settings["text"]
    assert "The next one comes on Tuesday at 08:00." in settings["text"]


async def test_settings_report_that_no_digest_is_due(ann):
    assert "Your digest has no topics yet." in (await ann.says("/settings"))["text"]


async def test_the_time_is_set_by_a_button(ann, settings):
    times = await ann.presses(settings, "Change time")
    changed = await ann.presses(times, "19:00")

    assert times["text"] == "When should your digest come (Tokyo time)?"
    assert "every day at 19:00 Tokyo time" in changed["text"]
    assert changed["message_id"] == settings["message_id"]


@pytest.mark.parametrize("typed", ["7:30", "07:30", "7.30", "7:30 am", "7h30", "7時30分"])
async def test_the_time_is_set_by_typing(ann, settings, typed):
    question = await ann.presses(settings, "Change time", "Another time")

    changed = await ann.replies(question, typed)

    assert labels(question) == ["Cancel"]
    assert "every day at 07:30 Tokyo time" in changed["text"]


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        pytest.param("/digest 7:30", "every day at 07:30 Tokyo time", id="a time"),
        pytest.param("/digest weekdays 7:30", "at 07:30", id="days and a time"),
        pytest.param("/digest soon", "07:30", id="no time"),
        pytest.param("/stop 3 days", "5 March", id="days"),
        pytest.param("/stop until Friday", "6 March", id="a day"),
        pytest.param("/stop sometime", "1 June", id="no date"),
        pytest.param("/language xx", "I don't know the language xx.", id="no language"),
    ],
)
async def test_a_command_does_what_its_argument_says_or_asks_for_one(ann, settings, typed, shown):
    assert shown in (await ann.says(typed))["text"]


async def test_a_guessed_zone_is_confirmed_by_a_press(ann, settings):
    zone = await ann.presses(settings, "Change zone")
    confirmed = await ann.presses(zone, "✓ Tokyo 21:00")

    assert zone["text"] == "Is it 21:00 where you are? I guessed Tokyo time."
    assert "Tokyo time\n" in confirmed["text"]
    assert "guessed" not in confirmed["text"]


async def test_a_missing_zone_is_reported_once(house):
    bob = house.talk("Bob", language_code="en")
    first = await bob.says("Taiwan", "Both")
    second = await bob.says("Korea", "Both")
    settings = await bob.says("/settings")

    assert "(I could not guess your time zone)" in first["text"]
    assert "Change zone" in labels(first)
    assert "guess" not in second["text"]
    assert "guess" not in settings["text"]


async def test_the_zone_is_found_from_a_location(ann, house, settings):
    asked = await ann.presses(settings, "Change zone", "Send location")
    ((button,),) = asked["reply_markup"]["keyboard"]
    await house.feed(location_of(ann, 40.7, -74.0))
    near = await ann.next()
    changed = await ann.presses(near, "07:00 · New York")

    assert button == {"text": "Send my location", "request_location": True}
    assert near["text"] == "What time is it where you are?"
    assert "every day at 08:00 New York time\n" in changed["text"]


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Paris", "Paris time"),
        ("new york", "New York time"),
        ("asia/seoul", "Seoul time"),
        ("UTC+9", "UTC+9 time"),
        ("Osaka", "Tokyo time"),
    ],
)
async def test_the_zone_is_set_by_typing(ann, settings, typed, shown):
    question = await ann.presses(settings, "Change zone", "Type a city")

    assert f"every day at 08:00 {shown}" in (await ann.replies(question, typed))["text"]


async def test_a_city_typed_on_the_page_of_the_zone_sets_it(ann, settings):
    await ann.presses(settings, "Change zone")

    assert "every day at 08:00 Toronto time" in (await ann.says("Ottawa"))["text"]
    assert (await ann.says("Paris"))["text"].startswith("Paris · ")


async def test_another_text_on_the_page_of_the_zone_is_a_query(ann, settings):
    await ann.presses(settings, "Change zone")

    assert (await ann.says("semiconductors"))["text"].startswith("semiconductors · ")


async def test_cities_of_the_same_name_are_offered(ann, settings):
    question = await ann.presses(settings, "Change zone", "Type a city")
    near = await ann.replies(question, "San José")
    changed = await ann.presses(near, "Costa Rica")

    assert labels(near) == ["04:00 · Los Angeles", "06:00 · Costa Rica", "Type a city"]
    assert "every day at 08:00 Costa Rica time" in changed["text"]


async def test_an_unknown_place_is_asked_for_again(ann, settings):
    question = await ann.presses(settings, "Change zone", "Type a city")

    again = await ann.replies(question, "Narnia")

    assert again["text"].startswith("I don't know that place.")


async def test_a_day_without_news_is_reported_if_wanted(ann, settings):
    line = await ann.presses(settings, "No news: tell me")
    nearest = await ann.presses(line, "No news: nearest")
    quiet = await ann.presses(nearest, "No news: skip")

    assert "On a day without news, one line says so." in line["text"]
    assert "On a day without news, you get nothing." in quiet["text"]


async def test_stop_pauses_and_explains_how_to_resume(ann, settings):
    stopped = await ann.says("/stop")
    subscribed = await ann.says("Japan", "Both")
    resumed = await ann.presses(stopped, "Resume")

    assert stopped["text"].startswith("Paused.")
    assert "/delete_me" in stopped["text"]
    assert "you'll get nothing until you resume" in subscribed["text"]
    assert "Paused." not in resumed["text"]


async def test_start_offers_to_end_a_pause(ann, settings):
    await ann.says("/stop")

    assert "Paused." not in (await ann.says("/start", "Resume"))["text"]


async def test_stop_works_without_topics(ann):
    assert (await ann.says("/stop"))["text"].startswith("Paused. You haven't subscribed")


async def test_back_leads_from_the_zones_to_settings(ann, settings):
    assert (await ann.presses(settings, "Change time", "‹ Settings"))["text"] == settings["text"]


async def test_help_names_every_command(ann):
    text = (await ann.says("/help", "All commands"))["text"]

    for command in (
        "/topics",
        "/digest",
        "/settings",
        "/sources",
        "/stop",
        "/privacy",
        "/delete_me",
    ):
        assert command in text


async def test_help_explains_queries(ann):
    assert "title:election" in (await ann.says("/help queries"))["text"]


async def test_delete_me_asks_first_and_then_deletes_everything(ann, settings):
    asked = await ann.says("/delete_me")
    erased = await ann.presses(asked, "Delete everything")
    topics = await ann.says("/topics")

    assert asked["text"].startswith("Delete everything?")
    assert erased["text"].startswith("Done.")
    assert erased["message_id"] == asked["message_id"]
    assert topics["text"].startswith("You haven't subscribed to anything yet.")


@pytest.mark.parametrize("command", ["/digest", "/topics"])
async def test_a_paused_chat_is_reminded_and_resumes_in_one_tap(ann, command):
    await ann.says("taiwan", "Both")
    await ann.says("/stop")

    seen = await ann.says(command)
    resumed = await ann.presses(seen, "Resume")

    assert "Paused. You'll get nothing until you resume" in seen["text"]
    assert "Your digest comes" not in seen["text"]
    assert "Paused" not in resumed["text"]
    assert "Paused" not in (await ann.says(command))["text"]


@pytest.mark.parametrize("command", ["/digest", "/topics"])
async def test_a_chat_that_is_paused_until_tomorrow_is_told_so(ann, command):
    await ann.says("taiwan", "Both")
    await ann.says("/stop", "Until tomorrow")

    assert "Paused until tomorrow. I resume by myself then" in (await ann.says(command))["text"]


async def test_a_paused_chat_still_sees_its_digest_so_far(ann, news):
    await news("Taiwan talks", "1", "https://news.example.org/1")
    await ann.says("taiwan", "Both")
    await ann.says("/stop")

    await ann.says("/digest")

    await ann.settled()
    digest, paused = (message["text"] for message in ann.all()[-2:])
    assert "Taiwan talks" in digest
    assert "your digest still comes" not in digest
    assert paused.startswith("Paused.")


@pytest.mark.parametrize(
    ("pages", "typed", "said", "undone"),
    [
        pytest.param(
            ["Change time", "Another time"],
            "7:30 and 19:00 on Mondays",
            "Saved. Digest: every day at 07:30 and every Monday at 19:00 Tokyo time",
            "Undone. Digest: every day at 08:00 Tokyo time",
            id="times with weekdays",
        ),
        pytest.param(
            ["Change zone", "Type a city"],
            "Paris",
            "Saved. Digest: every day at 08:00 Paris time",
            "Undone. Digest: every day at 08:00 Tokyo time",
            id="zone",
        ),
        pytest.param(
            ["Quiet at night", "Other hours"],
            "23-6",
            "Saved. Quiet from 23:00 to 06:00: alerts wait, and come together at 06:00.",
            "Undone. No quiet hours",
            id="quiet hours",
        ),
        pytest.param(
            ["Alerts per hour", "Another number"],
            "9",
            "Saved. Alerts: up to 9 an hour one by one, more in one message.",
            "Undone. Alerts: up to 6 an hour one by one, more in one message.",
            id="alerts an hour",
        ),
        pytest.param(
            ["Pause everything", "Until a date"],
            "1 June",
            "Saved. Paused until Monday, 1 June. I resume by myself then; your topics stay as they"
            " are.",
            "Undone. Paused. You'll get nothing until you resume; your topics stay as they are.",
            id="pause",
        ),
    ],
)
async def test_a_typed_setting_is_answered_in_a_line_and_undone(
    ann, settings, pages, typed, said, undone
):
    before = (await ann.says("/settings"))["text"]
    saved = await ann.replies(await ann.presses(settings, *pages), typed)
    restored = await ann.presses(saved, "Undo")
    after = (await ann.says("/settings"))["text"]

    assert saved["text"] == said
    assert [label for label in labels(saved) if label != "Resume"] == ["Undo", "Settings"]
    assert restored["text"] == undone
    assert "Undo" not in labels(restored)
    if "Pause everything" not in pages:
        assert after == before


@pytest.mark.parametrize(
    "pages",
    [
        pytest.param(["Change time", "19:00"], id="time"),
        pytest.param(["Quiet at night", "23:00–07:00"], id="quiet hours"),
        pytest.param(["Alerts per hour", "Few: 2"], id="alerts an hour"),
        pytest.param(["No news: tell me"], id="empty days"),
        pytest.param(["Pause everything"], id="pause"),
        pytest.param(["Change zone", "✓ Tokyo"], id="guessed zone"),
    ],
)
async def test_a_change_by_a_button_is_undone_on_the_page(ann, settings, pages):
    changed = await ann.presses(settings, *pages)
    restored = await ann.presses(changed, "Undo")

    assert changed["message_id"] == restored["message_id"] == settings["message_id"]
    assert labels(changed)[-1] == "Undo"
    assert changed["text"] != settings["text"] == restored["text"]
    assert labels(restored) == labels(settings)


async def test_an_undo_never_overwrites_a_newer_change(ann, settings):
    question = await ann.presses(settings, "Quiet at night", "Other hours")
    first = await ann.replies(question, "23-6")
    await ann.replies(question, "22-5")

    told = await ann.presses_quietly(first, "Undo")

    assert told.startswith("There is nothing left to undo")
    assert "Quiet from 22:00 to 05:00" in (await ann.says("/settings"))["text"]


async def test_an_undo_pressed_twice_says_that_nothing_is_left(ann, house, settings):
    question = await ann.presses(settings, "Quiet at night", "Other hours")
    saved = await ann.replies(question, "23-6")
    again = await house.show_button(ann, dict(buttons(saved))["Undo"])
    await ann.presses(saved, "Undo")

    told = await ann.presses_quietly(again, "By hand")

    assert told.startswith("There is nothing left to undo")


@pytest.mark.parametrize("label", ["Picture in digests", "In alerts"])
async def test_a_picture_is_turned_on_or_off_and_undone_on_its_page(ann, settings, label):
    layout = await ann.presses(settings, "Layout")
    is_on = f"✓ {label}" in labels(layout)
    changed = await ann.presses(layout, f"✓ {label}" if is_on else label)
    restored = await ann.presses(changed, "Undo")

    assert (f"✓ {label}" in labels(changed)) is not is_on
    assert labels(restored) == labels(layout)
    assert "In mails" not in labels(layout)


@pytest.mark.parametrize("label", ["Brief", "One long message"])
async def test_a_layout_is_undone_on_its_page(ann, settings, label):
    layout = await ann.presses(settings, "Layout")
    changed = await ann.presses(layout, label)
    restored = await ann.presses(changed, "Undo")

    assert changed["text"] != layout["text"] == restored["text"]


@pytest.mark.parametrize(
    "before",
    ["", "9-9,x", "1440-127", "480-0", "1-1,2-1,3-1,4-1,5-1", "-", "²-1"],
    ids=["empty", "no numbers", "no such minute", "no day", "too many", "a dash", "superscript"],
)
async def test_a_forged_undo_changes_nothing(ann, house, settings, before):
    row = await house.row_of(ann)
    chosen = await get_settings(house.storage, row.id)
    after = checksum(value_of(chosen, Setting.TIMES))
    forged = f"undo:{Setting.TIMES}:{before}:{after}:0"

    told = await ann.presses_quietly(await house.show_button(ann, forged), "By hand")

    assert told.startswith("There is nothing left to undo")
    assert (await get_settings(house.storage, row.id)).plan == chosen.plan


async def test_hashtags_are_turned_on_by_one_tap_and_undone(ann, settings):
    page = await ann.presses(settings, "Alerts per hour")
    changed = await ann.presses(page, "Hashtags of topics")
    restored = await ann.presses(changed, "Undo")

    assert "✓ Hashtags of topics" in labels(changed)
    assert labels(restored) == labels(page)
