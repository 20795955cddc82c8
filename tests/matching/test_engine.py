"""The index at work: what it holds stays right through merges, removals and snapshots."""

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.matching.engine import queries as engine
from bot.matching.engine.hashing import Kind
from bot.matching.engine.snapshot import Unusable, read, write
from bot.matching.index import QueryIndex
from bot.matching.query import Query, parse
from tests.matching import oracle
from tests.matching.test_index import readable
from tests.matching.wordings import queries, texts


def copied(index: QueryIndex) -> QueryIndex:
    return QueryIndex.of(read(BytesIO(written(index))))


def written(index: QueryIndex) -> bytes:
    file = BytesIO()
    write(file, index.snapshot(7))
    return file.getvalue()


@pytest.fixture
def tidy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few rows are worth a merge."""
    monkeypatch.setattr(engine, "_SMALL", 3)


@given(st.data())
def test_it_agrees_with_the_oracle_in_the_middle_of_merges_and_after_a_restart(data: st.DataObject):
    index, live = QueryIndex(), dict[int, Query]()
    for query in readable(data.draw(st.lists(queries, min_size=1, max_size=12))):
        number = data.draw(st.integers(1, 9))
        index.add(number, query)
        live[number] = query
        for step in data.draw(st.lists(st.sampled_from(["tend", "settle", "remove", "restart"]))):
            if step == "remove":
                gone = data.draw(st.integers(1, 9))
                index.remove(gone)
                live.pop(gone, None)
            elif step == "restart":
                index = copied(index)
            elif step == "settle":
                index._queries.settle()
            else:
                index._queries._work = index._queries._work or index._queries._tidied()
                index.tend()
        title, text = data.draw(texts), data.draw(texts)

        assert index.match(title, text) == {
            number for number, query in live.items() if oracle.matches(query, title, text)
        }
        assert len(index) == len(live)


@given(st.lists(queries, max_size=12), texts, texts)
def test_many_at_once_are_as_many_one_by_one(typed: list[str], title: str, text: str):
    found = list(enumerate(readable(typed)))
    index = QueryIndex()

    index.extend(found)
    index.extend([(number + 100, query) for number, query in found])

    wanted = {number for number, query in found if oracle.matches(query, title, text)}
    assert index.match(title, text) == wanted | {number + 100 for number in wanted}
    assert copied(index).match(title, text) == wanted | {number + 100 for number in wanted}


@pytest.mark.usefixtures("tidy")
def test_many_additions_and_removals_leave_what_was_asked_for():
    index = QueryIndex()
    for number in range(9_000):
        index.add(number, parse(f"word{number % 700} common -gone{number}"))
        if number >= 500:
            index.remove(number - 500)

    found = index.match("", f"common gone8995 {' '.join(f'word{n}' for n in range(700))}")

    assert found == set(range(8_500, 9_000)) - {8_995}
    assert len(index) == 500
    assert index._queries.slots.count < 3_000
    assert index._queries.literals.count < 6_000


def test_a_word_that_many_new_queries_ask_for_brings_them_all():
    index = QueryIndex()
    for number in range(100):
        index.add(number, parse(f"taiwan -gone{number}"))

    assert index.match("", "taiwan gone7") == set(range(100)) - {7}
    assert index.match("", "gone7") == set()


def test_a_row_moves_to_the_literal_that_turned_out_rarer():
    index = QueryIndex()
    index.add(1, parse("ministry taiwan"))
    for _ in range(3):
        index.match("", "the ministry")
    index._queries.settle()

    anchors = index._queries.columns[1].rows(0, 1).anchors.tolist()

    assert anchors == [index._queries.literals.table.get(key(index, "taiwan"))]
    assert index.match("", "taiwan ministry") == {1}


def key(index: QueryIndex, word: str) -> int:
    return index._queries.literals.hashing.key(Kind.WORDS, word)


def test_a_snapshot_keeps_the_number_the_queries_and_what_was_learned():
    index = QueryIndex()
    for number, query in enumerate(
        ["taiwan", "a NEAR/3 b", "x -y", "tai*", "source:a.b x", "lang:ja x"]
    ):
        index.add(number, parse(query))
    index.match("", "taiwan " * 3)
    snapshot = read(BytesIO(written(index)))

    again = QueryIndex.of(snapshot)
    learned = np.array([key(again, "taiwan")], dtype=np.uint64)

    assert snapshot.number == 7
    assert again.match("taiwan", "a c b x", sources=["a.b"], language="ja") == {0, 1, 2, 3, 4, 5}
    assert again._queries.literals.frequencies.of(learned) == [2]


@pytest.mark.parametrize("at", [0, 9, 13, 40, 5_000, -9, -1])
def test_a_damaged_snapshot_is_refused(at: int):
    index = QueryIndex()
    index.add(1, parse("taiwan"))
    data = bytearray(written(index))
    data[at] ^= 0x41

    with pytest.raises(Unusable):
        read(BytesIO(bytes(data)))


@pytest.mark.parametrize("length", [0, 5, 16, 100, 100_000, -1])
def test_a_snapshot_cut_short_is_refused(length: int):
    index = QueryIndex()
    index.add(1, parse("taiwan"))

    with pytest.raises(Unusable):
        read(BytesIO(written(index)[:length]))


def test_nothing_at_all_is_a_snapshot_too():
    assert copied(QueryIndex()).match("a", "b") == set()
