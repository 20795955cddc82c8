import asyncio
import sys

import pytest

from bot.playground.pictures import picture_size
from bot.publishing.charts import Band
from bot.publishing.drawing import Drawing

DAYS = ["Wed", "Thu", "Fri", "Sat", "Sun", "Mon", "Tue"]
BAND = Band("Cross-strait ties", (1, 0, 2, 1, 3, 2, 5), (1, 0, 2, 1, 0, 1, 2))


async def test_a_chart_is_drawn_as_a_picture_that_telegram_takes():
    async with Drawing() as drawing:
        one, two = await drawing.draw(DAYS, [BAND]), await drawing.draw(DAYS, [BAND] * 6)

    assert one
    assert two
    (width, height), (same, taller) = picture_size(one), picture_size(two)
    assert (width, height < taller) == (same, True)
    assert len(two) < 100_000


async def test_a_question_after_a_rest_is_answered_by_another_process():
    async with Drawing(idle=0) as drawing:
        first = await drawing.draw(DAYS, [BAND])
        await asyncio.sleep(0)

        assert await drawing.draw(DAYS, [BAND]) == first


async def test_those_who_have_ended_are_not_kept():
    draws = "import os, sys; [os.write(1, bytes(4)) for _ in sys.stdin]"
    async with Drawing(idle=0, command=(sys.executable, "-c", draws)) as drawing:
        for _ in range(3):
            await drawing.draw(DAYS, [BAND])
            while drawing._process:  # noqa: ASYNC110 - it rests at once
                await asyncio.sleep(0)
            (left,) = drawing._leaving
            await left.wait()

    assert left.returncode == 0


@pytest.mark.parametrize(
    ("code", "patience"),
    [
        pytest.param("raise SystemExit(1)", 20.0, id="it dies"),
        pytest.param("import time; time.sleep(60)", 0.2, id="it hangs"),
        pytest.param("print('x')", 20.0, id="it says something else"),
    ],
)
async def test_a_drawer_that_fails_costs_the_picture_only(code, patience):
    async with Drawing(patience=patience, command=(sys.executable, "-c", code)) as drawing:
        assert await drawing.draw(DAYS, [BAND]) is None
