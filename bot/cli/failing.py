"""How a command ends when it cannot do what was asked: one sentence, exit 2, no traceback."""

from __future__ import annotations

from typing import NoReturn

import typer

CANNOT = 2


def fail(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise SystemExit(CANNOT)
