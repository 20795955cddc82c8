from bot.chat.cards import also_caught
from bot.matching.query import parse
from bot.matching.search import SearchHit
from bot.matching.spans import spans
from bot.text.snippets import bold_ranges, snippet
from tests.conftest import MONDAY_NOON


def hit_of(typed: str, title: str, text: str) -> SearchHit:
    found = spans(parse(typed), title, text)
    in_title = bold_ranges(span for span in found if span.field == "title")
    return SearchHit(1, title, "", "", MONDAY_NOON, in_title, snippet(text, found))


def test_other_spellings_are_told_once():
    typed = '"consul-general"'
    hits = [
        hit_of(typed, "Consul General called in", "The consul general and the Consul-General."),
        hit_of(typed, "A post", "The consul general again."),
    ]

    assert also_caught(typed, hits) == ("Consul General",)


def test_words_that_a_beginning_finds_are_told():
    typed = "semicond*"

    assert also_caught(typed, [hit_of(typed, "Semiconductors", "Semiconductor news.")]) == (
        "Semiconductors",
        "Semiconductor",
    )


def test_what_was_typed_is_not_told_again():
    typed = "taiwan OR japan"

    assert also_caught(typed, [hit_of(typed, "Taiwan and Japan", "Japan.")]) == ()
