"""The Jinja environment of all templates, and the operator's own templates in it.

- Small messages of one kind share a file, as blocks: `chat/errors.html#no_such_topic` names one.
  Each block is compiled on its own, after the text before the first block of the file (imports).
- A file in the operator's folder replaces the shipped file of the same path. In a file of messages,
  it replaces only the messages that it contains. Templates that the check at startup found broken
  are not used. If one fails later, the shipped template is used instead each time, and the failure
  is reported once.
- The operator's templates run in a sandbox: they can read their values, and call only methods that
  are meant for templates.
"""

import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from functools import cache
from numbers import Number
from pathlib import Path
from types import ModuleType
from typing import Any

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    StrictUndefined,
    TemplateNotFound,
    TemplateSyntaxError,
    pass_context,
)
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.rendering.autolinks import unlinked
from bot.rendering.bidi import RTL, isolate_values
from bot.rendering.filters import filters_for
from bot.rendering.i18n import ENGLISH, IN_ENGLISH, Language, Translation
from bot.rendering.keyboards import (
    SETTINGS,
    list_stories,
    on_alert,
    set_detail,
    set_rhythm,
    show_all,
    topics_page,
)

# The operator's templates may call methods of plain values, of Jinja and of our own modules. Any
# other call might open files, as some methods of pydantic do.
_PLAIN = (str, Number, date, time, timedelta, Sequence, Mapping, AbstractSet)
_CALLABLE = ("jinja2.", "bot.", "aiogram.filters.callback_data")

_BLOCK = re.compile(r"{% block (?P<name>\w+) %}(?P<body>.*?){% endblock %}", re.DOTALL)
_NO_TEXT = re.compile(r"{#.*?#}|{%.*?%}", re.DOTALL)


@dataclass(frozen=True, slots=True, eq=False)
class Overrides:
    """The operator's templates in *folder*, without the *broken* ones.

    *report* gets one sentence about each template that fails.
    """

    folder: Path
    report: Callable[[str], None] = lambda _sentence: None
    broken: AbstractSet[str] = frozenset()
    _failed: set[str] = field(default_factory=set)

    def failed(self, template: str, error: Exception) -> None:
        if template not in self._failed:
            self._failed.add(template)
            self.report(describe(template, error, self.folder))

    def leads_out(self, name: str) -> bool:
        """Return whether the file *name* is a symbolic link to a file outside of the folder."""
        return not (self.folder / name).resolve().is_relative_to(self.folder.resolve())


class TemplateEnvironment(Environment):
    """The environment of one language; with *overrides*, *shipped* is the one without them."""

    language: Language = ENGLISH
    overrides: Overrides | None = None
    shipped: "TemplateEnvironment | None" = None

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return a plain dictionary, which renders faster than the two layers of Jinja's own."""
        return {**self.globals, **(d or {})}


class _Sandbox(ImmutableSandboxedEnvironment, TemplateEnvironment):
    """Runs the operator's templates, and the shipped ones that they extend or include."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(value, ModuleType) or not super().is_safe_attribute(obj, attr, value):
            return False
        origin = str(getattr(value, "__module__", ""))
        return not callable(value) or isinstance(obj, _PLAIN) or origin.startswith(_CALLABLE)


class _Loader(BaseLoader):
    """Loads files, and single messages of files."""

    def __init__(self, files: BaseLoader, overrides: Overrides | None = None) -> None:
        self._files = files
        self._overrides = overrides

    def get_source(self, environment: Environment, template: str) -> Any:
        name, _, message = template.partition("#")
        if self._overrides and (
            template in self._overrides.broken or self._overrides.leads_out(name)
        ):
            raise TemplateNotFound(template)
        source, *rest = self._files.get_source(environment, name)
        return (message_source(source, template) if message else source, *rest)

    def list_templates(self) -> list[str]:
        return self._files.list_templates()


def message_source(source: str, template: str) -> str:
    """Return the source to compile for one message, with the line numbers of its file."""
    message = template.partition("#")[2]
    blocks = list(_BLOCK.finditer(source))
    block = next((block for block in blocks if block["name"] == message), None)
    if block is None:
        raise TemplateNotFound(template)
    head = source[: blocks[0].start()].rstrip()
    gap = "\n" * source.count("\n", len(head), block.start("body"))
    return f"{head}{{#{gap}#}}{block['body']}"


def message_lines(source: str) -> Iterator[tuple[str, int]]:
    """Yield each message of a file with its first line; nothing if the file is one template."""
    outside = _NO_TEXT.sub("", _BLOCK.sub("", source))
    if not outside.strip() and "{% extends" not in source:
        for block in _BLOCK.finditer(source):
            yield block["name"], source.count("\n", 0, block.start()) + 1


def make_environment(
    translation: Translation = IN_ENGLISH, overrides: Overrides | None = None
) -> TemplateEnvironment:
    """Return an environment that escapes everything and accepts no undefined name.

    Callers without *overrides* share one for each language, so that a process compiles a shipped
    template once.
    """
    shipped = _shipped(translation)
    if overrides is None:
        return shipped
    environment = _make(translation, _Sandbox)
    assert environment.loader is not None  # noqa: S101 - made with one
    own = _Loader(FileSystemLoader(overrides.folder), overrides)
    environment.loader = ChoiceLoader([own, environment.loader])
    environment.shipped, environment.overrides = shipped, overrides
    return environment


def _make(
    translation: Translation, kind: type[TemplateEnvironment] = TemplateEnvironment
) -> TemplateEnvironment:
    environment = kind(
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        loader=_Loader(PackageLoader("templates", "")),
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        finalize=_unlinked,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_translations(  # type: ignore[attr-defined]
        translation.catalogue(), newstyle=True
    )
    language = translation.language
    environment.language = language
    for name in ("gettext", "ngettext"):
        environment.globals[name] = _with_safe_values(
            environment.globals[name], is_rtl=language.direction == RTL
        )
    environment.filters.update(filters_for(language.locale))
    environment.globals.update(
        topics_page=topics_page,
        show_all=show_all,
        list_stories=list_stories,
        on_alert=on_alert,
        set_detail=set_detail,
        set_rhythm=set_rhythm,
        SETTINGS=SETTINGS,
        language=language.code,
        direction=language.direction,
        comma=language.comma,
        colon=language.colon,
        semicolon=language.semicolon,
    )
    return environment


_shipped = cache(_make)


def _unlinked(value: Any) -> Any:
    """Return the value of a variable without links, unless it is markup."""
    return unlinked(value) if type(value) is str else value


def _with_safe_values(translate: Any, *, is_rtl: bool) -> Callable[..., str]:
    """Wrap gettext (*translate*) so that its values are unlinked and, in RTL, isolated."""

    @pass_context
    def gettext(context: Context, sentence: str, *more: Any, **values: object) -> str:
        filled: dict[str, object] = {name: _unlinked(value) for name, value in values.items()}
        if is_rtl:
            filled = isolate_values(sentence, filled)
        translated: str = translate(context, sentence, *more, **filled)
        return translated

    return gettext


def describe(template: str, error: Exception, folder: Path) -> str:
    """Describe an error in a template: its file in *folder*, the line, and the reason."""
    reason = str(error).strip().partition("\n")[0] or type(error).__name__
    name, line = place_of(error, folder)
    place = f"{name}, line {line}" if name else template
    return f"{place}: {reason.rstrip('.')}."


def place_of(error: Exception, folder: Path) -> tuple[str, int]:
    """Return the innermost file of *folder* in the traceback ("" if none), and its line."""
    if isinstance(error, TemplateSyntaxError):
        path = Path(error.filename or error.name or "")
        return str(path.relative_to(folder) if path.is_relative_to(folder) else path), error.lineno
    place, step = ("", 0), error.__traceback__
    while step is not None:
        path = Path(step.tb_frame.f_code.co_filename)
        if path.is_relative_to(folder):
            place = (str(path.relative_to(folder)), step.tb_lineno)
        step = step.tb_next
    return place
