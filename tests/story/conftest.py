"""The whole program, as people start it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.local_playground import LocalPlayground
from tests.story.processes import Workplace

TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


@pytest.fixture
async def telegram() -> AsyncIterator[LocalPlayground]:
    """Yield a Telegram that knows one token only."""
    async with LocalPlayground(token=TOKEN) as playground:
        yield playground
