"""Times typed in the language of the chat."""

import pytest

from bot.rendering.renderer import Renderers
from tests.chat.conftest import labels


@pytest.fixture
def renderer():
    return Renderers().of("en")


@pytest.mark.parametrize(
    ("language", "typed", "shown"),
    [
        ("de", "montags um 9 Uhr", "Montag"),
        ("ar", "الاثنين ٩:٠٠", "الاثنين"),
        ("ja", "月曜 9時", "月曜日"),
    ],
    ids=["German", "Arabic", "Japanese"],
)
async def test_a_weekly_digest_is_offered_in_the_language_it_was_typed_in(
    house, language, typed, shown
):
    answer = await house.talk("Ada", language_code=language).says(typed)

    assert "09:00" in answer["text"]
    assert shown in answer["text"]
    assert len(labels(answer)) > 0
