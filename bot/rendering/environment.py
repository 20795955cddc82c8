"""The Jinja environment of all templates."""

from functools import cache

from babel import Locale
from jinja2 import ChoiceLoader, PackageLoader, StrictUndefined

from bot.rendering.buttons import SETTINGS, on_alert, show_all, topics_page
from bot.rendering.filters import filters_for
from bot.rendering.overriding import OpenEnvironment, Overrides

# Dates as most of the world's English writes them: 18 November, 14:05.
LOCALE = "en_GB"


def make_environment(locale: str = LOCALE, overrides: Overrides | None = None) -> OpenEnvironment:
    """Return an environment whose templates escape everything and forgive no missing name.

    People's templates come before the shipped ones, which take over where those fail. The shipped
    ones are compiled once in a process: who asks for them alone gets the same environment.
    """
    shipped = _shipped(locale)
    if overrides is None:
        return shipped
    environment = _made(locale)
    environment.loader = ChoiceLoader([overrides.loader(), _loader()])
    environment.shipped, environment.overrides = shipped, overrides
    return environment


def _loader() -> PackageLoader:
    return PackageLoader("templates", "")


def _made(locale: str) -> OpenEnvironment:
    environment = OpenEnvironment(
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        loader=_loader(),
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(filters_for(locale))
    environment.globals.update(
        topics_page=topics_page, show_all=show_all, on_alert=on_alert, SETTINGS=SETTINGS
    )
    spoken = Locale.parse(locale)
    environment.globals.update(language=spoken.language, direction=spoken.text_direction)
    return environment


_shipped = cache(_made)
