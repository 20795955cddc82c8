"""/admin: one message with the health of the bot and the actions of admins."""

from datetime import timedelta

import pytest
from aiogram.types import BotCommandScopeChat
from sqlmodel import select

from bot.chat.commands import CHAT_COMMANDS, Menu, names_in
from bot.chat.permissions import Permission
from bot.subscribers import audit
from bot.subscribers.access import Access
from storage.articles import Article
from storage.enums import ArticleStage, DeliveryState, SourceState
from storage.outbox import Delivery
from storage.sources import Source
from tests.chat.conftest import House, add_feed
from tests.chat.registrations import buttons_of, real_dispatcher
from tests.delivery.conftest import Outbox

ADMIN_BUTTONS = sorted(
    buttons_of(real_dispatcher(), Permission.BOT_ADMINS), key=lambda kind: kind.__name__
)
ATTENTION, COUNTS = "Something needs your attention.", "1 chat, 0 topics"
NO_NEWS = "I read no news yet."


@pytest.fixture
async def held(house, ann):
    """Return a held delivery to Ann."""
    await ann.says("/topics")
    chat = await house.row_of(ann)
    outbox = Outbox(house.storage)
    return await outbox.add(chat.id, "Taiwan", state=DeliveryState.HELD, last_error="no answer")


async def state_of(house: House, delivery: int) -> DeliveryState:
    async with house.storage.reading() as tx:
        return (await tx.session.get_one(Delivery, delivery)).state


async def test_admin_shows_how_the_bot_is_doing(admin):
    answer = await admin.says("/admin")

    assert answer["text"].split("\n") == [
        f"{ATTENTION} No articles yet, nothing waiting. {COUNTS}, 0 sources. Running for 12d.",
        "",
        f"{NO_NEWS} Add the starter feeds for your language and country, or the feed of a site.",
        "",
        "Last errors",
        "1 min ago: a stage failed · match · OSError: no room",
    ]


async def test_admin_reports_health_and_names_each_problem(house, admin, clock, news):
    await news("Taiwan votes", "Taiwan votes today.")
    async with house.storage.writing() as tx:
        health = {"title": "Example Times", "error": "challenge", "error_since": tx.now}
        later = tx.now + timedelta(days=2)
        await add_feed(tx, "https://times.example/feed", next_fetch_at=later, **health)
        (read,) = await tx.session.exec(select(Source).where(Source.title == "Sample Times"))
        read.next_fetch_at = tx.now + timedelta(days=2)
        (article,) = await tx.session.exec(select(Article))
        article.stage = ArticleStage.PUBLISHED
        tx.session.add_all([read, article])
    clock.turn(timedelta(hours=31))

    well = await admin.says("/admin")
    async with house.storage.writing() as tx:
        (article,) = await tx.session.exec(select(Article))
        article.stage = ArticleStage.STORED
        tx.session.add(article)
    late = await admin.presses(well, "Refresh")

    assert well["text"].split("\n")[:4] == [
        f"All well. Last article 31h ago, nothing waiting. {COUNTS}, 2 sources. Running for 13d.",
        "",
        "Problems",
        "Example Times: is blocked by a challenge page, 31h",
    ]
    panel = f"Last article 31h ago, 1 article waiting. {COUNTS}, 2 sources. Running for 13d."
    assert late["text"].split("\n")[:3] == [
        f"{ATTENTION} {panel}",
        "",
        "Matching articles is 31h behind.",
    ]


async def test_a_stuck_message_is_sent_or_dropped_from_the_panel(house, admin, held):
    panel = await admin.says("/admin")

    listed = await admin.presses(panel, "Stuck messages")
    dropped = await admin.presses(listed, "Drop 1")
    state_then = await state_of(house, held)
    undone = await admin.presses(dropped, "Undo")
    sent = await admin.presses(undone, "Send 1")

    assert listed["text"].startswith("1 stuck message")
    assert "Ann" in listed["text"]
    assert "may have arrived: no answer" in listed["text"]
    assert dropped["text"].startswith("Dropped. It will not be sent.")
    assert state_then is DeliveryState.DROPPED
    assert undone["text"].startswith("1 stuck message")
    assert sent["text"] == "No messages are stuck."
    assert await state_of(house, held) is DeliveryState.PENDING
    assert {one["message_id"] for one in (listed, dropped, undone, sent)} == {panel["message_id"]}


async def test_the_activity_log_names_actor_and_action(house, admin, held):
    await admin.says("/admin", "Stuck messages", "Drop 1")
    await admin.says("/sources add https://news.example.org/feed.xml")

    log = await admin.says("/admin", "Activity")

    assert [line.partition(" · ")[2] for line in log["text"].split("\n")[2:]] == [
        "Ada · source add: https://news.example.org/feed.xml",
        f"Ada · drop: {held}",
    ]


async def test_admin_is_in_the_menu_of_admins_only(house, admin, ann):
    assert "admin" in names_in(Menu.PRIVATE, is_admin=True)
    assert "admin" not in names_in(Menu.PRIVATE)
    assert (await ann.says("/admin"))["text"].startswith("Only admins of this bot can do that.")


def by_hand(kind) -> str:
    """Return forged button data of *kind* whose ids are all 1."""
    values = {name: _made_up(kind, name) for name in kind.model_fields}
    packed: str = kind.model_construct(**values).pack()
    return packed


def _made_up(kind, name: str):
    if name == "invite_code":
        return "ABCDEFGHIJKLMNOP"
    annotation = kind.model_fields[name].annotation
    if hasattr(annotation, "__members__"):
        return next(iter(annotation))
    return {str: "en", bool: True}.get(annotation, 1)


@pytest.mark.parametrize("kind", ADMIN_BUTTONS, ids=lambda kind: kind.__name__)
async def test_panel_buttons_do_nothing_for_non_admins(house, ann, held, kind):
    panel = await house.show_button(ann, by_hand(kind))

    said = await ann.presses_quietly(panel, "By hand")

    assert said.startswith("Only admins of this bot can do that.")
    assert await audit.newest_events(house.storage, 10) == []
    assert await state_of(house, held) is DeliveryState.HELD
    assert ann.all()[-1]["text"] == panel["text"]


class TestInAPlayground:
    @pytest.fixture
    def is_for_first(self):
        return True

    @pytest.fixture
    def access(self):
        return Access(is_open=False, invites=True)

    async def test_the_first_user_is_the_admin(self, house):
        ann, eve = house.talk("Ann"), house.talk("Eve")

        hello = await ann.says("/start")
        refused = await eve.says("/admin")
        panel = await ann.says("/admin")
        theirs = await house.bot.get_my_commands(scope=BotCommandScopeChat(chat_id=ann.who.id))

        assert hello["text"].startswith("Hello, Ann.")
        assert refused["text"].startswith("I am a private news bot")
        assert panel["text"].startswith("Something needs")
        assert [one.command for one in theirs] == names_in(Menu.PRIVATE, is_admin=True)

    async def test_a_group_makes_no_admin(self, house, ann):
        group = await house.group(ann)

        await group.says("/topics@dateline_playground_bot", from_id=ann.who.id)

        assert (await ann.says("/admin"))["text"].startswith("Something needs")


async def test_help_shows_admins_their_commands(admin, ann):
    theirs = (await admin.says("/help", "All commands"))["text"]
    everybodys = (await ann.says("/help", "All commands"))["text"]

    for command in (row.name for row in CHAT_COMMANDS if row.is_for_bot_admins):
        assert f"/{command}" in theirs
        assert f"/{command} ·" not in everybodys


async def test_chats_and_sources_are_described_in_words(house, admin, ann, playground):
    await house.group(ann)
    async with house.storage.writing() as tx:
        health = {"state": SourceState.GONE, "error": "gone", "error_detail": {"status": 410}}
        url = "https://x.example/feed"
        await add_feed(tx, url, public=True, error_since=tx.now, **health)

    panel = await admin.says("/admin")
    listed = await admin.presses(panel, "Chats")

    assert "x.example: has been taken down for good (410)" in panel["text"]
    assert "Newsroom · group ·" in listed["text"]
    assert "Ada · private ·" in listed["text"]


async def test_an_admin_sets_the_limits_of_one_chat(admin, ann):
    await ann.says("/topics")
    limits = await admin.says("/admin", "Chats", "2", "Limits")

    changed = await admin.presses(limits, "10 topics")
    changed = await admin.presses(changed, "50 alerts")

    assert limits["text"] == (
        "Ann · Limits\n\ntopics: 100 (0 subscribed)\nsources of its own: 3\nalerts: no limit"
    )
    assert changed["text"] == (
        "Ann · Limits\n\ntopics: 10 (0 subscribed)\nsources of its own: 3\nalerts: 50 a day"
    )
    for number in range(10):
        await ann.says(f"word{number}", "Alert")
    refused = await ann.presses_quietly(await ann.says("Taiwan"), "Alert")
    assert refused.startswith(
        "You have 10 topics, which is the limit. Unsubscribe from one to add another (/topics)"
    )

    as_all = await admin.presses(changed, "Default: 100 topics")

    assert "topics: 100 (10 subscribed)" in as_all["text"]
