"""The article that the playground's newsroom publishes for its button."""

from datetime import UTC, datetime

import pytest

from bot.app.newsroom import choose_article
from bot.playground.newsroom.newsroom import Newsroom
from bot.subscribers import catalogue, settings, subscriptions
from bot.subscribers.access import Access
from bot.subscribers.users import Sender, identify
from storage.db.engine import Storage
from storage.enums import Mode
from tests.resources import USUAL_LIMITS

START = datetime(2026, 3, 4, 12, tzinfo=UTC)
FIRST = "consul-general-taipei-flights"


@pytest.fixture
def newsroom():
    return Newsroom(lambda: START, every=None)


@pytest.fixture
def subscribe(storage):
    """Return a function that subscribes a new user to a query; it returns our row of their chat."""

    async def subscribed(query: str, mode: Mode = Mode.INSTANT, user_id: int = 7) -> int:
        sender = Sender(user_id, user_id, name="Ann", language="en")
        user = await identify(storage, sender, access=Access(is_open=True))
        assert user
        await subscriptions.subscribe(storage, user.chat_id, query, mode, limits=USUAL_LIMITS)
        return user.chat_id

    return subscribed


async def publish(storage: Storage, newsroom: Newsroom) -> dict[str, str]:
    return newsroom.publish(await choose_article(storage, newsroom))


async def test_the_button_publishes_what_a_subscription_matches(storage, newsroom, subscribe):
    await subscribe("Norway")
    newsroom.publish()  # the clock of the newsroom

    published = await publish(storage, newsroom)

    assert published["title"].startswith("Norway's Central Bank Cuts Interest Rate")


async def test_a_new_story_comes_before_a_further_report(storage, newsroom, subscribe):
    await subscribe("Taiwan")

    published = [(await publish(storage, newsroom))["slug"] for _ in range(2)]

    assert published == [FIRST, "taichung-bike-museum"]


@pytest.mark.parametrize(
    ("query", "language"),
    [
        pytest.param('"oil fund" penguin', "en", id="all words"),
        pytest.param("penguin* OR walrus -Taiwan", "en", id="alternatives"),
        pytest.param("title:penguin NEAR/3 iceberg -Taiwan", "en", id="words near each other"),
        pytest.param("lang:ja 選挙管理", "ja", id="a language"),
        pytest.param('penguin source:"Daily Sample"', "en", id="a publisher"),
    ],
)
async def test_an_article_is_written_for_a_query_without_one(
    storage, newsroom, subscribe, query, language
):
    await subscribe(query)

    published = [await publish(storage, newsroom) for _ in range(2)]

    assert {article["language"] for article in published} == {language}
    assert [article["slug"].rpartition("-")[0] for article in published] == ["sample-report"] * 2
    assert len({article["title"] for article in published}) == 2


async def test_alerts_come_before_digests_and_the_newest_before_others(
    storage, newsroom, subscribe
):
    await subscribe("Norway", user_id=1)
    await subscribe("semiconductor", user_id=2)
    await subscribe("Suez", Mode.DIGEST, user_id=3)

    title = (await publish(storage, newsroom))["title"]

    assert "Semiconductor" in title


async def test_a_paused_chat_gets_no_article(storage, newsroom, subscribe):
    await subscribe("Norway", user_id=1)
    await settings.pause(storage, await subscribe("Suez", user_id=2))

    assert "Norway" in (await publish(storage, newsroom))["title"]


async def test_a_topic_of_the_catalogue_is_matched_without_subscriptions(storage, newsroom):
    await catalogue.load_catalogue(storage)
    for _ in range(2):  # the first is about Taiwan, the second about nothing in the catalogue
        newsroom.publish()

    assert (await publish(storage, newsroom))["slug"] != "marseille-pilotes-greve"


async def test_a_closed_publisher_publishes_nothing(storage, newsroom, subscribe):
    await subscribe("Norway")
    newsroom.close("wire")

    published = [await publish(storage, newsroom) for _ in range(3)]

    assert "Example Wire" not in {article["publisher"] for article in published}


async def test_without_topics_the_next_article_is_published(storage, newsroom):
    assert (await publish(storage, newsroom))["slug"] == FIRST
