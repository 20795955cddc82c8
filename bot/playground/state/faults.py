"""Injected faults: which calls they affect, how often, and before or after the effect."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.playground.errors import (
    ApiError,
    bad_request,
    forbidden,
    too_many_requests,
    unauthorized,
)


class FaultKind(StrEnum):
    TOO_MANY = "429"
    SERVER_ERROR = "500"
    BAD_GATEWAY = "502_html"
    RESET = "reset"
    TIME_OUT = "time_out"
    MALFORMED = "malformed"  # truncated JSON
    UNAUTHORIZED = "401"
    BAD_REQUEST = "400"
    FORBIDDEN = "403"


class When(StrEnum):
    BEFORE = "before"
    AFTER = "after"


@dataclass(slots=True)
class Fault:
    """*times* counts down; a fault with 0 at first lasts until it is cleared."""

    id: int
    kind: FaultKind
    when: When = When.BEFORE
    method: str = ""
    chat_id: int | None = None
    times: int = 1
    retry_after: int = 1
    description: str = ""

    def fits(self, method: str, chat_id: int | None) -> bool:
        return self.method in {"", method} and self.chat_id in {None, chat_id}

    def error(self) -> ApiError | None:
        """Return the response of the Bot API, None if the fault has another kind of response."""
        match self.kind:
            case FaultKind.TOO_MANY:
                return too_many_requests(self.retry_after)
            case FaultKind.SERVER_ERROR:
                return ApiError(500, self.description or "Internal Server Error")
            case FaultKind.UNAUTHORIZED:
                return unauthorized()
            case FaultKind.BAD_REQUEST:
                error = bad_request("injected")
            case FaultKind.FORBIDDEN:
                error = forbidden("bot was blocked by the user")
            case _:
                return None
        return ApiError(error.code, self.description) if self.description else error


class Faults:
    def __init__(self) -> None:
        self._injected: list[Fault] = []
        self._last_id = 0

    def inject(self, fault: str, *, when: str = "before", **facts: Any) -> int:
        """Inject a fault by its name (FaultKind); *facts* are the fields of Fault."""
        self._last_id += 1
        facts["method"] = str(facts.get("method") or "").lower()
        self._injected.append(Fault(self._last_id, FaultKind(fault), When(when), **facts))
        return self._last_id

    def clear(self) -> None:
        self._injected.clear()

    def take(self, method: str, chat_id: int | None) -> Fault | None:
        """Return the first fault that fits this call (method in lower case), and count its use."""
        for fault in self._injected:
            if fault.fits(method, chat_id):
                if fault.times == 1:
                    self._injected.remove(fault)
                fault.times = max(0, fault.times - 1)
                return fault
        return None
