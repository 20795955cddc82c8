"""How a lead picture is shown: its address, directly or through the operator's proxy, and its size.

A proxy is named by a template of addresses, such as
`https://img.example.org/{width}x{height}/{url}`. `{url}` becomes the picture's own address,
percent-encoded; `{width}` and `{height}` the wanted size in pixels, where a height of 0 means in
proportion. Most resizing proxies understand such a form.
"""

import re
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, Self
from urllib.parse import quote, urlsplit

_PLACEHOLDER: Final = re.compile(r"\{(\w*)\}")
_KNOWN: Final = frozenset({"url", "width", "height"})
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class Pictured(Protocol):
    @property
    def url(self) -> str: ...
    @property
    def width(self) -> int | None: ...
    @property
    def height(self) -> int | None: ...
    @property
    def alt(self) -> str: ...


class ShownPicture(NamedTuple):
    """A picture as a page shows it; *height* is None if its shape is unknown.

    *host* serves it, and so learns the network address of each reader.
    """

    url: str
    width: int
    height: int | None
    alt: str
    host: str

    @property
    def origin(self) -> str:
        """The scheme, host and port, for the policy of a page."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


@dataclass(frozen=True, slots=True)
class PictureProxy:
    template: str

    @classmethod
    def parse(cls, template: str) -> Self:
        """Return the proxy; raises ValueError with a sentence if the template cannot be used."""
        parts = urlsplit(template)
        is_local = parts.scheme == "http" and parts.hostname in _LOCAL
        if not (parts.scheme == "https" or is_local) or not parts.hostname or parts.username:
            raise ValueError(
                "write an https address such as https://img.example.org/{width}x{height}/{url}"
            )
        names = _PLACEHOLDER.findall(template)
        rest = _PLACEHOLDER.sub("", template)
        if names.count("url") != 1 or "{url}" not in template.partition(parts.netloc)[2]:
            raise ValueError("it needs {url} once, where the address of the picture belongs")
        if not _KNOWN.issuperset(names) or "{" in rest or "}" in rest:
            raise ValueError("it may hold {url}, {width} and {height}, and no other braces")
        return cls(template)

    def address(self, url: str, width: int, height: int | None) -> str:
        values = {"url": quote(url, safe=""), "width": str(width), "height": str(height or 0)}
        return _PLACEHOLDER.sub(lambda found: values[found[1]], self.template)


def shown_picture(picture: Pictured, proxy: PictureProxy | None, width: int) -> ShownPicture:
    """Return *picture* at most *width* pixels wide; it is never enlarged."""
    shown_width = min(picture.width or width, width)
    height = None
    if picture.width and picture.height:
        height = max(1, round(picture.height * shown_width / picture.width))
    url = proxy.address(picture.url, shown_width, height) if proxy else picture.url
    return ShownPicture(url, shown_width, height, picture.alt, urlsplit(url).hostname or "")
