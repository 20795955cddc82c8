"""The Jinja environment of all templates."""

from babel import Locale
from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.rendering.buttons import SETTINGS, show_all, topics_page
from bot.rendering.filters import filters_for

# Dates as most of the world's English writes them: 18 November, 14:05.
LOCALE = "en_GB"


def make_environment(locale: str = LOCALE) -> Environment:
    """Return an environment whose templates escape everything and forgive no missing name."""
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        loader=PackageLoader("templates", ""),
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(filters_for(locale))
    environment.globals.update(topics_page=topics_page, show_all=show_all, SETTINGS=SETTINGS)
    spoken = Locale.parse(locale)
    environment.globals.update(language=spoken.language, direction=spoken.text_direction)
    return environment
