from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.pages.boilerplate import HostBoilerplate

TITLES = [
    "Ferry late again", "Bridge to be painted green", "Museum finds a lost map",
    "Storm takes roofs off farms", "Baker wins a prize", "Tram repaired at last",
]  # fmt: skip
OWN = "Follow us for more news of the bay, every morning at seven."


def story(number: int, paragraphs: int = 12) -> list[str]:
    """As many long paragraphs that no other story has."""
    name = chr(ord("a") + number) * 3
    return [
        f"{name} {chr(ord('a') + at)} went down to the harbour, where the old boat lay in the fog "
        "and nobody knew when it would sail, and came back in the evening with nothing to tell."
        for at in range(paragraphs)
    ]


def learned(pages: list[list[str]], titles: list[str] | None = None) -> HostBoilerplate:
    titled = zip(titles or TITLES, pages, strict=False)
    return reduce(lambda known, page: known.after(*page), titled, HostBoilerplate())


def with_own(number: int, own: str, at: int) -> list[str]:
    """A story with *own* as the paragraph *at* (from the end, where negative)."""
    page = story(number)
    page.insert(at if at >= 0 else len(page) + at + 1, own)
    return page


@pytest.mark.parametrize("at", [0, 1, -1, -3], ids=["first", "second", "last", "near the end"])
def test_paragraphs_in_the_same_place_of_three_articles_go(at):
    pages = [with_own(number, OWN, at) for number in range(4)]

    assert learned(pages[:3]).without(pages[3]) == story(3)
    assert learned(pages[:3]).without(pages[2]) == story(2)
    assert learned(pages[:2]).without(pages[2]) == pages[2]


def test_a_counter_in_it_changes_nothing():
    pages = [with_own(number, f"{number * 7} readers said so today.", -1) for number in range(4)]

    assert learned(pages[:3]).without(pages[3]) == story(3)


@pytest.mark.parametrize(
    ("own", "at"),
    [
        pytest.param(OWN, 6, id="in the middle"),
        pytest.param('"Nobody told us anything," she said.', -1, id="a quotation"),
        pytest.param("「誰も教えてくれなかった」と話した。", -1, id="a quotation in Japanese"),
        pytest.param(
            "PORT ELIN, March 2 (Harbour Press) - The ferry was late.", 0, id="a dateline"
        ),
        pytest.param(f"{OWN} " * 8, -1, id="a long paragraph"),
        pytest.param("What we know", 6, id="a heading between paragraphs"),
    ],
)
def test_paragraphs_that_may_belong_to_the_story_stay(own, at):
    pages = [with_own(number, own, at) for number in range(4)]

    assert learned(pages[:3]).without(pages[3]) == pages[3]


def test_a_heading_with_one_more_paragraph_of_the_story_under_it_ends_nothing():
    pages = [[*story(number), "What we know", *story(number + 6)[:1]] for number in range(4)]

    assert learned(pages[:3]).without(pages[3])[-1] == story(9)[0]


@pytest.mark.parametrize(
    "titles",
    [
        ["Ferry late", "Mayor angry about the ferry", "Ferry gets a radar"],
        ["フェリーまた遅れる", "市長、フェリー会社を批判", "旧港のフェリーにレーダー"],
    ],
    ids=["English", "Japanese"],
)
def test_paragraphs_repeated_in_articles_about_one_event_stay(titles):
    pages = [with_own(number, OWN, -1) for number in range(4)]

    assert learned(pages[:3], titles).without(pages[3]) == pages[3]


def test_paragraphs_on_fewer_than_half_of_the_pages_stay():
    pages = [with_own(number, OWN, -1) if number % 3 == 0 else story(number) for number in range(9)]

    assert learned(pages, TITLES * 2).without(pages[0]) == pages[0]


def test_a_box_under_a_heading_of_the_hosts_own_goes():
    teasers = [
        f"Baker number {chr(ord('a') + at)} of the old town wins a prize" for at in range(12)
    ]
    pages = [
        [*story(number), "Tonight in town", *teasers[number * 3 : number * 3 + 3]]
        for number in range(4)
    ]

    assert learned(pages[:3]).without(pages[3]) == story(3)


def test_an_article_that_is_hardly_more_is_kept_whole():
    pages = [[OWN, "It was late."] for _ in range(4)]

    assert learned(pages[:3]).without(pages[3]) == pages[3]


def test_paragraphs_gone_from_the_pages_are_forgotten():
    known = learned([with_own(number, OWN, -1) for number in range(3)])
    for number in range(60):
        known = known.after(f"Something else, number {number}", story(number % 26))

    assert known.without(with_own(1, OWN, -1)) == with_own(1, OWN, -1)
    assert len(known.written()) < 10_000


texts = st.lists(
    st.one_of(st.text(max_size=80), st.sampled_from([OWN, "Tonight", *story(1)])), max_size=9
)


@given(st.lists(st.tuples(st.text(max_size=40), texts), max_size=6), texts)
def test_any_paragraphs_left_were_there_and_any_state_is_read_back(pages, paragraphs):
    known = HostBoilerplate()
    for page in pages:
        known = known.after(*page)
    left = known.without(paragraphs)
    rest = iter(paragraphs)

    assert all(any(each == one for one in rest) for each in left)
    assert HostBoilerplate.of(known.written()) == known
    assert HostBoilerplate.of("") == HostBoilerplate()


def test_a_page_of_thousands_of_lines_teaches_nothing_and_stays_whole():
    pages = [with_own(number, OWN, -1) for number in range(3)]
    list_of_names = [f"Ann {number} Berg" for number in range(3_000)] + [OWN]

    assert learned([*pages, list_of_names]) == learned(pages)
    assert learned(pages).without(list_of_names) == list_of_names
