"""The client of a server that speaks the OpenAI chat protocol: one question, one answer.

- The key and the texts are never logged, and stand in no error.
- `http` reaches this machine and private addresses only, which is checked at each connection.
- Redirects are errors, because they would pass the key to another server.
- An answer is read up to `LARGEST` bytes, which no honest one reaches.
- After failures in a row the client makes no calls for a while (`Breaker`).
"""

import json
import socket
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from types import TracebackType
from typing import Any, Final, Self

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    TCPConnector,
    ThreadedResolver,
)
from aiohttp.abc import ResolveResult

from bot.model.prompt import ANSWER_TOKENS, ModelRequest

LARGEST: Final = 256 * 1024  # bytes of an answer
TIME_OUT_SECONDS: Final = 60.0
FAILURES_IN_A_ROW: Final = 3
SHORTEST_PAUSE: Final = timedelta(minutes=1)
LONGEST_MODEL_PAUSE: Final = timedelta(hours=1)
_OK: Final = 200
_UNSUPPORTED: Final = frozenset({400, 422})
_BUSY: Final = 429
_SERVER_FAILS: Final = 500
_MAY_PASS: Final = frozenset({408, 409, 425})


class ModelError(Exception):
    """The call gave no answer. The message is a few words, without texts and keys.

    *may_pass*: another call may succeed. *after*: how long the server wants to be left alone.
    *was_read*: the server may have worked on the question, and counted its tokens.
    """

    def __init__(
        self,
        reason: str,
        *,
        may_pass: bool = True,
        after: timedelta | None = None,
        was_read: bool = True,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.may_pass = may_pass
        self.after = after
        self.was_read = was_read


@dataclass(frozen=True, slots=True)
class Answer:
    """The model's answer. *tokens*: of prompt and answer; None if the server does not say."""

    text: str
    tokens: int | None


@dataclass(slots=True)
class Breaker:
    """Stops calls after failures in a row, for a pause that doubles up to an hour."""

    failures: int = 0
    open_until: datetime | None = None

    def lets_through(self, now: datetime) -> bool:
        return self.open_until is None or now >= self.open_until

    def note_success(self) -> None:
        self.failures, self.open_until = 0, None

    def note_failure(self, now: datetime, after: timedelta | None = None) -> None:
        """Count a failure; *after* is how long the server asked for, an hour at most."""
        self.failures += 1
        pause = min(after, LONGEST_MODEL_PAUSE) if after else timedelta()
        if self.failures >= FAILURES_IN_A_ROW:
            doubled = SHORTEST_PAUSE * 2 ** min(self.failures - FAILURES_IN_A_ROW, 6)
            pause = max(pause, min(doubled, LONGEST_MODEL_PAUSE))
        if pause:
            self.open_until = now + pause


@dataclass(eq=False)
class ModelClient:
    """`async with ModelClient(…) as client:` keeps its connections until the block ends."""

    url: str  # up to and without /chat/completions
    name: str
    key: str = field(default="", repr=False)
    time_out: float = TIME_OUT_SECONDS
    _session: ClientSession | None = field(default=None, repr=False)
    _takes_format: bool = True

    async def __aenter__(self) -> Self:
        is_clear = self.url.startswith("http://")
        connector = TCPConnector(resolver=_NearResolver() if is_clear else None, limit=8)
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        self._session = ClientSession(
            connector=connector,
            headers=headers,
            timeout=ClientTimeout(total=self.time_out),
            trust_env=False,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session:
            await self._session.close()

    async def ask(self, question: ModelRequest) -> Answer:
        """Return the model's answer; raise ModelError if there is none."""
        body: dict[str, Any] = {
            "model": self.name,
            "messages": list(question.messages),
            "max_tokens": ANSWER_TOKENS,
            "temperature": 0,
        }
        if self._takes_format:
            body["response_format"] = {"type": "json_object"}
        return _answer_of(await self._post("/chat/completions", body))

    async def models(self) -> list[str]:
        """Return the names of the server's models; [] if it does not list them."""
        try:
            facts = await self._request("GET", "/models", None)
        except ModelError as error:
            if error.may_pass:
                raise
            return []
        data = facts.get("data") if isinstance(facts, dict) else None
        listed = data if isinstance(data, list) else []
        return [str(item.get("id")) for item in listed if isinstance(item, dict)]

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        return await self._request("POST", path, body)

    async def _request(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        if self._session is None:
            raise RuntimeError("the client is not open")
        try:
            async with self._session.request(
                method, f"{self.url}{path}", json=body, allow_redirects=False
            ) as response:
                self._check(response, has_format=body is not None and "response_format" in body)
                content = await _read(response)
        except ClientConnectorError as error:
            raise ModelError("no connection", was_read=False) from error
        except TimeoutError as error:
            raise ModelError("no answer in time") from error
        except (ClientError, OSError) as error:
            raise ModelError("the connection broke") from error
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            raise ModelError("the answer is no JSON") from error

    def _check(self, response: ClientResponse, *, has_format: bool) -> None:
        status = response.status
        if status == _OK:
            return
        if status in _UNSUPPORTED and has_format:
            self._takes_format = False  # the next call does without
            raise ModelError(f"status {status}", was_read=False)
        may_pass = status == _BUSY or status >= _SERVER_FAILS or status in _MAY_PASS
        after = _retry_after(response) if may_pass else None
        # A server that refuses has not worked on the question; one that fails may have.
        was_read = status >= _SERVER_FAILS
        raise ModelError(f"status {status}", may_pass=may_pass, after=after, was_read=was_read)


class _NearResolver(ThreadedResolver):
    """Resolves to private addresses only, because `http` would show the key to everybody else."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await super().resolve(host, port, family)
        near = [each for each in found if ip_address(each["host"].partition("%")[0]).is_private]
        if not near:
            raise OSError(None, "the address is not private")
        return near


async def _read(response: ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_chunked(1 << 14):
        content += chunk
        if len(content) > LARGEST:
            raise ModelError("the answer is too large")
    return bytes(content)


def _answer_of(facts: Any) -> Answer:
    try:
        text = facts["choices"][0]["message"]["content"]
    except (LookupError, TypeError) as error:
        raise ModelError("the answer has another form") from error
    if not isinstance(text, str):
        raise ModelError("the answer has another form")
    usage = facts.get("usage")
    total = usage.get("total_tokens") if isinstance(usage, dict) else None
    return Answer(text, total if type(total) is int and total >= 0 else None)


def _retry_after(response: ClientResponse) -> timedelta | None:
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return timedelta(seconds=min(int(value), int(LONGEST_MODEL_PAUSE.total_seconds())))
    try:
        until = parsedate_to_datetime(value)
        return max(until - datetime.now(until.tzinfo), timedelta())
    except (TypeError, ValueError):
        return None
