"""What the layout of every page is given, as `site`."""

from dataclasses import dataclass, field

from babel import Locale

from bot.rendering.environment import LOCALE

_LOCALE = Locale.parse(LOCALE)


@dataclass(frozen=True, slots=True)
class Look:
    """Addresses of the stylesheet and the icon; *here* is where the forms of the page go."""

    style: str
    icon: str
    here: str
    lang: str = field(default=_LOCALE.language)
    dir: str = field(default=_LOCALE.text_direction)
