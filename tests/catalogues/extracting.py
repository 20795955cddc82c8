"""Extracts the messages of the templates, with the environment that renders them."""

from collections.abc import Iterator
from functools import cache

from babel.messages.catalog import Catalog

from bot.rendering.environment import TemplateEnvironment, make_environment

_WORDLESS = (".css", ".svg", ".po", ".mo", ".py", ".pyc")


@cache
def messages() -> Catalog:
    """Return every message of the shipped templates, in the order of their files."""
    found = Catalog(project="Dateline", charset="utf-8")
    environment = make_environment()
    for name in template_names(environment):
        for said in _said(environment, source_of(environment, name)):
            found.add(said, locations=[(f"templates/{name}", 1)])
    return found


def _said(environment: TemplateEnvironment, source: str) -> Iterator[str | tuple[str, str]]:
    extract = environment.extract_translations  # type: ignore[attr-defined]
    for _line, function, message in extract(source):
        # A tuple has the message first, then its values.
        texts = message if isinstance(message, tuple) else (message,)
        yield (texts[0], texts[1]) if function == "ngettext" else texts[0]


def template_names(environment: TemplateEnvironment) -> list[str]:
    return [name for name in environment.list_templates() if not name.endswith(_WORDLESS)]


def source_of(environment: TemplateEnvironment, name: str) -> str:
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0]
