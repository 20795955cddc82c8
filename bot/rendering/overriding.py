"""Templates by people: a folder whose files take the place of those that are shipped.

1. A file replaces the template whose path it has in the folder: `edition/telegram.html`.
2. One that was found broken at the start is left out.
3. One that fails while it is rendered gives its place to the shipped one for that time. What went
   wrong is told once for each template.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, Environment, FileSystemLoader, Template, TemplateNotFound
from jinja2.exceptions import TemplateSyntaxError

from bot.rendering.languages import ENGLISH, Language

Tell = Callable[[str], None]


def _say_nothing(_sentence: str) -> None: ...


@dataclass(frozen=True, slots=True, eq=False)
class Overrides:
    """The templates in *folder* but the *broken* ones; *tell* gets a sentence for each failure."""

    folder: Path
    broken: frozenset[str] = frozenset()
    tell: Tell = _say_nothing
    _told: set[str] = field(default_factory=set)

    def loader(self) -> BaseLoader:
        return _Loader(self.folder, self.broken)

    def failed(self, template: str, error: Exception) -> None:
        if template not in self._told:
            self._told.add(template)
            self.tell(f"{sentence_for(template, error, self.folder)} The shipped one is used.")


class _Loader(FileSystemLoader):
    def __init__(self, folder: Path, broken: frozenset[str]) -> None:
        super().__init__(folder)
        self._broken = broken

    def get_source(self, environment: Environment, template: str) -> Any:
        if template in self._broken:
            raise TemplateNotFound(template)
        return super().get_source(environment, template)


class _Forgiving(Template):
    """A template that is rendered as it was shipped where people's version of it fails."""

    environment: "OpenEnvironment"

    def render(self, *args: Any, **kwargs: Any) -> str:
        try:
            return super().render(*args, **kwargs)
        except Exception as error:
            shipped = self.environment.shipped
            if shipped is None:
                raise
            # Where this fails too the override is not at fault, and nothing is told.
            text = shipped.get_template(self.name or "").render(*args, **kwargs)
            self.environment.failed(self.name or "", error)
            return text


class OpenEnvironment(Environment):
    """An environment that people's templates may open up; `shipped` is the one without them."""

    template_class = _Forgiving
    language: Language = ENGLISH
    shipped: Environment | None = None
    overrides: Overrides | None = None

    def get_template(self, name: Any, parent: Any = None, globals: Any = None) -> Template:  # noqa: A002 - the library's name
        try:
            return super().get_template(name, parent, globals)
        except TemplateSyntaxError as error:
            if self.shipped is None:
                raise
            self.failed(str(name), error)
            return self.shipped.get_template(name, parent, globals)

    def failed(self, template: str, error: Exception) -> None:
        if self.overrides is not None:
            self.overrides.failed(template, error)


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
