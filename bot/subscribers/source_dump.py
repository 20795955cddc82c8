"""Copies the settings of sources to another database, in the lines below those of the chats.

`docs/reference/export.md` describes the format. A setting is loaded where the source has none, so
that a dump can be loaded twice. Logins, headers and proxies go along only if the operator asks for
it, and as they are in the database: sealed with a key that is not in the file.
"""

from __future__ import annotations

import json
from base64 import b64encode
from contextlib import suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import Base64Bytes, BaseModel

from bot.sources.credentials import Credentials, WrongAccessError
from bot.sources.drafts import url_hash
from bot.sources.sealing import CannotOpenError, NoKeyError
from bot.sources.source_access import change_access, show_access
from bot.subscribers.dump import DryRunError, Joined
from bot.subscribers.errors import NotAnExport, NothingToUndo, UserError
from bot.subscribers.setting_undo import restore_source
from bot.subscribers.source_settings import SourceSetting, settings_of, value_of
from storage.enums import SourcePriority
from storage.source_rules import sealed_source
from storage.sources import lock_source, source_of, sources_set_after

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.sources.sealing import Keyring
    from storage.db.engine import Storage, Transaction
    from storage.sources import Source

_FORMAT: Final = "dateline-source"
_SOURCES_AT_ONCE: Final = 200
_USUAL: Final = {SourceSetting.PRIORITY: str(SourcePriority.NORMAL)}


class _Sealed(BaseModel):
    """The access of a source, sealed for the id that the source had in the other database."""

    source_id: int
    text: Base64Bytes


class _Line(BaseModel):
    """*settings*: the values as text, see `setting_undo`."""

    format: Literal["dateline-source"]
    version: Literal[1]
    url: str
    settings: dict[SourceSetting, str]
    user_agent: str = ""
    sealed: _Sealed | None = None


class LoadedSource(StrEnum):
    """The result of loading a line. LOCKED: no key here opens or seals its access."""

    SET = "set"
    KNOWN = "already there"
    MISSING = "not here"
    LOCKED = "locked"


async def dump_sources(
    storage: Storage, keyring: Keyring, *, with_secrets: bool
) -> AsyncIterator[bytes]:
    """Yield a line for each source with settings.

    Newsletters have none, because anyone who knows the address of one can write to its chat.
    """
    last = 0
    while True:
        async with storage.reading() as tx:
            sources = await sources_set_after(tx, last, _SOURCES_AT_ONCE)
        if not sources:
            return
        for source in sources:
            async with storage.reading() as tx:
                found = await settings_of(tx, source)
                sealed = await sealed_source(tx, source.id)
            values = {setting: value_of(found, setting) for setting in SourceSetting}
            line: dict[str, Any] = {"format": _FORMAT, "version": 1, "url": source.url}
            line["settings"] = {
                setting: value
                for setting, value in values.items()
                if value != _USUAL.get(setting, "")
            }
            if sealed and with_secrets:
                text = b64encode(sealed.access.sealed).decode()
                line["sealed"] = {"source_id": source.id, "text": text}
            elif sealed:
                with suppress(WrongAccessError):  # a stored proxy that is not one
                    shown = await show_access(storage, keyring, source.id)
                    line["user_agent"] = shown.user_agent
            if line["settings"] or line.get("sealed") or line.get("user_agent"):
                yield json.dumps(line, ensure_ascii=False).encode() + b"\n"
        last = sources[-1].id


def is_of_source(data: bytes) -> bool:
    """Return whether a line of a dump has the settings of a source, not a chat."""
    try:
        line = json.loads(data)
    except ValueError:
        return False
    return isinstance(line, dict) and line.get("format") == _FORMAT


async def load_source(
    storage: Storage, data: bytes, *, keyring: Keyring, dry_run: bool = False
) -> LoadedSource:
    """Load a line in one transaction; roll it back for a *dry_run*. Raises NotAnExport.

    A source that is not here is left out. A source that has a login here keeps it.
    """
    try:
        line = _Line.model_validate_json(data)
        hashed = url_hash(line.url)
    except ValueError as error:
        raise NotAnExport from error
    loaded = LoadedSource.MISSING
    with suppress(DryRunError):
        async with storage.writing() as tx:
            source = await source_of(tx, hashed)
            if source is None:
                return loaded
            try:
                is_changed = await _load_settings(tx, source.id, line)
                loaded = await _load_access(storage, tx, source, line, keyring)
            except (ValueError, OverflowError, UserError, WrongAccessError) as error:
                raise NotAnExport from error
            if is_changed and loaded is LoadedSource.KNOWN:
                loaded = LoadedSource.SET
            if dry_run:
                raise DryRunError
    return loaded


async def _load_settings(tx: Transaction, source_id: int, line: _Line) -> bool:
    is_changed = False
    for setting, value in line.settings.items():
        source = await lock_source(tx, source_id)
        if source is None:
            break
        found = await settings_of(tx, source)
        if value_of(found, setting) != _USUAL.get(setting, ""):
            continue
        with suppress(NothingToUndo):  # a pause that has passed
            await restore_source(tx, found, setting, value, None)
            is_changed = True
    return is_changed


async def _load_access(
    storage: Storage, tx: Transaction, source: Source, line: _Line, keyring: Keyring
) -> LoadedSource:
    if source.has_access or not (line.sealed or line.user_agent):
        return LoadedSource.KNOWN
    access = Credentials.of_source(source.url)
    try:
        if line.sealed:
            packed = keyring.open(line.sealed.text, line.sealed.source_id)
            access = Credentials.unpacked(packed)
        else:
            access = access.with_user_agent(line.user_agent)
        if not access.covers(source.url):
            raise NotAnExport
        joined = Joined(storage, tx)
        await change_access(joined, keyring, source.id, lambda _: access, by=None)
    except (CannotOpenError, NoKeyError):
        return LoadedSource.LOCKED
    return LoadedSource.SET
