"""Settings of sources, dumped from one database and loaded into another."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.sources.credentials import AccessKind, Credentials
from bot.sources.sealing import Keyring, new_key, parse_keys
from bot.sources.source_access import change_access, show_access
from bot.subscribers import source_settings
from bot.subscribers.errors import NotAnExport
from bot.subscribers.source_dump import LoadedSource, dump_sources, load_source
from bot.subscribers.source_settings import SourceChanges, SourceSetting, get_settings, value_of
from storage.db.engine import Storage
from storage.enums import SourcePriority
from storage.source_rules import delete_access, store_access
from storage.sources import add_source, change_source
from tests.conftest import MONDAY_NOON
from tests.rows import source_row

URL = "https://paper.example/feed"
PASSWORD = "swordfish-7Q"
CHANGES = SourceChanges(
    article="#story",
    dropped=[".box", "aside"],
    keep="economy",
    drop="title:sponsored",
    language="de",
    zone="Asia/Taipei",
    priority=SourcePriority.HIGH,
    every="30m",
)
NOTHING = SourceChanges("", (), "", "", "", "", SourcePriority.NORMAL, "")


def ring() -> Keyring:
    keys = parse_keys(new_key())
    return Keyring(lambda: keys)


@pytest.fixture(params=[True, False], ids=["public", "of a chat"])
async def source_id(storage: Storage, request: pytest.FixtureRequest) -> int:
    async with storage.writing() as tx:
        source_id = await add_source(tx, source_row(URL, public=request.param))
    assert source_id
    return source_id


async def dump(storage: Storage, keyring: Keyring, *, with_secrets: bool = False) -> list[bytes]:
    return [line async for line in dump_sources(storage, keyring, with_secrets=with_secrets)]


async def values_of(storage: Storage, source_id: int) -> dict[str, str]:
    found = await get_settings(storage, source_id)
    return {setting: value_of(found, setting) for setting in SourceSetting}


async def forget_settings(storage: Storage, source_id: int) -> None:
    """Clear all settings of the source, as if it had been added to another database."""
    await source_settings.change_settings(storage, source_id, NOTHING, by=None)
    await source_settings.resume_source(storage, source_id, by=None)
    async with storage.writing() as tx:
        await delete_access(tx, source_id)


async def set_access(storage: Storage, keyring: Keyring, source_id: int) -> None:
    def change(access: Credentials) -> Credentials:
        return access.with_login("ann", PASSWORD).with_user_agent("Mine/1")

    await change_access(storage, keyring, source_id, change, by=None)


async def test_all_settings_come_back_and_only_once(storage: Storage, source_id: int):
    until = MONDAY_NOON + timedelta(days=3)
    await source_settings.change_settings(storage, source_id, CHANGES, by=None)
    await source_settings.pause_source(storage, source_id, until, by=None)
    chosen = await values_of(storage, source_id)
    (line,) = await dump(storage, ring())
    await forget_settings(storage, source_id)
    forgotten = await values_of(storage, source_id)

    tried = await load_source(storage, line, keyring=ring(), dry_run=True)
    untouched = await values_of(storage, source_id)
    first = await load_source(storage, line, keyring=ring())
    second = await load_source(storage, line, keyring=ring())

    assert (tried, untouched) == (LoadedSource.SET, forgotten)
    assert (first, second) == (LoadedSource.SET, LoadedSource.KNOWN)
    assert all(chosen.values())
    assert await values_of(storage, source_id) == chosen


async def test_settings_of_this_database_stay(storage: Storage, source_id: int):
    await source_settings.change_settings(storage, source_id, CHANGES, by=None)
    (line,) = await dump(storage, ring())
    here = SourceChanges(keep="trade", language="")
    await source_settings.change_settings(storage, source_id, here, by=None)

    await load_source(storage, line, keyring=ring())

    values = await values_of(storage, source_id)
    assert (values["keep"], values["language"]) == ("trade", "de")


async def test_a_pause_that_has_passed_is_not_loaded(storage: Storage, source_id: int, clock):
    until = MONDAY_NOON + timedelta(days=1)
    await source_settings.pause_source(storage, source_id, until, by=None)
    (line,) = await dump(storage, ring())
    await forget_settings(storage, source_id)
    clock.turn(timedelta(days=1))

    assert await load_source(storage, line, keyring=ring()) is LoadedSource.KNOWN
    assert (await values_of(storage, source_id))["pause"] == ""


async def test_only_the_name_goes_along_without_secrets(storage: Storage, source_id: int):
    keyring = ring()
    await set_access(storage, keyring, source_id)
    (line,) = await dump(storage, keyring)
    await forget_settings(storage, source_id)

    loaded = await load_source(storage, line, keyring=keyring)
    access = await show_access(storage, keyring, source_id)

    assert PASSWORD.encode() not in line
    assert b"sealed" not in line
    assert loaded is LoadedSource.SET
    assert (access.kinds, access.user_agent) == ((AccessKind.USER_AGENT,), "Mine/1")


async def test_a_broken_login_does_not_stop_a_dump(storage: Storage, source_id: int):
    keyring = ring()
    broken = replace(Credentials.of_source(URL), user="ann", proxy_url=f"http://a:{PASSWORD}")
    async with storage.writing() as tx:
        await store_access(tx, source_id, ["proxy"], keyring.seal(broken.packed(), source_id))

    assert await dump(storage, keyring) == []


async def test_secrets_are_loaded_only_with_their_key(storage: Storage, source_id: int):
    keyring = ring()
    await set_access(storage, keyring, source_id)
    (line,) = await dump(storage, keyring, with_secrets=True)
    async with storage.writing() as tx:
        await change_source(tx, source_id, {"url": "https://moved.example/", "url_hash": "moved"})
        other_id = await add_source(tx, source_row(URL, public=True))
    assert other_id

    without = await load_source(storage, line, keyring=ring())
    loaded = await load_source(storage, line, keyring=keyring)
    again = await load_source(storage, line, keyring=keyring)
    access = await show_access(storage, keyring, other_id)

    assert PASSWORD.encode() not in line
    assert (without, loaded, again) == (LoadedSource.LOCKED, LoadedSource.SET, LoadedSource.KNOWN)
    assert access.kinds == (AccessKind.LOGIN, AccessKind.USER_AGENT)
    assert access.is_readable


async def test_secrets_never_reach_another_host(storage: Storage, source_id: int):
    """Whoever edits the file could otherwise have a login sent to a host of their own."""
    keyring = ring()
    await set_access(storage, keyring, source_id)
    (line,) = await dump(storage, keyring, with_secrets=True)
    async with storage.writing() as tx:
        await add_source(tx, source_row("https://evil.example/feed", public=True))
    edited = line.replace(b"paper.example", b"evil.example")

    with pytest.raises(NotAnExport):
        await load_source(storage, edited, keyring=keyring)


async def test_a_source_that_is_not_here_is_left_out(storage: Storage):
    line = {"format": "dateline-source", "version": 1, "url": URL, "settings": {"zone": "UTC"}}

    loaded = await load_source(storage, json.dumps(line).encode(), keyring=ring())

    assert loaded is LoadedSource.MISSING


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"version": 2}, id="version"),
        pytest.param({"settings": {"keep": "(economy"}}, id="query"),
        pytest.param({"settings": {"article": "//a[$b]"}}, id="selector"),
        pytest.param({"settings": {"pause": "soon"}}, id="pause"),
        pytest.param({"settings": {"pause": "9" * 30}}, id="pause beyond the calendar"),
        pytest.param({"settings": {"colour": "red"}}, id="setting"),
        pytest.param({"user_agent": "Mine/1\r\nX-Key: 1"}, id="name"),
        pytest.param({"sealed": {"source_id": 1, "text": "A"}}, id="sealed"),
    ],
)
async def test_an_invalid_line_changes_nothing(
    storage: Storage, source_id: int, changes: dict[str, Any]
):
    good = {"format": "dateline-source", "version": 1, "url": URL, "settings": {"zone": "UTC"}}
    before = await values_of(storage, source_id)

    with pytest.raises(NotAnExport):
        await load_source(storage, json.dumps(good | changes).encode(), keyring=ring())

    assert await values_of(storage, source_id) == before
