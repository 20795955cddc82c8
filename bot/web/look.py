"""What the layout of every page is given, as `site`."""

from dataclasses import dataclass

from bot.rendering.languages import ENGLISH


@dataclass(frozen=True, slots=True)
class Look:
    """Addresses of the stylesheet and the icon; *here* is where the forms of the page go."""

    style: str
    icon: str
    here: str
    lang: str = ENGLISH.code
    dir: str = ENGLISH.direction
