"""The server of the Bot API: checks a call, injects faults, applies it, writes the journal."""

import asyncio
import re
import socket
import struct
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any

from aiohttp import web

from bot.playground.api import chats, files, messages, profile, queries, updates
from bot.playground.api.parameters import Call, Parameters, check_call, read_parameters
from bot.playground.api.table import api_table
from bot.playground.errors import ApiError, bad_request, not_found, unauthorized
from bot.playground.state.faults import Fault, FaultKind, When
from bot.playground.state.journal import JournalEntry, loggable
from bot.playground.state.world import World

Method = Callable[[Call], Any | Awaitable[Any]]

METHODS: dict[str, Method] = {
    name.lower(): method
    for noun in (chats, files, messages, profile, queries, updates)
    for name, method in noun.METHODS.items()
}


_TOKEN = re.compile(r"[0-9]{1,16}:[A-Za-z0-9_-]+")
_NO_REPLIES = ("get", "setwebhook", "deletewebhook", "close", "logout")
_RST = struct.pack("ii", 1, 0)  # SO_LINGER on, zero seconds: closing sends a reset
_STATUS = {FaultKind.BAD_GATEWAY: 502, FaultKind.MALFORMED: 200}
_BROKEN_OFF = '{"ok": true, "result": {"message_id": 1'
_BAD_GATEWAY = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n"
    "<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
)


class Api:
    """The Bot API; accepts only *token*, or any well-formed token if it is None.

    *latency*: the seconds that each applied call takes, half of them before its effect.
    """

    def __init__(self, world: World, token: str | None = None, latency: float = 0.0) -> None:
        self.world = world
        self.token = token
        self.latency = latency
        self.table = api_table()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.route("*", "/bot{token:[^/]+}/{method}", self.call),
            web.get("/file/bot{token:[^/]+}/{path:.+}", self.download),
        ]

    async def call(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        entry = JournalEntry(self.world.clock(), self.table.names.get(name.lower(), name))
        fault: Fault | None = None
        response: dict[str, Any] = {}
        try:
            call = await self._read(request, name.lower(), entry)
            if entry.chat_id is not None:
                self.world.flood.check_ban(entry.method, entry.chat_id)
            fault = self.world.faults.take(call.method, entry.chat_id)
            if fault is None or fault.when is When.AFTER:
                response = await self._apply(call, entry)
        except ApiError as error:
            response, entry.status = error.to_json(), error.code
        except web.HTTPRequestEntityTooLarge:
            response, entry.status = ApiError(413, "Request Entity Too Large").to_json(), 413
        if fault is not None:
            return await self._fail(request, fault, entry)
        return self._respond(response, entry)

    async def _read(self, request: web.Request, method: str, entry: JournalEntry) -> Call:
        token = request.match_info["token"]
        self._check_token(token)
        self.world.token = token
        if method not in self.table.methods:
            raise not_found()
        return self._check(token, method, await read_parameters(request), entry)

    def _check(self, token: str, method: str, body: Parameters, entry: JournalEntry) -> Call:
        entry.params = dict(body.params)
        entry.chat_id = self.world.chat_id(body.params.get("chat_id"))
        if method not in METHODS:
            raise bad_request(f"method {entry.method} is not implemented in this playground")
        params = check_call(self.table, method, body)
        entry.params = loggable(params)
        return Call(self.world, token, method, params)

    def _check_token(self, token: str) -> None:
        if not _TOKEN.fullmatch(token) or self.token not in {None, token}:
            raise unauthorized()

    async def reply(self, token: str, method: str, params: dict[str, Any]) -> None:
        """Apply the call in the response of a webhook, and discard the result."""
        name = method.lower()
        if name not in self.table.methods or name.startswith(_NO_REPLIES):
            return
        entry = JournalEntry(self.world.clock(), self.table.names[name])
        response: dict[str, Any] = {}
        try:
            response = await self._apply(self._check(token, name, Parameters(params), entry), entry)
        except ApiError as error:
            response, entry.status = error.to_json(), error.code
        self._respond(response, entry)

    async def _apply(self, call: Call, entry: JournalEntry) -> dict[str, Any]:
        await asyncio.sleep(self.latency / 2)
        result = METHODS[call.method](call)
        if isawaitable(result):
            result = await result
        await asyncio.sleep(self.latency / 2)
        entry.applied, entry.status = True, 200
        if isinstance(result, dict):
            entry.message_id = result.get("message_id")
        return {"ok": True, "result": result}

    def _respond(self, response: dict[str, Any], entry: JournalEntry) -> web.Response:
        entry.ok = bool(response["ok"])
        entry.description = response.get("description", "")
        self.world.journal.write(entry)
        return web.json_response(response, status=entry.status)

    async def _fail(self, request: web.Request, fault: Fault, entry: JournalEntry) -> web.Response:
        error = fault.error()
        if fault.kind is FaultKind.TOO_MANY and entry.chat_id is not None:
            self.world.flood.ban(entry.chat_id, fault.retry_after)
        if error is not None:
            entry.status = error.code
            return self._respond(error.to_json(), entry)
        entry.status = _STATUS.get(fault.kind, 0)
        entry.description = fault.kind.value
        self.world.journal.write(entry)
        if fault.kind is FaultKind.TIME_OUT:
            await asyncio.Event().wait()  # until the client disconnects or the server stops
        if fault.kind is FaultKind.RESET:
            _reset(request)
        if fault.kind is FaultKind.MALFORMED:
            return web.Response(text=_BROKEN_OFF, content_type="application/json")
        return web.Response(status=502, text=_BAD_GATEWAY, content_type="text/html")

    async def download(self, request: web.Request) -> web.Response:
        file = self.world.files.find_by_path(request.match_info["path"])
        try:
            self._check_token(request.match_info["token"])
        except ApiError as error:
            return web.json_response(error.to_json(), status=error.code)
        if file is None:
            return web.json_response(not_found().to_json(), status=404)
        return web.Response(body=file.upload.content, content_type="application/octet-stream")


def _reset(request: web.Request) -> None:
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
        transport.abort()
