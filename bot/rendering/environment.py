"""The Jinja environment of all templates."""

from collections.abc import Callable
from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from bot.rendering.autolinks import unlinked
from bot.rendering.buttons import SETTINGS, on_alert, show_all, topics_page
from bot.rendering.catalogues import IN_ENGLISH, Tongue
from bot.rendering.direction import RTL, filled_apart
from bot.rendering.filters import filters_for
from bot.rendering.overriding import OpenEnvironment, Overrides, Sandbox

_SPOKEN = ("gettext", "ngettext")


def make_environment(
    tongue: Tongue = IN_ENGLISH, overrides: Overrides | None = None
) -> OpenEnvironment:
    """Return an environment whose templates escape everything and forgive no missing name.

    People's templates come before the shipped ones, which take over where those fail, and run in
    a sandbox together with what they use of those. The shipped ones are compiled once for each
    language in a process: who asks for them alone gets the same environment.
    """
    shipped = _shipped(tongue)
    if overrides is None:
        return shipped
    environment = _made(tongue, Sandbox)
    environment.loader = ChoiceLoader([overrides.loader(), _loader()])
    environment.shipped, environment.overrides = shipped, overrides
    return environment


def _loader() -> PackageLoader:
    return PackageLoader("templates", "")


def _made(tongue: Tongue, kind: type[OpenEnvironment] = OpenEnvironment) -> OpenEnvironment:
    environment = kind(
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        loader=_loader(),
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        finalize=_quoted,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_translations(  # type: ignore[attr-defined]
        tongue.translations, newstyle=True
    )
    is_rtl = tongue.language.direction == RTL
    for name in _SPOKEN:
        environment.globals[name] = _quoting(environment.globals[name], is_rtl=is_rtl)
    environment.language = tongue.language
    environment.filters.update(filters_for(tongue.language.locale))
    environment.globals.update(
        topics_page=topics_page, show_all=show_all, on_alert=on_alert, SETTINGS=SETTINGS
    )
    spoken = tongue.language
    environment.globals.update(
        language=spoken.code,
        direction=spoken.direction,
        comma=spoken.comma,
        colon=spoken.colon,
        semicolon=spoken.semicolon,
    )
    return environment


def _quoted(value: Any) -> Any:
    """Return what a variable brings, which is others' words unless it is markup, without links."""
    return unlinked(value) if type(value) is str else value


def _quoting(spoken: Any, *, is_rtl: bool) -> Callable[..., str]:
    """Return gettext as *spoken* does it, with what is filled in unlinked and, RTL, set apart."""

    @pass_context
    def said(context: Context, sentence: str, *more: Any, **values: object) -> str:
        filled: dict[str, object] = {name: _quoted(value) for name, value in values.items()}
        if is_rtl:
            filled = filled_apart(sentence, filled)
        translated: str = spoken(context, sentence, *more, **filled)
        return translated

    return said


_shipped = cache(_made)
