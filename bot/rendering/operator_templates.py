"""Checking the operator's own templates at the start, before any reader gets what they render.

1. A template replaces one that is shipped, or another of the operator's uses it.
2. It can be read.
3. Where there are samples that show it, each of them renders.
4. The others use no name that the shipped template is not given.
A template is a file, or one message of a file of messages (`environment`).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Self

from jinja2 import Environment, FileSystemLoader, TemplateNotFound, TemplateSyntaxError, nodes
from jinja2.meta import find_referenced_templates, find_undeclared_variables

from bot.rendering.environment import (
    Overrides,
    describe,
    make_environment,
    message_lines,
    message_source,
    place_of,
)
from bot.rendering.renderer import Renderer


@dataclass(frozen=True, slots=True)
class Sample:
    """*show* renders made-up news with the *templates*, and raises what is wrong with them."""

    templates: tuple[str, ...]
    show: Callable[[Renderer], object]

    @classmethod
    def of(cls, template: str, values: Mapping[str, object]) -> Self:
        """Return one that renders a single template."""
        return cls((template,), lambda renderer: renderer.text(template, **values))


def find_problems(overrides: Overrides, samples: Sequence[Sample]) -> dict[str, str]:
    """Return a sentence for each template of the folder that may not be used, by its name."""
    problems: dict[str, str] = {}
    sources = dict(_read(overrides, problems))
    shown = [sample for sample in samples if not _parts(sample).isdisjoint(sources)]
    _render(shown, overrides, problems)
    sampled = {name for sample in shown for name in _parts(sample)}
    # Only now: an environment that has the operator's templates, to read their syntax.
    sandbox = make_environment(overrides=overrides)
    referenced = {
        found
        for name, source in sources.items()
        if name not in problems
        for found in _references(sandbox, source)
    }
    for name, source in sources.items():
        if name in problems or name in sampled:
            continue
        if _is_shipped(name):
            if sentence := _unknown_name(sandbox, name, source):
                problems[name] = sentence
        elif name not in referenced:
            idle = "it replaces nothing that is shipped, and no template of yours uses it."
            problems[name] = f"{name}: {idle}"
    return problems


def _read(overrides: Overrides, problems: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the operator's templates that can be read, with their sources."""
    # Merely compiling a template may run parts of it: Jinja evaluates what is constant.
    sandbox = make_environment(overrides=overrides)
    for file in FileSystemLoader(overrides.folder).list_templates():
        path = overrides.folder / file
        if overrides.leads_out(file):
            problems[file] = f"{file}: it is a link to a file outside of the folder."
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            problems[file] = f"{file}: {error}."
            continue
        for name in _templates_in(file, text):
            source = message_source(text, name) if "#" in name else text
            try:
                sandbox.compile(source, name, str(path))
            except TemplateSyntaxError as error:
                problems[name] = describe(name, error, overrides.folder)
            else:
                yield name, source


def _templates_in(file: str, text: str) -> list[str]:
    return [f"{file}#{message}" for message, _ in message_lines(text)] or [file]


def _render(samples: Sequence[Sample], overrides: Overrides, problems: dict[str, str]) -> None:
    """Render each sample until it succeeds, adding to *problems* what made it fail."""
    renderer: Renderer | None = None
    for sample in samples:
        name: str | None = ""
        while name is not None:
            renderer = renderer or _strict(replace(overrides, broken=frozenset(problems)))
            try:
                sample.show(renderer)
                name = None
            except Exception as error:  # noqa: BLE001 - whatever the operator's templates do
                name = _at_fault(error, sample, overrides)
                if name in problems:
                    name = None
                if name is not None:
                    problems[name] = describe(name, error, overrides.folder)
                    renderer = None


def _strict(overrides: Overrides) -> Renderer:
    """Return a renderer in which no shipped template replaces one that fails."""
    environment = make_environment(overrides=overrides)
    environment.shipped = None
    return Renderer(environment)


def _at_fault(error: Exception, sample: Sample, overrides: Overrides) -> str | None:
    """Return the operator's template in which *error* arose, else the one of theirs shown."""
    file, line = place_of(error, overrides.folder)
    if (overrides.folder / file).is_file():
        lines = message_lines((overrides.folder / file).read_text(encoding="utf-8"))
        names = [f"{file}#{message}" for message, first in lines if first <= line]
        return names[-1] if names else file
    files = ((name, overrides.folder / name.partition("#")[0]) for name in sample.templates)
    return next((name for name, path in files if path.is_file()), None)


def _unknown_name(sandbox: Environment, name: str, source: str) -> str:
    """Return a sentence if a template uses a value that the shipped one is not given."""
    shipped = make_environment()
    given = {found for part in _closure(name) for found in _names(shipped, _source(part))}
    unknown = sorted(_names(sandbox, source) - given - _own_names(sandbox, source))
    if not unknown:
        return ""
    found = re.search(rf"\b{re.escape(unknown[0])}\b", source)
    line = source.count("\n", 0, found.start()) + 1 if found else 1
    file = name.partition("#")[0]
    return f"{file}, line {line}: '{unknown[0]}' is no value that this template is given."


def _names(environment: Environment, source: str) -> set[str]:
    return find_undeclared_variables(environment.parse(source)) - environment.globals.keys()


def _own_names(environment: Environment, source: str) -> set[str]:
    """Return the names that the template sets itself, or asks whether they are defined."""
    tree = environment.parse(source)
    stored = {name.name for name in tree.find_all(nodes.Name) if name.ctx != "load"}
    tested = {
        test.node.name
        for test in tree.find_all(nodes.Test)
        if test.name in {"defined", "undefined"} and isinstance(test.node, nodes.Name)
    }
    return stored | tested


def _parts(sample: Sample) -> frozenset[str]:
    """Return every shipped template that the sample renders."""
    return frozenset().union(*(_closure(name) for name in sample.templates if _is_shipped(name)))


@cache
def _closure(name: str) -> frozenset[str]:
    """Return *name* and every shipped template that it extends, includes or imports."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += _references(make_environment(), _source(one))
    return frozenset(found)


def _references(environment: Environment, source: str) -> list[str]:
    return [name for name in find_referenced_templates(environment.parse(source)) if name]


@cache
def _is_shipped(name: str) -> bool:
    try:
        source = _source(name)
    except TemplateNotFound:
        return False
    return "#" in name or not any(message_lines(source))


def _source(name: str) -> str:
    shipped = make_environment()
    assert shipped.loader is not None  # noqa: S101 - ours has one
    return shipped.loader.get_source(shipped, name)[0]
