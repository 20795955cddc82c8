"""Templates by people: a folder whose files take the place of those that are shipped.

1. A file replaces the template whose path it has in the folder: `edition/telegram.html`.
2. One that was found broken at the start is left out.
3. One that fails while it is rendered gives its place to the shipped one for that time. What went
   wrong is told once for each template.
4. It runs in a sandbox: it reads what it is given, and calls what templates are meant to call.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from numbers import Number
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from jinja2 import BaseLoader, Environment, FileSystemLoader, Template, TemplateNotFound
from jinja2.exceptions import TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.rendering.autolinks import without_joiners
from bot.rendering.languages import ENGLISH, Language

Tell = Callable[[str], None]

# Of what templates are given, the methods of plain values may be called, and besides those only
# what is Jinja's or ours: anything else might open files, as some of pydantic do.
_PLAIN = (str, Number, date, time, timedelta, Sequence, Mapping, AbstractSet)
_CALLED = ("jinja2.", "bot.", "aiogram.filters.callback_data")


def _say_nothing(_sentence: str) -> None: ...


@dataclass(frozen=True, slots=True, eq=False)
class Overrides:
    """The templates in *folder* but the *broken* ones; *tell* gets a sentence for each failure."""

    folder: Path
    broken: frozenset[str] = frozenset()
    tell: Tell = _say_nothing
    _told: set[str] = field(default_factory=set)

    def leads_out(self, template: str) -> bool:
        """Whether it is a link to a file elsewhere, which need not be a template at all."""
        return not (self.folder / template).resolve().is_relative_to(self.folder.resolve())

    def loader(self) -> BaseLoader:
        return _Loader(self)

    def failed(self, template: str, error: Exception) -> None:
        if template not in self._told:
            self._told.add(template)
            self.tell(f"{sentence_for(template, error, self.folder)} The shipped one is used.")


class _Loader(FileSystemLoader):
    def __init__(self, overrides: Overrides) -> None:
        super().__init__(overrides.folder)
        self._overrides = overrides

    def get_source(self, environment: Environment, template: str) -> Any:
        if template in self._overrides.broken or self._overrides.leads_out(template):
            raise TemplateNotFound(template)
        return super().get_source(environment, template)


class Forgiving(Template):
    """A template that is rendered as it was shipped where people's version of it fails."""

    environment: "OpenEnvironment"

    def render(self, *args: Any, **kwargs: Any) -> str:
        return without_joiners(self.for_chat(*args, **kwargs))

    def for_chat(self, *args: Any, **kwargs: Any) -> str:
        """Return it with the joiners that keep Telegram from linking what others wrote."""
        try:
            return super().render(*args, **kwargs)
        except Exception as error:
            shipped = self.environment.shipped
            if shipped is None:
                raise
            # Where this fails too the override is not at fault, and nothing is told.
            text = shipped.get_template(self.name or "").for_chat(*args, **kwargs)
            self.environment.failed(self.name or "", error)
            return text


class OpenEnvironment(Environment):
    """An environment that people's templates may open up; `shipped` is the one without them."""

    template_class = Forgiving
    language: Language = ENGLISH
    shipped: "OpenEnvironment | None" = None
    overrides: Overrides | None = None

    def get_template(self, name: Any, parent: Any = None, globals: Any = None) -> Forgiving:  # noqa: A002 - the library's name
        try:
            found: Any = super().get_template(name, parent, globals)
        except TemplateSyntaxError as error:
            if self.shipped is None:
                raise
            self.failed(str(name), error)
            found = self.shipped.get_template(name, parent, globals)
        return cast("Forgiving", found)

    def failed(self, template: str, error: Exception) -> None:
        if self.overrides is not None:
            self.overrides.failed(template, error)


class Sandbox(ImmutableSandboxedEnvironment, OpenEnvironment):
    """The environment in which people's templates run, and what they extend and include."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(value, ModuleType) or not super().is_safe_attribute(obj, attr, value):
            return False
        return not callable(value) or isinstance(obj, _PLAIN) or _is_for_templates(value)


def _is_for_templates(value: object) -> bool:
    return str(getattr(value, "__module__", "")).startswith(_CALLED)


def sentence_for(template: str, error: Exception, folder: Path) -> str:
    """Say what is wrong with a template, and in which of the *folder*'s files and lines."""
    reason = str(error).strip().partition("\n")[0] or type(error).__name__
    place = place_of(error, folder) or template
    return f"{place}: {reason.rstrip('.')}."


def place_of(error: Exception, folder: Path) -> str:
    """Return the last file of *folder* that the error passed through, with its line."""
    if isinstance(error, TemplateSyntaxError):
        named = Path(error.filename) if error.filename else Path(error.name or "")
        return f"{_within(named, folder)}, line {error.lineno}"
    place, step = "", error.__traceback__
    while step is not None:
        name = Path(step.tb_frame.f_code.co_filename)
        if name.is_relative_to(folder):
            place = f"{_within(name, folder)}, line {step.tb_lineno}"
        step = step.tb_next
    return place


def _within(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)
