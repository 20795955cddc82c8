"""`dateline newsletters`: public newsletters, which come by e-mail for the topics of all chats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from bot.cli.output import AsJson, fail, show, with_storage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.sources.letters.addresses import AddressPattern
    from storage.db.engine import Storage
    from storage.newsletters import LetterSender, NewsletterRow

Result = TypeVar("Result")

LONGEST_NAME = 200

app = typer.Typer(no_args_is_help=True, help="Add, list and remove public newsletters by e-mail.")

SenderId = Annotated[int, typer.Argument(metavar="SENDER", help="Its id in the list.")]


@app.command()
def add(name: Annotated[str, typer.Argument(metavar="NAME", help="What users see.")]) -> None:
    """Add a public newsletter, and print the address with which to sign up for it.

    Example: dateline newsletters add 'Cafe Weekly'
    """
    from bot.subscribers.errors import NoNewsletters
    from bot.subscribers.newsletters import add_public

    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME:
        fail(f"Use a name of 1 to {LONGEST_NAME} characters.")
    addresses = _addresses()
    try:
        address = with_storage(lambda storage: add_public(storage, name, addresses))
    except NoNewsletters:
        fail("No mailbox receives newsletters. Set NEWSLETTER_ADDRESS and IMAP_HOST first.")
    typer.echo(address)


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """Show public newsletters: address, last letter, senders, and what waits for a decision."""
    from bot.subscribers.newsletters import list_public

    addresses = _addresses()
    rows = [_fields(row, addresses) for row in with_storage(list_public)]
    columns = {
        "ID": lambda row: row["id"],
        "Name": lambda row: row["name"],
        "Address": lambda row: row["address"] or "none: set NEWSLETTER_ADDRESS",
        "Letters": lambda row: row["letters"],
        "Last letter": lambda row: row["last_at"] or "never",
        "Senders": lambda row: "\n".join(map(_sender_line, row["senders"])),
        "Waiting": _waiting,
    }
    empty = "No public newsletters yet. To add one: dateline newsletters add NAME"
    show(rows, columns, as_json=as_json, empty=empty)


def _fields(row: NewsletterRow, addresses: AddressPattern | None) -> dict[str, Any]:
    return {
        "id": row.source.id,
        "name": row.source.title,
        "address": addresses.of(row.token) if addresses else None,
        "letters": row.newsletter.letters,
        "dropped": row.newsletter.dropped,
        "last_at": row.newsletter.last_at,
        "senders": [_sender(sender) for sender in row.accepted],
        "waiting": [_sender(sender) for sender in row.waiting],
        "confirmations": [
            {"sender": letter.sender, "link": letter.link} for letter in row.confirmations
        ],
    }


def _sender(sender: LetterSender) -> dict[str, Any]:
    names = ("id", "name", "address", "proof", "letters", "subject", "last_at")
    return {name: getattr(sender, name) for name in names}


def _sender_line(sender: dict[str, Any]) -> str:
    return f"{sender['address']} ({sender['proof'] or 'not confirmed'})"


def _waiting(row: dict[str, Any]) -> str:
    senders = [
        f"{sender['id']}: {_sender_line(sender)}: {sender['subject']}" for sender in row["waiting"]
    ]
    links = [f"{each['sender']} asks to confirm: {each['link']}" for each in row["confirmations"]]
    return "\n".join([*senders, *links])


@app.command()
def accept(sender: SenderId) -> None:
    """Accept a sender that waits, and store its letters that were held."""
    from bot.app.resources import limits_for_all
    from bot.settings import load_settings
    from bot.subscribers.newsletters import accept_sender

    limits = limits_for_all(load_settings())
    _decide(lambda storage: accept_sender(storage, None, sender, limits=limits), sender)
    typer.echo(f"Accepted sender {sender}.")


@app.command()
def refuse(sender: SenderId) -> None:
    """Refuse a sender, and delete its letters that were held. Later letters are dropped."""
    from bot.subscribers.newsletters import refuse_sender

    _decide(lambda storage: refuse_sender(storage, None, sender), sender)
    typer.echo(f"Refused sender {sender}.")


@app.command()
def remove(
    number: Annotated[int, typer.Argument(metavar="ID", help="Its id in the list.")],
) -> None:
    """Stop taking the letters of a public newsletter. Its articles stay."""
    from bot.subscribers.errors import NoSuchSource
    from bot.subscribers.newsletters import remove_public

    try:
        name = with_storage(lambda storage: remove_public(storage, number))
    except NoSuchSource:
        fail(f"There is no public newsletter {number}. See: dateline newsletters list")
    typer.echo(f"Removed {name}. Unsubscribe at its sender too.")


def _decide(work: Callable[[Storage], Awaitable[Result]], sender: int) -> Result:
    from bot.subscribers.errors import NoSuchSender

    try:
        return with_storage(work)
    except NoSuchSender:
        fail(f"No public newsletter has a sender {sender}. See: dateline newsletters list")


def _addresses() -> AddressPattern | None:
    from bot.app.resources import newsletter_addresses_of
    from bot.settings import load_settings

    return newsletter_addresses_of(load_settings())
