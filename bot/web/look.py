"""What pages are given beside their values: their own addresses, what they are dressed with."""

from dataclasses import dataclass
from datetime import datetime

from bot.rendering.i18n import ENGLISH, Language


@dataclass(frozen=True, slots=True)
class Look:
    """As `site`, to the layout of every page; *here* is where the forms of the page go."""

    style: str
    icon: str
    here: str
    lang: str = ENGLISH.code
    dir: str = ENGLISH.direction


@dataclass(frozen=True, slots=True)
class AppLook:
    """As `app`, to the Mini App: addresses, and short and whole names of days from Monday on."""

    folder: str
    api: str
    icon: str
    days: tuple[tuple[str, str], ...]
    zones: tuple[str, ...]
    now: datetime
    languages: tuple[Language, ...] = (ENGLISH,)
