"""Aiogram with its models built when they are used, not all of them when it is imported.

It has 400 types and 190 methods, whose validators pydantic builds from their annotations: three
seconds and 110 MB, of which a bot uses a twentieth. Pydantic would build each on its first use,
as aiogram has asked it to (`defer_build`), but `aiogram.types` ends with building every one, for
their annotations name types that a type checker sees imported, and nobody else.

Here that loop does nothing during the import, the modules get the names that their annotations use,
and pydantic builds each model on its first use. `Message` and `Update` are built at once, so that
no user waits for them. This replaces `BaseModel.model_rebuild` for aiogram's models: one that is
built late must not take its names from the variables of its caller. A test compares every
annotation with aiogram's own.

All this reaches into private parts, so it is done for the versions in `KNOWN` alone. With any other
version, or if anything fails, aiogram is imported as it is. That costs memory and time, and nothing
else.
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
    """Import it, ready for what every bot uses; to be called before anything else imports it."""
    if "aiogram" in sys.modules:
        return
    if all(version(name).startswith(f"{known}.") for name, known in KNOWN.items()):
        try:
            _import_deferred()
        except Exception:  # noqa: BLE001 - whatever it is, aiogram works as it is
            for name in [each for each in sys.modules if each.partition(".")[0] == "aiogram"]:
                del sys.modules[name]
        else:
            return
    importlib.import_module("aiogram")


def _import_deferred() -> None:
    with _nothing_rebuilt():
        from aiogram import types
        from aiogram.client.context_controller import BotContextController

    for each in vars(types).values():
        if isinstance(each, type) and issubclass(each, BaseModel):
            _complete(each, types)
    BotContextController.model_rebuild = classmethod(_rebuild)  # type: ignore[method-assign,assignment]
    # The smaller first: the larger takes it as it is. What is built here keeps nobody waiting.
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
    """Give its module the names that its annotations use: they are looked up there, later."""
    there = vars(sys.modules[model.__module__])
    for each in model.__mro__:
        for annotation in vars(each).get("__annotations__", {}).values():
            for name in _NAME.findall(str(annotation)):
                if name not in there and hasattr(types, name):
                    there[name] = getattr(types, name)


def _rebuild(model: type[BaseModel], /, **told: Any) -> bool | None:
    """`BaseModel.model_rebuild`, but for names it does not look at its caller's variables.

    A caller may well have a `Message` or a `Chat` of its own.
    """
    told["_parent_namespace_depth"] = 0
    return BaseModel.model_rebuild.__func__(model, **told)  # type: ignore[attr-defined,no-any-return]
