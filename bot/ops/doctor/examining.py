"""Examining: all checks side by side. None can hang, and none that fails takes others with it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from bot.ops.doctor.findings import Finding, unhealthy, warning

PATIENCE_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Check:
    """*ask* looks and judges; *is_far*: it needs the network, and is left out by `--quick`."""

    name: str
    ask: Callable[[], Awaitable[Sequence[Finding]]]
    is_far: bool = False
    seconds: float = PATIENCE_SECONDS


async def examine(checks: Iterable[Check]) -> list[Finding]:
    """Return what all found, in the order of the checks."""
    found = await asyncio.gather(*(_asked(check) for check in checks))
    return [finding for some in found for finding in some]


async def _asked(check: Check) -> Sequence[Finding]:
    try:
        async with asyncio.timeout(check.seconds):
            return await check.ask()
    except TimeoutError:
        sentence = f"Looking at {check.name} took longer than {check.seconds:g} seconds."
        return [warning("check.slow", sentence, "Look again; if it stays so, look there first.")]
    except Exception as error:  # noqa: BLE001 - one check that breaks must not hide the others
        sentence = f"Looking at {check.name} broke: {type(error).__name__}."
        return [
            unhealthy("check.broke", sentence, "That is a mistake in Dateline: please report it.")
        ]
