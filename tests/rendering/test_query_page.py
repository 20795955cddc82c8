"""The query language is described in the chat and in the documents, from one source."""

from typing import Any

import pytest

from bot.chat import callbacks
from bot.matching.query import parse
from bot.rendering.environment import make_environment
from bot.rendering.renderer import Renderer
from tests.matching import oracle
from tests.query_page import PAGE, written

LANGUAGE: Any = make_environment().get_template("queries/language.html").module
ROWS = [row for _, rows in LANGUAGE.sections for row in rows]
TOPICS = {"chips": "semicond*"}


def test_the_page_in_the_documents_matches_the_template():
    assert PAGE.read_text(encoding="utf-8").strip() == written().strip()


@pytest.mark.parametrize("example", [example for example, _ in ROWS])
def test_every_example_is_a_query_and_is_in_the_chat_and_the_documents(example: str):
    parse(f"taiwan {example}", TOPICS)

    assert (
        example
        in Renderer(make_environment()).message("chat/help.html#queries", press=callbacks).text
    )
    assert f"`{example}`" in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("spellings", [examples for examples, _ in LANGUAGE.alike])
def test_spellings_listed_as_equal_are_equal_queries(spellings: str):
    for alike in spellings.split("; "):
        one, *others = alike.split(", ")
        for other in () if one == "U.S." else others:  # names with signs
            assert oracle.matches(parse(f'"{one}"'), "", other)
            assert oracle.matches(parse(f'"{other}"'), "", one)
