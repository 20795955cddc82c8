from datetime import timedelta

from bot.matching.query import parse
from bot.matching.query.canonical import shown
from bot.matching.search import FLOOD
from bot.subscribers import topics


async def test_a_query_is_explained_with_its_matches(ann, news):
    await news("Taiwan talks", "The consul-general spoke.")

    told = await ann.says('/test taiwan and ("consul general" or envoy)')

    assert 'I read it as ("consul general" OR envoy) taiwan' in told["text"]
    assert "all of these:\n  any of these:\n    the words “consul general” in a row" in told["text"]
    assert "1 story in the last 7 days" in told["text"]
    assert "1. Taiwan talks" in told["text"]
    assert "Nearly" not in told["text"]

    assert "Alert me" in str((await ann.presses(told, "Subscribe"))["reply_markup"])


async def test_the_nearest_article_is_shown_with_the_missing_words(ann, news):
    await news("Taiwan talks", "An envoy spoke.")

    told = await ann.says("/test title:envoy taiwan")

    assert "Nothing in the last 7 days." in told["text"]
    assert "Nearly: Taiwan talks\nIt has envoy, taiwan. What fails: title:envoy" in told["text"]


async def test_an_unreadable_query_is_pointed_at(ann):
    assert "Write more of the word" in (await ann.says("/test ab*"))["text"]


async def test_the_first_word_beyond_the_limit_is_pointed_at(ann):
    told = await ann.says("/test " + " ".join(f"w{number}" for number in range(70)))

    line, caret = (line for line in told["text"].splitlines() if "w64" in line or "^" in line)
    assert line.index("w64") == caret.index("^^^")
    assert "at most 64" in told["text"]


async def test_a_query_is_explained_in_the_characters_typed(ann, news):
    await news("台灣", "Rain in Québec.")

    told = await ann.says("/test 臺灣 -québec")

    assert "I read it as 臺灣 -québec" in told["text"]
    assert "Nearly: 台灣\nIt has 臺灣. What fails: -québec" in told["text"]


async def test_a_query_without_recent_matches_is_noted_on_the_card(ann, news, clock):
    await news("A storm", "It rained.")
    assert "No matches" not in (await ann.says("Taiwan"))["text"]  # nobody can know yet
    clock.turn(timedelta(days=31))
    assert "No matches in 30 days" in (await ann.says("Taiwan"))["text"]
    await news("Taiwan talks", "An envoy spoke.", "https://news.example.org/2")

    assert "No matches" not in (await ann.says("Taiwan"))["text"]


async def test_a_query_with_too_many_matches_is_noted_on_the_card(ann, news):
    for number in range(7 * FLOOD):
        await news(f"Taiwan {number}", "", f"https://news.example.org/{number}")

    told = await ann.says("Taiwan")

    assert "matched 210 stories in the last 7 days, about 30 a day: narrow it?" in told["text"]


async def test_a_catalogue_topic_is_explained_by_its_name(house, ann, news):
    await news("Chips and Taiwan", "")
    page = await topics.catalogue_page(house.storage, 1)
    topic = page.items[0]

    told = await ann.says(f'/test x #"{topic.name}"')

    assert shown(parse(f"x ({topic.typed})")) in told["text"]
