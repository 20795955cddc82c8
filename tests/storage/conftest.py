"""An outbox that tests fill, to test its statements."""

import pytest

from storage.db.engine import Storage
from tests.delivery.conftest import Outbox


@pytest.fixture
def outbox(storage: Storage) -> Outbox:
    return Outbox(storage)
