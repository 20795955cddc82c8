"""Reads the parameters of a call, whichever way it was sent.

Query string, url-encoded form, multipart form (files by their field's name) and JSON, all may hold
parameters at once; the body wins over the query. Values stay as they came: text, or parsed JSON.
"""

from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.playground.answers import bad_request


@dataclass(frozen=True, slots=True)
class Upload:
    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Body:
    params: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Upload] = field(default_factory=dict)


async def read_body(request: web.Request) -> Body:
    body = Body(dict(request.query))
    kind = request.content_type if request.can_read_body else ""
    if kind == "application/json":
        body.params.update(await _json(request))
    elif kind == "multipart/form-data":
        await _multipart(request, body)
    elif kind == "application/x-www-form-urlencoded":
        body.params.update(await request.post())
    return body


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        value = await request.json()
    except ValueError:
        raise bad_request("can't parse the JSON body") from None
    if not isinstance(value, dict):
        raise bad_request("the JSON body must be an Object")
    return {name: part for name, part in value.items() if part is not None}


async def _multipart(request: web.Request, body: Body) -> None:
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            body.files[name] = Upload(value.filename, value.content_type, value.file.read())
        else:
            body.params[name] = value if isinstance(value, str) else bytes(value).decode()
