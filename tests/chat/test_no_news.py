"""A bot without sources says so, and its admin adds the starter feeds in the chat."""

import asyncio

import pytest

from bot.sources.discovery.add import Addition, AddOutcome, SourceOptions
from bot.sources.discovery.opml import choose_starters
from bot.sources.fetch.problems import Problem, ProblemCode
from bot.subscribers import audit
from bot.subscribers.access import Access, new_admin_code
from bot.subscribers.share_links import ADMIN_PREFIX
from tests.chat.conftest import labels
from tests.resources import FakeAdding

ADDING = ["Add starter feeds", "Add a feed"]
NOTHING = "I read no news yet."


class SomeSites:
    """Adds what *outcomes* says, by title; adds every other source."""

    def __init__(self, adding: FakeAdding, **outcomes: AddOutcome) -> None:
        self.options = adding.options
        self.outcomes = outcomes
        self.asked: list[str] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def add(self, url: str, options: SourceOptions) -> Addition:
        await self.may_answer.wait()
        self.asked.append(url)
        outcome = self.outcomes.get(options.title, AddOutcome.ADDED)
        failed = outcome is AddOutcome.REFUSED
        problem = Problem(ProblemCode.NOTHING_TO_READ) if failed else None
        return Addition(url, outcome, options.title, problem=problem)


@pytest.fixture
def sites(house, monkeypatch):
    made = SomeSites(house.adding)
    monkeypatch.setattr(house.adding, "add", made.add)
    return made


async def test_the_admin_panel_of_a_bot_without_sources_offers_some(admin):
    panel = await admin.says("/admin")

    assert NOTHING in panel["text"]
    assert "All well" not in panel["text"]
    assert labels(panel)[:2] == ADDING


async def test_the_admin_panel_of_a_bot_with_sources_is_as_usual(admin, news):
    await news("Taiwan", "Taiwan")

    panel = await admin.says("/admin")

    assert NOTHING not in panel["text"]
    assert not set(labels(panel)) & set(ADDING)


class TestFirstAdmin:
    @pytest.fixture
    def access(self):
        return Access(is_open=False)

    async def test_the_first_admin_is_offered_sources_at_once(self, house):
        code = await new_admin_code(house.storage, access=house.resources.access)

        message = await house.talk("Ada").says(f"/start {ADMIN_PREFIX}{code}")

        assert message["text"].startswith("You are now an admin")
        assert NOTHING in message["text"]
        assert labels(message) == ADDING


@pytest.mark.parametrize("said", ["/start", "Taiwan"])
async def test_an_admin_is_offered_sources(admin, said):
    message = await admin.says(said)

    assert NOTHING in message["text"]
    assert "I'll be here" not in message["text"]
    assert [label for label in labels(message) if label in ADDING] == ADDING


@pytest.mark.parametrize("said", ["/start", "Taiwan"])
async def test_a_user_learns_that_the_admin_must_add_sources(ann, said):
    message = await ann.says(said)

    assert f"{NOTHING} My admin has to add sources first." in message["text"]
    assert not set(labels(message)) & set(ADDING)


async def test_a_card_that_finds_nothing_is_as_usual_with_sources(ann, news):
    await news("Norway", "Oslo")

    assert "I'll be here when they come" in (await ann.says("Taiwan"))["text"]


async def test_starter_feeds_are_added_and_counted(admin, house, sites):
    first, second = (feed.title for feed in choose_starters("en", "")[:2])
    sites.outcomes = {first: AddOutcome.THERE, second: AddOutcome.REFUSED}

    begun = await admin.says("/admin", "Add starter feeds")
    await house.resources.background.wait()
    result = admin.all()[-1]

    count = len(choose_starters("en", ""))
    assert "Adding the starter feeds" in begun["text"]
    assert result["message_id"] == begun["message_id"]
    assert f"Added {count - 2} feeds. 1 was already there. 1 could not be added:" in result["text"]
    assert f"{second}: " in result["text"]
    events = (await audit.activity_page(house.storage, 0)).items
    assert len(sites.asked) == count
    assert {str(event.action) for event in events} == {"source add"}


async def test_the_starter_feeds_hold_up_nothing_and_are_not_added_twice_at_once(
    admin, ann, house, sites
):
    sites.may_answer.clear()
    panel = await admin.says("/admin")
    await admin.presses(panel, "Add starter feeds")

    answer = await ann.says("/help")
    toast = await admin.presses_quietly(panel, "Add starter feeds")
    sites.may_answer.set()
    await house.resources.background.wait()

    assert answer["text"]
    assert toast.startswith("I'm adding the starter feeds already.")
    assert len(sites.asked) == len(set(sites.asked))


async def test_the_starter_feeds_can_be_added_again(admin, house, sites):
    panel = await admin.says("/admin")
    await admin.presses(panel, "Add starter feeds")
    await house.resources.background.wait()
    sites.outcomes = {feed.title: AddOutcome.THERE for feed in choose_starters("en", "")}

    await admin.presses_quietly(panel, "Add starter feeds")
    await admin.settled()
    await house.resources.background.wait()

    assert "were already there." in admin.all()[-1]["text"]


async def test_an_admin_adds_a_feed_by_typing_its_address(admin, house):
    await admin.says("/admin", "Add a feed")

    again = await admin.says("no address")
    added = await admin.says("news.example.org")

    assert again["text"].startswith("That's no address.")
    assert added["text"].startswith("Added Sample Times")
    assert house.adding.asked == ["https://news.example.org"]


async def test_only_an_admin_may_press_the_buttons(ann, house):
    for data in ("starters", "asksource"):
        message = await house.show_button(ann, data)

        refused = await ann.presses_quietly(message, "By hand")

        assert refused.startswith("Only admins of this bot can do that.")
    assert house.adding.asked == []
