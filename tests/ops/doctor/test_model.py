from datetime import date

import pytest

from bot.model.client import ModelClient
from bot.ops.doctor.model import check_model, judge_budget, judge_model
from bot.playground.modelroom.server import NAME
from storage.model_texts import ModelDay
from tests.local_playground import LocalPlayground


@pytest.mark.parametrize(
    ("mode", "name", "codes"),
    [
        pytest.param("right", NAME, ["model.reached"], id="well"),
        pytest.param("right", "another", ["model.reached", "model.unlisted"], id="another name"),
        pytest.param("broken", NAME, ["model.refused"], id="broken"),
        pytest.param("html", NAME, ["model.refused"], id="a page"),
    ],
)
async def test_the_server_of_the_model_is_asked(mode, name, codes):
    async with LocalPlayground() as playground:
        playground.model(mode)
        async with ModelClient(playground.model_url, name, "sk-secret") as client:
            findings = await check_model(client)

    assert [finding.code for finding in findings] == codes
    assert "secret" not in str(findings)


def test_a_slow_model_is_a_warning():
    assert [each.code for each in judge_model(NAME, [], 30)] == ["model.reached", "model.slow"]


@pytest.mark.parametrize(("used", "code"), [(899, "model.tokens"), (900, "model.budget")])
def test_a_budget_that_is_nearly_used_up_is_a_warning(used, code):
    today = ModelDay(day=date(2026, 3, 2), used=used - 100, reserved=100)

    assert judge_budget(today, 1000).code == code
