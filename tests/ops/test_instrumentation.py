import asyncio
from contextlib import contextmanager

import pytest

from bot.ops.instrumentation import FAILED, OK, STOPPED, Act, Seen, Watch
from bot.stages import MATCH, StageRunner


class Sees:
    def __init__(self) -> None:
        self.seen: list[Seen] = []

    @contextmanager
    def watch(self, seen: Seen):
        try:
            yield
        finally:
            self.seen.append(seen)


@pytest.fixture
def sees() -> Sees:
    return Sees()


@pytest.fixture
def watch(sees) -> Watch:
    return Watch([sees])


def test_what_went_well_is_told_with_its_name(watch, sees):
    with watch.over(Act.SEND, "telegram", edits=1):
        pass

    (seen,) = sees.seen
    assert (seen.act, seen.name, seen.outcome) == (Act.SEND, "telegram", OK)
    assert seen.facts == {"edits": 1}
    assert seen.seconds >= 0


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        pytest.param(ValueError("secret"), FAILED, id="an error"),
        pytest.param(asyncio.CancelledError(), STOPPED, id="a stop"),
    ],
)
def test_an_error_passes_through_and_only_its_kind_is_told(watch, sees, error, outcome):
    with pytest.raises(type(error)), watch.over(Act.FETCH, "feed"):
        raise error

    (seen,) = sees.seen
    assert seen.outcome == outcome
    assert "secret" not in f"{seen}"


def test_a_word_for_what_went_wrong_stays(watch, sees):
    def late() -> None:
        with watch.over(Act.FETCH, "feed") as seen:
            seen.outcome = "time_out"
            raise OSError("x")

    with pytest.raises(OSError, match="x"):
        late()

    assert sees.seen[0].outcome == "time_out"
    assert sees.seen[0].error == "OSError"


async def test_a_stage_tells_each_round_and_how_much_it_did(watch, sees):
    stopping, left = asyncio.Event(), [3, 0]

    async def step() -> int:
        done = left.pop(0)
        if not left:
            stopping.set()
        return done

    await StageRunner(MATCH, step, watch=watch).run(stopping)

    assert [(seen.name, seen.outcome, seen.done) for seen in sees.seen] == [
        ("match", OK, 3),
        ("match", OK, 0),
    ]
