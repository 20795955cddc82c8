"""Updates as they come: each is read by itself, so that one that cannot be read stops no other.

Of such a one only its number and kind are told: what is wrong with it quotes what people wrote.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from aiogram.methods.base import TelegramMethod
from aiogram.types import Update

from bot.watch import Act

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiogram import Bot

    from bot.watch import Watch

log = structlog.get_logger(__name__)

UNREADABLE, OTHER = "unreadable", "other"


class GetUpdates(TelegramMethod[list[dict[str, Any]]]):
    """Aiogram's own refuses all updates of an answer where it cannot read one of them."""

    __returning__ = list[dict[str, Any]]
    __api_method__ = "getUpdates"

    offset: int | None = None
    limit: int | None = None
    timeout: int | None = None
    allowed_updates: list[str] | None = None


def read_update(told: Mapping[str, Any], bot: Bot, watch: Watch) -> Update | None:
    """Return the update; None if it is none that we could ever understand."""
    try:
        return Update.model_validate(told, context={"bot": bot})
    except Exception:  # noqa: BLE001 - whatever is wrong with one, the next is read
        number, kind = told.get("update_id"), _kind_of(told)
    with watch.over(Act.UPDATE, kind) as seen:
        seen.outcome = UNREADABLE
    is_number = isinstance(number, int)
    log.warning("an update cannot be read", update=number if is_number else None, kind=kind)
    return None


def _kind_of(told: Mapping[str, Any]) -> str:
    kinds = Update.model_fields.keys() - {"update_id"}
    return next((name for name in told if name in kinds), OTHER)
