from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.feeds.model import ReadingRules, SelectorProblem
from bot.sources.limits import LONGEST_SELECTOR, MOST_SELECTOR_STEPS
from bot.sources.pages import selectors
from bot.sources.pages.dom import parsed
from bot.sources.pages.page import read_page
from bot.sources.pages.selectors import (
    InvalidSelectorError,
    SelectorErrorCode,
    check_selector,
    selected,
)

URL = "https://paper.example/story"
FERRY = "The ferry to the island was late on Monday morning because of the fog in the harbour."
CREW = "The crew waited for two hours before the harbour master let them leave the quay."
PROMOTION = "Subscribe to our newsletter to read all the news of the harbour every single morning."
PAGE = f"""<html><head><title>Ferry late</title></head><body>
<h1>Ferry late</h1>
<div id="story"><p>{FERRY}</p><div class="box">{PROMOTION}</div><p>{CREW}</p></div>
<div class="teaser"><p>Another story of the day, about something else entirely.</p></div>
<script>var no = 1;</script></body></html>"""


@pytest.mark.parametrize(
    "selector",
    [
        pytest.param("article .story-body", id="descendant"),
        pytest.param("#story > p:not(.box), main", id="list of selectors"),
        pytest.param("div[class^='story']", id="attribute"),
        pytest.param("//div[@id='story']", id="path"),
        pytest.param('//div[contains(concat(" ", @class, " "), " body ")]/p', id="functions"),
        pytest.param("(//article)[1]", id="first of all"),
        pytest.param("//p[@a and (@b or @c)]", id="operators before brackets"),
        pytest.param("//h1/following-sibling::p[position() > 1]", id="axis"),
        pytest.param("./body//section", id="relative path"),
    ],
)
def test_a_plain_selector_is_accepted(selector):
    assert check_selector(f"  {selector} ") == selector


@pytest.mark.parametrize(
    ("selector", "code", "what"),
    [
        pytest.param("  ", SelectorErrorCode.EMPTY, "", id="nothing"),
        pytest.param("a" * 10_000, SelectorErrorCode.TOO_LONG, "a", id="ten thousand characters"),
        pytest.param("//a" * 60, SelectorErrorCode.TOO_MANY_STEPS, "/", id="many steps"),
        pytest.param("a > " * 40 + "b", SelectorErrorCode.TOO_MANY_STEPS, ">", id="combinators"),
        pytest.param("//a[re:test(@b, '(x+)+y')]", SelectorErrorCode.PREFIX, "re:", id="EXSLT"),
        pytest.param("//x:a", SelectorErrorCode.PREFIX, "x:", id="namespace"),
        pytest.param("//a[$b]", SelectorErrorCode.VARIABLE, "$b", id="variable"),
        pytest.param("//a[document('file:///etc/passwd')]", SelectorErrorCode.FUNCTION,
                     "document", id="document"),
        pytest.param("//a[id('b')]", SelectorErrorCode.FUNCTION, "id", id="id"),
        pytest.param("//a[and(@b)]", SelectorErrorCode.FUNCTION, "and", id="no operand"),
        pytest.param("//a[", SelectorErrorCode.UNREADABLE, "//a[", id="open predicate"),
        pytest.param("//a[@b='c]", SelectorErrorCode.UNREADABLE, "'", id="open quote"),
        pytest.param("//a;b", SelectorErrorCode.UNREADABLE, ";", id="sign of no path"),
        pytest.param("p::before", SelectorErrorCode.PSEUDO_ELEMENT, "::before", id="pseudo"),
        pytest.param("p !", SelectorErrorCode.UNREADABLE, "!", id="no CSS"),
        pytest.param("p:frob", SelectorErrorCode.UNREADABLE, "p:frob", id="no pseudo-class"),
        pytest.param("p\nq", SelectorErrorCode.UNREADABLE, "\n", id="line break"),
        pytest.param("<b>x</b>", SelectorErrorCode.UNREADABLE, "<", id="markup"),
    ],
)  # fmt: skip
def test_a_selector_is_refused_at_the_place_of_the_reason(selector, code, what):
    with pytest.raises(InvalidSelectorError) as refused:
        check_selector(selector)

    error = refused.value
    assert error.code is code
    assert error.text[error.position : error.position + error.length] == what


@given(st.text(max_size=LONGEST_SELECTOR))
def test_any_text_is_a_selector_or_is_refused(text):
    with suppress(InvalidSelectorError):
        selected(parsed(PAGE), check_selector(text))


@given(st.from_regex(r"//[a-z]{1,3}(\[[a-z@(). '/*=|-]{0,30}\])?", fullmatch=True))
def test_a_path_with_any_predicate_is_a_selector_or_is_refused(text):
    with suppress(InvalidSelectorError):
        selected(parsed(PAGE), check_selector(text))


def test_the_steps_of_a_selector_are_bounded():
    assert check_selector("/a" * MOST_SELECTOR_STEPS)


def test_no_element_is_selected_twice():
    root = parsed(PAGE)

    assert [each.get("id") or each.tag for each in selected(root, "#story, #story p, h1")] == [
        "h1",
        "story",
    ]


def test_a_selector_of_values_selects_nothing():
    root = parsed(PAGE)

    assert [selected(root, each) for each in ("//p/text()", "//div/@id", "(1)")] == [[], [], []]


def body_of(**rules) -> str:
    (item,) = read_page(PAGE, URL, ReadingRules(**rules)).items
    return item.text


def test_the_selected_part_is_the_body():
    assert body_of(article="#story") == f"{FERRY}\n\n{PROMOTION}\n\n{CREW}"


def test_parts_of_the_selected_part_are_dropped():
    assert body_of(article="#story", dropped=(".box",)) == f"{FERRY}\n\n{CREW}"


def test_parts_are_dropped_from_the_usual_body():
    assert "ferry" not in body_of(dropped=("//p[contains(., 'ferry')]",))


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param({"article": ".gone"}, id="an article that is not there"),
        pytest.param({"dropped": ("body",)}, id="everything is dropped"),
        pytest.param({"article": "script"}, id="a part without text"),
    ],
)
def test_a_page_is_read_as_usual_if_the_selectors_leave_no_text(rules):
    document = read_page(PAGE, URL, ReadingRules(**rules))

    assert document.selector_problem is SelectorProblem.SELECTS_NOTHING
    assert document.items[0].text == body_of()


def test_a_page_that_follows_the_selectors_has_no_problem():
    document = read_page(PAGE, URL, ReadingRules(article="#story"))

    assert document.selector_problem is None
    assert document.items[0].title == "Ferry late"


def test_the_language_of_a_page_is_that_of_the_rules():
    assert read_page(PAGE, URL, ReadingRules(language="de")).items[0].language == "de"


@pytest.fixture
def sites(tmp_path, monkeypatch):
    file = tmp_path / "sites.toml"
    file.write_text(
        '[[site]]\nhosts = "paper.example *.press.example"\narticle = "#story"\ndrop = [".box"]\n'
        '[[site]]\nhosts = "*"\n'
    )
    monkeypatch.setattr(selectors, "_SITES", file)
    selectors._presets.cache_clear()
    yield
    selectors._presets.cache_clear()


@pytest.mark.usefixtures("sites")
@pytest.mark.parametrize(
    ("host", "article"),
    [
        pytest.param("paper.example", "#story", id="the host"),
        pytest.param("www.paper.example", "#story", id="with www"),
        pytest.param("north.press.example", "#story", id="a host of the pattern"),
        pytest.param("notpaper.example", "", id="another host"),
    ],
)
def test_a_known_site_has_selectors_of_its_own(host, article):
    assert selectors.with_preset(ReadingRules(zone="UTC"), host).article == article


@pytest.mark.usefixtures("sites")
def test_the_selectors_of_a_source_outrank_those_of_its_site():
    own = ReadingRules(article="main")

    assert selectors.with_preset(own, "paper.example") == own
