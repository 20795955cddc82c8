"""Import aiogram so that its models are built on first use, instead of all at import.

Aiogram has 400 types and 190 methods. Building their validators takes pydantic three seconds and
110 MB, and a bot uses a twentieth of them. Aiogram defers the builds (`defer_build`), but
`aiogram.types` ends with a loop that builds every model, because annotations name types that are
imported for type checkers only.

This module disables that loop during the import and gives the modules the names that their
annotations use. Pydantic then builds each model on its first use. `Message` and `Update` are built
at once, so that no user waits for them. `BaseModel.model_rebuild` is replaced for aiogram's models,
because a model that is built late must not take names from the variables of its caller. A test
compares every annotation with aiogram's own.

All of this depends on private parts of both libraries, so it is done for the versions in `KNOWN`
only. With other versions, or after an error, aiogram is imported normally, which costs memory and
time.
"""

from __future__ import annotations

import importlib
import re
import sys
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

KNOWN: Final = {"aiogram": "3.31", "pydantic": "2.13"}
_NAME: Final = re.compile(r"\w+")


def import_aiogram() -> None:
    """Import aiogram. Call this before any other module imports it."""
    if "aiogram" in sys.modules:
        return
    if all(version(name).startswith(f"{known}.") for name, known in KNOWN.items()):
        try:
            _import_deferred()
        except Exception:  # noqa: BLE001 - a normal import works after any error
            for name in [name for name in sys.modules if name.partition(".")[0] == "aiogram"]:
                del sys.modules[name]
        else:
            return
    importlib.import_module("aiogram")


def _import_deferred() -> None:
    with _nothing_rebuilt():
        from aiogram import types
        from aiogram.client.context_controller import BotContextController

    for model in vars(types).values():
        if isinstance(model, type) and issubclass(model, BaseModel):
            _complete(model, types)
    BotContextController.model_rebuild = classmethod(_rebuild)  # type: ignore[method-assign,assignment]
    # Update contains Message, and reuses its validator.
    for model in (types.Message, types.Update):
        model.model_rebuild()


@contextmanager
def _nothing_rebuilt() -> Iterator[None]:
    rebuild = BaseModel.__dict__["model_rebuild"]
    BaseModel.model_rebuild = classmethod(lambda *_, **__: None)  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        BaseModel.model_rebuild = rebuild  # type: ignore[method-assign]


def _complete(model: type, types: ModuleType) -> None:
    """Give the module of *model* the names that its annotations use, for a later build."""
    namespace = vars(sys.modules[model.__module__])
    for base in model.__mro__:
        for annotation in vars(base).get("__annotations__", {}).values():
            for name in _NAME.findall(str(annotation)):
                if name not in namespace and hasattr(types, name):
                    namespace[name] = getattr(types, name)


def _rebuild(model: type[BaseModel], /, **options: Any) -> bool | None:
    """Call `BaseModel.model_rebuild`, but ignore the variables of the caller.

    A variable of the caller may be named like a type, such as `Message` or `Chat`.
    """
    options["_parent_namespace_depth"] = 0
    return BaseModel.model_rebuild.__func__(model, **options)  # type: ignore[attr-defined,no-any-return]
