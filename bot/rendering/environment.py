"""The Jinja environment of all templates."""

from functools import cache

from jinja2 import ChoiceLoader, PackageLoader, StrictUndefined

from bot.rendering.buttons import SETTINGS, on_alert, show_all, topics_page
from bot.rendering.catalogues import IN_ENGLISH, Tongue
from bot.rendering.filters import filters_for
from bot.rendering.overriding import OpenEnvironment, Overrides


def make_environment(
    tongue: Tongue = IN_ENGLISH, overrides: Overrides | None = None
) -> OpenEnvironment:
    """Return an environment whose templates escape everything and forgive no missing name.

    People's templates come before the shipped ones, which take over where those fail. The shipped
    ones are compiled once for each language in a process: who asks for them alone gets the same
    environment.
    """
    shipped = _shipped(tongue)
    if overrides is None:
        return shipped
    environment = _made(tongue)
    environment.loader = ChoiceLoader([overrides.loader(), _loader()])
    environment.shipped, environment.overrides = shipped, overrides
    return environment


def _loader() -> PackageLoader:
    return PackageLoader("templates", "")


def _made(tongue: Tongue) -> OpenEnvironment:
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
    environment.install_gettext_translations(  # type: ignore[attr-defined]
        tongue.translations, newstyle=True
    )
    environment.language = tongue.language
    environment.filters.update(filters_for(tongue.language.locale))
    environment.globals.update(
        topics_page=topics_page, show_all=show_all, on_alert=on_alert, SETTINGS=SETTINGS
    )
    environment.globals.update(language=tongue.language.code, direction=tongue.language.direction)
    return environment


_shipped = cache(_made)
