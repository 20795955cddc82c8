"""Static files, at addresses with a hash of the content, so that no browser keeps an old one."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.rendering.renderer import Renderer


@dataclass(frozen=True, slots=True)
class Asset:
    path: str
    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Assets:
    """The stylesheet and icon of all pages."""

    style: Asset
    icon: Asset

    @classmethod
    def of(cls, renderer: Renderer) -> Assets:
        return cls(
            style=_asset(renderer, "style.css", "text/css"),
            icon=_asset(renderer, "icon.svg", "image/svg+xml"),
        )


def _asset(renderer: Renderer, name: str, content_type: str) -> Asset:
    body = renderer.text(f"web/{name}").encode()
    return Asset(f"/static/{_hash(body)}-{name}", body, content_type)


def _hash(content: bytes) -> str:
    return sha256(content).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class AppAssets:
    """The stylesheet and scripts of the Mini App.

    They share one folder, named after the hash of them all, so that scripts find each other.
    """

    assets: tuple[Asset, ...]
    folder: str

    @classmethod
    def of(cls, renderer: Renderer) -> AppAssets:
        style = renderer.text("web/app.css").encode()
        scripts = {
            script.name: script.read_bytes()
            for script in sorted(files("bot.web.miniapp").joinpath("scripts").iterdir(), key=str)
            if script.name.endswith(".js")
        }
        folder = "/static/" + _hash(b"\0".join([style, *scripts.values()]))
        assets = [Asset(f"{folder}/app.css", style, "text/css")]
        assets += [
            Asset(f"{folder}/{name}", body, "text/javascript") for name, body in scripts.items()
        ]
        return cls(tuple(assets), folder)
