import pytest
from sqlmodel import select

from storage.articles import Article
from storage.matches import Match
from storage.queries import Query
from tests.chat.conftest import labels


@pytest.fixture
async def looks(ann):
    await ann.says("Taiwan", "Both")
    return await ann.says("/settings", "Layout")


@pytest.fixture
def matched(news, one_storage):
    """Return a function that stores an article and its matches with all queries."""

    async def store(title: str, text: str, number: int = 0) -> None:
        await news(title, text, f"https://news.example.org/{number}")
        async with one_storage.writing() as tx:
            queries = await tx.session.exec(select(Query))
            (article,) = await tx.session.exec(select(Article).where(Article.title == title))
            for query in queries:
                tx.session.add(
                    Match(
                        article_id=article.id,
                        query_id=query.id,
                        words=["taiwan"],
                        news_at=tx.now,
                        found_at=tx.now,
                    )
                )

    return store


async def test_the_style_is_chosen_by_a_button(ann, looks):
    brief = await ann.presses(looks, "Brief")
    full = await ann.presses(brief, "Full")

    assert "✓ Standard" in labels(looks)
    assert "titles only" in brief["text"]
    assert "✓ Full" in labels(full)


async def test_a_digest_is_a_rich_message_once_chosen(ann, looks, matched):
    await matched("Taiwan talks begin", "The envoy flies to Taiwan.")
    digest = await ann.presses(looks, "One long message", "Preview")

    heading, summary, *_ = digest["rich_message"]["blocks"]
    assert heading == {"type": "heading", "text": "Your digest so far", "size": 2}
    assert "1 story from 1 publisher" in summary["text"]
    assert "Topics" in labels(digest)


async def test_refused_rich_messages_fall_back_to_classic_ones(ann, house, looks, matched):
    await matched("Taiwan talks begin", "The envoy flies to Taiwan.")
    rich = await ann.presses(looks, "One long message")
    house.playground.inject("400", method="sendRichMessage")

    assert (await ann.presses(rich, "Preview"))["text"].startswith("Your digest so far")


async def test_the_button_of_a_topic_shows_all_its_stories(ann, looks, matched):
    for number in range(10):
        await matched(f"Taiwan story {number}", "Words on Taiwan.", number)
    digest = await ann.says("/digest")

    whole = await ann.presses(digest, "All 10: Taiwan")

    assert "+4 more" in digest["text"]
    assert whole["text"].startswith("Taiwan · all 10 stories of this digest")
    assert whole["text"].count("•") == 10


@pytest.mark.parametrize("data", ["all:0:0:999", "all:20200101:0:1", "all:20261399:0:1"])
async def test_the_button_of_a_deleted_digest_reports_the_deletion(ann, house, looks, data):
    answer = await ann.presses(await house.show_button(ann, data), "By hand")

    assert "I don't have that digest any more." in answer["text"]


@pytest.mark.parametrize(
    ("button", "said"),
    [
        pytest.param("Longer", "Saved. Full: ", id="more"),
        pytest.param("Shorter", "Saved. Brief: ", id="less"),
        pytest.param("Weekly", "Saved. Digest: every ", id="weekly"),
    ],
)
async def test_one_tap_under_a_digest_changes_the_next_ones(ann, looks, matched, button, said):
    await matched("Taiwan talks begin", "The envoy flies to Taiwan.")
    digest = await ann.says("/digest")

    saved = await ann.presses(digest, button)
    undone = await ann.presses(saved, "Undo")

    assert saved["message_id"] != digest["message_id"]
    assert saved["text"].startswith(said)
    assert undone["text"].startswith("Undone.")


async def test_a_full_digest_offers_less_and_a_weekly_one_daily(ann, looks, matched):
    await matched("Taiwan talks begin", "The envoy flies to Taiwan.")
    digest = await ann.says("/digest")
    await ann.presses(digest, "Longer")
    await ann.presses(digest, "Weekly")

    changed = labels(await ann.says("/digest"))

    assert {"Shorter", "Daily"} <= set(changed)
    assert not {"Longer", "Weekly"} & set(changed)
