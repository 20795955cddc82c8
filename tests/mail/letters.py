"""Letters of newsletters, of our own making."""

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


async def read(message: bytes) -> ReadLetter:
    return read_letter(message, SERVER)
