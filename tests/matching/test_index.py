import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.matching import index as index_module
from bot.matching.index import QueryIndex
from bot.matching.query import ParsedQuery, parse
from tests.matching import oracle
from tests.matching.wordings import LANGUAGES, carriers, queries, readable, surrounded, texts

pytestmark = pytest.mark.slow


def index_of(*typed: str) -> QueryIndex:
    index = QueryIndex()
    for number, query in enumerate(typed, 1):
        index.add(number, parse(query))
    return index


YES, NO = True, False


@pytest.mark.parametrize(
    ("query", "title", "text", "is_match"),
    [
        pytest.param("title:x", "an x", "", YES, id="in the title"),
        pytest.param("title:x y", "x", "y", YES, id="one here, one there"),
        pytest.param('"x y"', "x", "y", NO, id="no phrase spans both"),
        pytest.param("台湾", "台", "湾", NO, id="no run spans both"),
        pytest.param("x -y", "y", "x", NO, id="not in either"),
        pytest.param("x -title:y", "x", "y", YES, id="not in the title"),
    ],
)
def test_title_and_text_are_two_ranges(query: str, title: str, text: str, is_match: bool):
    assert bool(index_of(query).match(title, text)) is is_match


def test_all_queries_that_match_are_returned():
    index = index_of("consul", '"consul general"', "general", "cons*", "embassy")

    assert index.match("Consul general called in", "") == {1, 2, 3, 4}


def test_words_decide_without_a_tree(monkeypatch: pytest.MonkeyPatch):
    def evaluated(*_: object) -> bool:
        raise AssertionError

    index = index_of("taiwan election", "taiwan OR china", "taiwan -china", "elect*", "title:vote")
    monkeypatch.setattr(index_module, "holds", evaluated)

    assert index.match("Election in Taiwan", "The vote ended") == {1, 2, 3, 4}
    assert index.match("Taiwan and China", "") == {2}
    assert index.match("Vote", "China elects") == {2, 4, 5}


def test_removed_queries_match_no_more():
    index = index_of("taiwan", "tai*", "taiwan OR china")
    index.remove(1)
    index.remove(2)
    index.remove(2)
    index.add(3, parse("china"))

    assert index.match("Taiwan", "") == set()
    assert index.match("China", "") == {3}
    assert (len(index), 1 in index, 3 in index) == (1, False, True)


@given(st.data())
def test_the_index_agrees_with_the_oracle_after_any_changes(data: st.DataObject):
    index = QueryIndex()
    live: dict[int, ParsedQuery] = {}
    for query in readable(data.draw(st.lists(surrounded, max_size=12))):
        number = data.draw(st.integers(1, 9))
        index.add(number, query)
        live[number] = query
        for step in data.draw(st.lists(st.sampled_from(["compact", "remove"]), max_size=2)):
            if step == "remove":
                gone = data.draw(st.integers(1, 9))
                index.remove(gone)
                live.pop(gone, None)
            else:
                index.compact()
        title, text = data.draw(texts), data.draw(texts)
        sources, language = tuple(data.draw(carriers)), data.draw(st.sampled_from(LANGUAGES))

        assert index.match(title, text, sources=sources, language=language) == {
            number
            for number, query in live.items()
            if oracle.matches(query, title, text, sources=sources, language=language)
        }
        assert len(index) == len(live)
        assert all(number in index for number in live)


@given(st.lists(queries, max_size=12), texts, texts)
def test_many_queries_are_added_at_once_as_one_by_one(typed: list[str], title: str, text: str):
    found = list(enumerate(readable(typed)))
    index = QueryIndex()

    index.extend(found)
    index.extend([(number + 100, query) for number, query in found])

    wanted = {number for number, query in found if oracle.matches(query, title, text)}
    assert index.match(title, text) == wanted | {number + 100 for number in wanted}


@given(st.lists(queries, min_size=1, max_size=6), st.integers(0, 1_500), texts)
def test_long_articles_match_the_same_wherever_their_parts_end(
    typed: list[str], before: int, text: str
):
    found = list(enumerate(readable(typed)))
    index = QueryIndex()
    index.extend(found)
    long = f"{'filler ' * before}{text} {'filler ' * 600}"

    assert index.match("", long) == {
        number for number, query in found if oracle.matches(query, "", long)
    }


def test_many_additions_and_removals_leave_the_right_queries():
    index = QueryIndex()
    for number in range(9_000):
        index.add(number, parse(f"word{number % 700} common -gone{number}"))
        if number >= 500:
            index.remove(number - 500)
        if number % 1_000 == 0:
            index.compact()

    found = index.match("", f"common gone8995 {' '.join(f'word{n}' for n in range(700))}")

    assert found == set(range(8_500, 9_000)) - {8_995}
    assert len(index) == 500


def test_a_query_that_takes_the_place_of_a_merged_one_matches_alone():
    index = QueryIndex()
    index.extend([(1, parse("taiwan")), (2, parse("taiwan NEAR/2 china"))])
    index.add(1, parse("japan"))
    index.add(2, parse("korea"))

    assert index.match("", "Taiwan, China") == set()
    assert index.match("", "Japan, Korea") == {1, 2}
    index.compact()
    assert index.match("", "Taiwan, China") == set()
    assert index.match("", "Japan, Korea") == {1, 2}


@pytest.mark.parametrize(
    ("query", "text"),
    [
        pytest.param('"one two three four five six seven eight"', "1 {} 9", id="eight words"),
        pytest.param('"one two three four five six seven eight nine ten"', "{}", id="ten words"),
        pytest.param('"e-mail address book"', "an e-mail address book", id="joined, written apart"),
        pytest.param('"email address book"', "an e-mail address book", id="apart, written joined"),
        pytest.param('"US e-mail act"', "the U.S. e-mail act", id="points and hyphens"),
        pytest.param("dot.net", "the dot-.net-core thing, dot.net", id="a sign behind a hyphen"),
    ],
)
@pytest.mark.parametrize("is_merged", [False, True], ids=["recent", "merged"])
def test_phrases_are_found_in_both_readings(query: str, text: str, is_merged: bool):
    index = QueryIndex()
    index.add(1, parse(query))
    if is_merged:
        index.compact()

    assert index.match("", text.format(query.strip('"'))) == {1}


def test_a_query_is_found_by_the_word_that_turned_out_rarer():
    index = QueryIndex()
    for number in range(100):
        index.add(number, parse(f"ministry tea{number}"))
    for _ in range(600):
        index.match("", "the ministry")

    assert index.needs_compaction
    index.compact()

    assert index.match("", "taiwan ministry tea7") == {7}
    assert not index.needs_compaction


@pytest.mark.parametrize("count", [10, 300])
async def test_compaction_beside_the_loop_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, count: int
):
    monkeypatch.setattr(index_module, "FEW", 100)
    index = QueryIndex()
    for number in range(count):
        index.add(number, parse(f"common word{number} -gone"))
    index.remove(3)
    assert index.needs_compaction is (count > 100)

    await index.compacted()

    assert index.match("", "common word1 word3 word7") == {1, 7}
    assert len(index) == count - 1
