"""Checking people's templates before anybody reads what they give.

1. A file replaces a template that is shipped, or another of theirs uses it.
2. It can be read.
3. What there are samples for can be shown with each of them.
4. The others use no name that the shipped one is not given.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from jinja2 import Environment, FileSystemLoader, TemplateSyntaxError, nodes
from jinja2.meta import find_referenced_templates, find_undeclared_variables

from bot.rendering.environment import make_environment
from bot.rendering.overriding import Overrides, place_of, sentence_for
from bot.rendering.renderer import Renderer


@dataclass(frozen=True, slots=True)
class Sample:
    """*show* renders made-up news with the *templates*, and raises what they are no good for."""

    templates: tuple[str, ...]
    show: Callable[[Renderer], object]

    @classmethod
    def of(cls, template: str, values: Mapping[str, object]) -> Self:
        """Return one that renders a single template."""
        return cls((template,), lambda renderer: renderer.text(template, **values))


def faults(overrides: Overrides, samples: Sequence[Sample]) -> dict[str, str]:
    """Return the sentence for each template of the folder that may not be used, by its name."""
    found: dict[str, str] = {}
    names = FileSystemLoader(overrides.folder).list_templates()
    shipped = make_environment()
    # Already to read a template may run it in part: what is constant is worked out.
    sandbox = make_environment(overrides=overrides)
    for name in names:
        if sentence := _unreadable(sandbox, overrides, name):
            found[name] = sentence
    parts = _Parts(shipped)
    trial = _Trial(overrides, found)
    for sample in samples:
        if not parts.of(sample).isdisjoint(names):
            trial.show(sample)
    sampled = {part for sample in samples for part in parts.of(sample)}
    rest = [name for name in names if name not in found]
    used = set(_used(sandbox, overrides, rest))
    for name in rest:
        if name not in sampled and (sentence := _idle_or_unknown(sandbox, overrides, name, used)):
            found[name] = sentence
    return found


@dataclass(frozen=True, slots=True)
class _Parts:
    """What the shipped templates are made of, each read once."""

    shipped: Environment
    _known: dict[str, frozenset[str]] = field(default_factory=dict)

    def of(self, sample: Sample) -> frozenset[str]:
        """Return every shipped template that the sample is shown with."""
        return frozenset().union(*(self._closure(name) for name in sample.templates))

    def _closure(self, name: str) -> frozenset[str]:
        if name not in self._known:
            is_shipped = name in self.shipped.list_templates()
            self._known[name] = frozenset(_closure(self.shipped, name) if is_shipped else ())
        return self._known[name]


@dataclass(slots=True)
class _Trial:
    """Shows samples with what of the overrides is not *found* at fault, and adds to that."""

    overrides: Overrides
    found: dict[str, str]
    _renderer: Renderer | None = None  # as long as nothing more is found

    def show(self, sample: Sample) -> None:
        """Show one sample, leaving out what is at fault until it can be shown."""
        while error := self._error_of(sample):
            name = _at_fault(error, sample, self.overrides)
            if not name or name in self.found:
                return  # none of theirs is at fault
            self.found[name] = sentence_for(name, error, self.overrides.folder)
            self._renderer = None

    def _error_of(self, sample: Sample) -> Exception | None:
        if self._renderer is None:
            broken = self.overrides.broken | self.found.keys()
            self._renderer = _strict(replace(self.overrides, broken=broken))
        try:
            sample.show(self._renderer)
        except Exception as error:  # noqa: BLE001 - whatever people's templates do
            return error
        return None


def _unreadable(sandbox: Environment, overrides: Overrides, name: str) -> str:
    if overrides.leads_out(name):
        return f"{name}: it is a link to a file outside of the folder."
    try:
        sandbox.compile(_source(overrides, name), name, str(overrides.folder / name))
    except TemplateSyntaxError as error:
        return sentence_for(name, error, overrides.folder)
    except (OSError, UnicodeDecodeError) as error:
        return f"{name}: {error}."
    return ""


def _at_fault(error: Exception, sample: Sample, overrides: Overrides) -> str:
    """Return the template of theirs that failed: where the error arose, else the one shown."""
    place = place_of(error, overrides.folder).partition(", line ")[0]
    theirs = (name for name in (place, *sample.templates) if (overrides.folder / name).is_file())
    return next(theirs, "")


def _strict(overrides: Overrides) -> Renderer:
    """Return a renderer in which no shipped template helps theirs out."""
    environment = make_environment(overrides=overrides)
    environment.shipped = None
    return Renderer(environment)


def _idle_or_unknown(sandbox: Environment, overrides: Overrides, name: str, used: set[str]) -> str:
    shipped = make_environment()
    if name not in shipped.list_templates():
        idle = f"{name}: it replaces nothing that is shipped, and no template of yours uses it."
        return "" if name in used else idle
    source = _source(overrides, name)
    given = {
        one for part in _closure(shipped, name) for one in _names(shipped, _text(shipped, part))
    }
    unknown = sorted(_names(sandbox, source) - given - _sure(sandbox, source))
    if not unknown:
        return ""
    line = _line_of(unknown[0], source)
    return f"{name}, line {line}: '{unknown[0]}' is no value that this template is given."


def _names(environment: Environment, source: str) -> set[str]:
    return find_undeclared_variables(environment.parse(source)) - environment.globals.keys()


def _sure(environment: Environment, source: str) -> set[str]:
    """Return the names that the template sets itself, or asks whether they are defined."""
    tree = environment.parse(source)
    stored = {name.name for name in tree.find_all(nodes.Name) if name.ctx != "load"}
    asked = {
        test.node.name
        for test in tree.find_all(nodes.Test)
        if test.name in {"defined", "undefined"} and isinstance(test.node, nodes.Name)
    }
    return stored | asked


def _line_of(name: str, source: str) -> int:
    found = re.search(rf"\b{re.escape(name)}\b", source)
    return source.count("\n", 0, found.start()) + 1 if found else 1


def _closure(environment: Environment, name: str) -> set[str]:
    """Return *name* and every shipped template that it extends, includes or imports."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += _referenced(environment, _text(environment, one))
    return found


def _used(sandbox: Environment, overrides: Overrides, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        yield from _referenced(sandbox, _source(overrides, name))


def _referenced(environment: Environment, source: str) -> list[str]:
    return [name for name in find_referenced_templates(environment.parse(source)) if name]


def _text(environment: Environment, name: str) -> str:
    assert environment.loader is not None  # noqa: S101 - ours has one
    return environment.loader.get_source(environment, name)[0]


def _source(overrides: Overrides, name: str) -> str:
    return (overrides.folder / name).read_text(encoding="utf-8")
