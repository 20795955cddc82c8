from bot.chat.cards import also_caught
from bot.matching.hits import SearchHit
from bot.matching.query import parse
from bot.matching.spans import spans
from bot.text.snippets import bold_ranges, snippet
from tests.conftest import MONDAY_NOON


def hit_of(typed: str, title: str, text: str) -> SearchHit:
    found = spans(parse(typed), title, text)
    in_title = bold_ranges(span for span in found if span.field == "title")
    return SearchHit(1, title, "", "", MONDAY_NOON, in_title, snippet(text, found))


def test_each_other_spelling_is_listed_once():
    typed = '"consul-general"'
    hits = [
        hit_of(typed, "Consul General called in", "The consul general and the Consul-General."),
        hit_of(typed, "A post", "The consul general again."),
    ]

    assert also_caught(typed, hits) == ("Consul General",)


def test_words_found_by_a_prefix_are_listed():
    typed = "semicond*"

    assert also_caught(typed, [hit_of(typed, "Semiconductors", "Semiconductor news.")]) == (
        "Semiconductors",
        "Semiconductor",
    )


def test_the_typed_spelling_is_not_listed():
    typed = "taiwan OR japan"

    assert also_caught(typed, [hit_of(typed, "Taiwan and Japan", "Japan.")]) == ()
