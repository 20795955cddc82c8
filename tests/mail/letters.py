"""Letters of newsletters, of our own making."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.sources.fetch.response import Response
from bot.sources.letters.addresses import AddressPattern
from bot.sources.letters.letter import ReadLetter, read_letter

ADDRESSES = AddressPattern("news@dateline.example")
SERVER = "mx.dateline.example"
STORY = "The price of beans rose on Monday, traders said. " * 40


def letter(
    to: str,
    *more: str,
    sender: str = "Cafe Weekly <news@cafe.example>",
    subject: str = "Beans are dear",
    text: str = STORY,
    number: int = 1,
) -> bytes:
    head = (
        f"Delivered-To: {to}",
        *more,
        f"From: {sender}",
        f"Subject: {subject}",
        f"Message-ID: <{number}@cafe.example>",
        "Content-Type: text/plain; charset=utf-8",
    )
    return "\r\n".join((*head, "", text)).encode()


def asking_to_confirm(to: str, link: str = "https://cafe.example/confirm?id=7") -> bytes:
    text = f"Please confirm your subscription:\r\n{link}\r\n"
    return letter(to, subject="Please confirm your subscription", text=text, number=99)


@dataclass
class FakeForms:
    """Takes the forms that are sent, and answers with *status*."""

    status: int = 200
    posted: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    async def post(
        self, url: str, form: Mapping[str, str], *, inside: bool, public: bool
    ) -> Response:
        assert not inside
        assert not public
        self.posted.append((url, form))
        return Response(url=url, status=self.status, headers={}, body=b"")


async def read(message: bytes) -> ReadLetter:
    return read_letter(message, SERVER)
