"""Checks the operator's templates at startup, before a reader gets a message from them.

1. A template must replace a shipped one, or be used by another template of the operator.
2. It must be readable.
3. If there are samples that use it, each of them must render.
4. Without samples, it may use only names that the shipped template is given.

A template is a file, or one message of a file of messages (`environment`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Self

from jinja2 import FileSystemLoader, TemplateNotFound, TemplateSyntaxError, nodes
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
    """Made-up values: *show* renders the *templates* with them, and raises their errors."""

    templates: tuple[str, ...]
    show: Callable[[Renderer], object]

    @classmethod
    def of(cls, template: str, values: Mapping[str, object]) -> Self:
        """Return a sample that renders a single template."""
        return cls((template,), lambda renderer: renderer.text(template, **values))


def find_problems(overrides: Overrides, samples: Sequence[Sample]) -> dict[str, str]:
    """Return a sentence for each template of the folder that must not be used, by name."""
    problems: dict[str, str] = {}
    trees = dict(_read(overrides, problems))
    shown = {sample: parts for sample in samples if not (parts := _parts(sample)).isdisjoint(trees)}
    _render(shown, overrides, problems)
    referenced = {name for tree in trees.values() for name in find_referenced_templates(tree)}
    for name in sorted(trees.keys() - problems.keys() - set().union(*shown.values())):
        if not _is_shipped(name) and name not in referenced:
            idle = "it replaces nothing that is shipped, and no template of yours uses it."
            problems[name] = f"{name}: {idle}"
        elif _is_shipped(name) and (unknown := _unknown_name(name, trees[name])):
            place = f"{name.partition('#')[0]}, line {unknown.lineno}"
            problems[name] = f"{place}: '{unknown.name}' is no value that this template is given."
    return problems


def _read(overrides: Overrides, problems: dict[str, str]) -> Iterator[tuple[str, nodes.Template]]:
    """Yield the operator's templates that can be compiled, with their syntax trees."""
    # In the sandbox, because compiling evaluates constant expressions.
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
        for name in [f"{file}#{message}" for message, _ in message_lines(text)] or [file]:
            source = message_source(text, name) if "#" in name else text
            try:
                sandbox.compile(source, name, str(path))
                yield name, sandbox.parse(source)
            except TemplateSyntaxError as error:
                problems[name] = describe(name, error, overrides.folder)


def _render(samples: Iterable[Sample], overrides: Overrides, problems: dict[str, str]) -> None:
    """Render each sample; add the templates that fail to *problems*, and try again without them."""
    renderer = _strict(overrides, problems)
    for sample in samples:
        while error := _error_of(sample, renderer):
            name = _at_fault(error, sample, overrides)
            if name is None or name in problems:
                break
            problems[name] = describe(name, error, overrides.folder)
            renderer = _strict(overrides, problems)


def _strict(overrides: Overrides, problems: Mapping[str, str]) -> Renderer:
    """Return a renderer that does not fall back to shipped templates."""
    environment = make_environment(overrides=replace(overrides, broken=frozenset(problems)))
    environment.shipped = None
    return Renderer(environment)


def _error_of(sample: Sample, renderer: Renderer) -> Exception | None:
    try:
        sample.show(renderer)
    except Exception as error:  # noqa: BLE001 - the operator's templates may raise anything
        return error
    return None


def _at_fault(error: Exception, sample: Sample, overrides: Overrides) -> str | None:
    """Return the operator's template that raised *error*, else the first one in the sample."""
    file, line = place_of(error, overrides.folder)
    if (overrides.folder / file).is_file():
        lines = message_lines((overrides.folder / file).read_text(encoding="utf-8"))
        return [file, *(f"{file}#{message}" for message, first in lines if first <= line)][-1]
    files = ((name, overrides.folder / name.partition("#")[0]) for name in sample.templates)
    return next((name for name, path in files if path.is_file()), None)


def _unknown_name(name: str, tree: nodes.Template) -> nodes.Name | None:
    """Return the first name in *tree* that is neither defined there nor given to the template."""
    known = set(make_environment().globals)
    for part in _closure(name).values():
        known |= find_undeclared_variables(part)
    tests = tree.find_all(nodes.Test)
    known |= {
        test.node.name
        for test in tests
        if test.name in {"defined", "undefined"} and isinstance(test.node, nodes.Name)
    }
    names = list(tree.find_all(nodes.Name))
    known |= {node.name for node in names if node.ctx != "load"}
    unknown = find_undeclared_variables(tree) - known
    uses = (node for node in names if node.name in unknown)
    return min(uses, key=lambda node: node.lineno, default=None)


def _parts(sample: Sample) -> set[str]:
    """Return every shipped template that the sample renders."""
    return {part for name in sample.templates if _is_shipped(name) for part in _closure(name)}


@cache
def _closure(name: str) -> dict[str, nodes.Template]:
    """Return *name* and every shipped template that it extends, includes or imports."""
    trees: dict[str, nodes.Template] = {}
    unread: list[str | None] = [name]
    while unread:
        if (template := unread.pop()) and template not in trees:
            trees[template] = make_environment().parse(_source(template))
            unread += find_referenced_templates(trees[template])
    return trees


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
