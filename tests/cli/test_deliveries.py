"""`dateline deliveries`, through the command itself."""

import json

import pytest
from sqlmodel import select

from storage.db.engine import Storage
from storage.enums import DeliveryState
from storage.outbox import Delivery
from tests.cli.conftest import with_storage_at
from tests.delivery.conftest import Outbox

HELD, FAILED = DeliveryState.HELD, DeliveryState.FAILED


async def fill(storage: Storage) -> None:
    outbox = Outbox(storage)
    chat = await outbox.chat(7, name="Ann [admin]")
    await outbox.add(chat, "Taiwan", state=HELD, last_error="no answer in time")
    await outbox.add(chat, "Envoy", state=FAILED, last_error="message is too long")


@pytest.fixture
def run(dateline):
    return lambda *arguments: dateline("deliveries", *arguments)


def test_an_empty_list_says_so(run):
    assert run().output == "No delivery is held or failed.\n"


def test_held_and_failed_deliveries_are_listed_with_their_errors(run, sqlite_url):
    with_storage_at(sqlite_url, fill)

    shown = run().output

    assert "Ann [admin]" in shown
    assert "no answer in time" in shown
    assert "message is too long" in shown


def test_one_state_is_listed_as_json(run, sqlite_url):
    with_storage_at(sqlite_url, fill)

    (listed,) = (json.loads(line) for line in run("--state", "held", "--json").output.splitlines())

    assert (listed["id"], listed["state"], listed["begins"]) == (1, "held", "Taiwan")


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        pytest.param(["1"], "Released 1 delivery.", 0, id="one"),
        pytest.param(["--all"], "Released 2 deliveries.", 0, id="all"),
        pytest.param(["1", "9"], "Released 1 delivery.", 2, id="one that is not there"),
        pytest.param([], "Name the deliveries to release", 2, id="none named"),
        pytest.param(["1", "--all"], "Name the deliveries to release", 2, id="both"),
    ],
)
def test_deliveries_are_released_by_id_or_all(run, sqlite_url, arguments, said, code):
    with_storage_at(sqlite_url, fill)

    result = run("release", *arguments)

    assert said in result.output
    assert result.exit_code == code


def test_a_message_to_the_admins_goes_to_those_who_have_a_chat(dateline, sqlite_url, monkeypatch):
    async def read(storage: Storage) -> list[tuple[int, str]]:
        async with storage.reading() as tx:
            return [(row.chat_id, row.body["text"]) for row in await tx.rows(select(Delivery))]

    words = "dateline-backup failed on news & co.\nSee its log."
    with_storage_at(sqlite_url, lambda storage: Outbox(storage).chat(7))
    nobody = dateline("notify-admins", words)
    monkeypatch.setenv("ADMIN_IDS", "7,8")

    told = dateline("notify-admins", words)

    assert (nobody.exit_code, told.exit_code) == (1, 0), told.output
    assert told.output == "The bot sends it to 1 admin.\n"
    ((chat_id, sent),) = with_storage_at(sqlite_url, read)
    assert (chat_id, "failed on news & co." in sent) == (1, True)
