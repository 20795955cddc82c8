"""Answers with validators, and 304 for a reader who is up to date (RFC 9110, section 13)."""

from datetime import datetime, timedelta
from hashlib import sha256

from aiohttp import web

A_SECOND = timedelta(seconds=1)


def answer(
    request: web.Request, body: str, content_type: str, changed: datetime, now: datetime
) -> web.Response:
    """*changed* is when the body last changed; If-None-Match goes before If-Modified-Since."""
    tag = sha256(body.encode()).hexdigest()[:20]
    if _is_known(request, tag, changed, now):
        response = web.Response(status=304)
    else:
        response = web.Response(text=body, content_type=content_type, charset="utf-8")
    response.etag = tag
    response.last_modified = changed
    response.headers["Cache-Control"] = "no-cache"
    return response


def _is_known(request: web.Request, tag: str, changed: datetime, now: datetime) -> bool:
    if request.if_none_match is not None:
        return any(known.value in {tag, "*"} for known in request.if_none_match)
    since = request.if_modified_since
    # A date has whole seconds: within the second of a change it proves nothing.
    return since is not None and changed <= since and now - changed >= A_SECOND
