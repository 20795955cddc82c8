from datetime import UTC, datetime
from typing import Any

import pytest

from bot.publishing.notices import Loss, dead_source_page

pytestmark = pytest.mark.slow

# In Tokyo it is the 3rd already.
SINCE = datetime(2026, 3, 2, 20, tzinfo=UTC)


def text_of(renderer, **values: Any) -> str:
    loss = Loss(source="Example Wire", error="challenge", since=SINCE)
    fields = {name: getattr(loss, name) for name in Loss.__slots__} | values
    return dead_source_page(renderer, Loss(**fields), zone="Asia/Tokyo").text


def test_a_silent_source_has_its_own_notice(renderer):
    assert text_of(renderer, given=12, found=30) == (
        "I have not been able to read Example Wire since 3 March: it is blocked by a challenge "
        "page. In the month before, it gave 12 of the 30 articles that your topics found.\n\n"
        "Your topics stay as they are. I keep trying, and continue as soon as it answers."
    )


@pytest.mark.parametrize(
    ("values", "words"),
    [
        pytest.param({"follows": True}, "page. You follow it.\n", id="followed"),
        pytest.param({"given": 1, "found": 1}, "The one article that your topics found", id="one"),
        pytest.param({"given": 4, "found": 4}, "All 4 articles that your topics found", id="all"),
        pytest.param(
            {"is_gone": True, "follows": True},
            "Example Wire has been taken down for good, so I no longer read it. You follow it.\n",
            id="gone",
        ),
        pytest.param({"source": "A" * 300}, "A" * 97 + "... since", id="an endless title"),
    ],
)
def test_a_notice_says_how_much_the_source_provided(renderer, values, words):
    assert words in text_of(renderer, **values)
