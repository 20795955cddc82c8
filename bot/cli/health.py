"""`dateline health`: whether the process that runs here with these settings works."""

from __future__ import annotations

import typer

PATIENCE_SECONDS = 5.0
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where such a process is found


def health() -> None:
    """Ask /healthz at WEB_HOST:WEB_PORT, as a container or a script does. Exit 1 if unhealthy."""
    import http.client
    import json

    from bot.settings import load_settings

    settings = load_settings()
    host = _ANYWHERE.get(settings.web_host, settings.web_host)
    line = http.client.HTTPConnection(host, settings.web_port, timeout=PATIENCE_SECONDS)
    try:
        line.request("GET", "/healthz")
        answer = line.getresponse()
        status = str(json.load(answer)["status"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
        typer.echo(f"nothing that works answers at {host}:{settings.web_port} ({error})", err=True)
        raise typer.Exit(1) from None
    finally:
        line.close()
    typer.echo(status)
    if answer.status != http.client.OK:
        raise typer.Exit(1)
