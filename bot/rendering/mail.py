"""A mail as it will be sent: what the frozen body of an e-mail delivery holds."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG inside the mail; its HTML shows it as `cid:<name>`."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """*headers* are all but those that say how the parts are encoded, in their order.

    Their values are text: whoever makes the bytes encodes them. *to* is the bare address.
    """

    to: str
    subject: str
    text: str
    html: str
    headers: tuple[tuple[str, str], ...] = ()
    pictures: tuple[Picture, ...] = ()

    def header(self, name: str) -> str | None:
        return next((value for known, value in self.headers if known == name), None)

    def fallback(self) -> None:
        """There is none: what a mail server refuses for its form it would refuse again."""

    def to_json(self) -> dict[str, Any]:
        return {
            "to": self.to,
            "subject": self.subject,
            "text": self.text,
            "html": self.html,
            "headers": [list(header) for header in self.headers],
            "pictures": [
                {"name": picture.name, "content": b64encode(picture.content).decode("ascii")}
                for picture in self.pictures
            ],
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        return cls(
            to=body["to"],
            subject=body["subject"],
            text=body["text"],
            html=body["html"],
            headers=tuple((name, value) for name, value in body["headers"]),
            pictures=tuple(
                Picture(picture["name"], b64decode(picture["content"]))
                for picture in body["pictures"]
            ),
        )
