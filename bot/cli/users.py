"""`dateline access`, `invites`, `catalogue` and `audit`: users and their choices."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - typer reads the annotation
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bot.cli.articles import parse_query
from bot.cli.output import MINUS_IS_NO_OPTION, AsJson, fail, show, with_storage, with_transaction

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.subscribers.access import Access, AllowResult
    from storage.access import AuditEvent
    from storage.db.engine import Storage

Result = TypeVar("Result")

USUAL = -1  # restores the limit that the settings name
INVITE_DAYS = 7

access_app = typer.Typer()
invites_app = typer.Typer()
catalogue_app = typer.Typer()

UserOrGroup = Annotated[
    int, typer.Argument(metavar="ID", help="The Telegram id of a user or a group.")
]
InviteId = Annotated[int, typer.Argument(metavar="ID", help="Its id in the list.")]
TopicId = Annotated[int, typer.Argument(metavar="ID", help="Its id in the list.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="What users see.")]
Query = Annotated[
    str, typer.Argument(metavar="QUERY", help="Such as 'Taiwan OR \"consul-general\"'.")
]


# Access


@access_app.callback(
    invoke_without_command=True,
    help="Ban and allow users, and set limits. Alone, it shows who is banned, allowed or asks.",
)
@access_app.command("list")
def access(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Show banned users and groups, users allowed in addition to ALLOWED_IDS, and requests."""
    if context.invoked_subcommand is None:
        columns = {"ID": itemgetter("id"), "Is": itemgetter("is"), "Since": itemgetter("since")}
        empty = "Nobody is banned, and nobody was allowed."
        show(with_storage(_access_rows), columns, as_json=as_json, empty=empty)


@access_app.command(context_settings=MINUS_IS_NO_OPTION)
def ban(number: UserOrGroup) -> None:
    """Ban a user or a group. Their data stays.

    Example: dateline access ban 12345
    """
    from bot.subscribers.access import ban_user
    from bot.subscribers.errors import CannotBan

    try:
        is_new = with_storage(lambda storage: ban_user(storage, number, access=_access()))
    except CannotBan:
        fail(f"{number} is one of ADMIN_IDS.")
    typer.echo(f"{_name(number)} is {'' if is_new else 'already '}banned.")


@access_app.command(context_settings=MINUS_IS_NO_OPTION)
def allow(number: UserOrGroup) -> None:
    """Lift a ban. Unless ACCESS=open, also allow the user to use the bot."""
    from bot.subscribers.access import AllowResult

    sentences = {
        AllowResult.UNBANNED: "is no longer banned",
        AllowResult.ADMITTED: "is allowed",
        AllowResult.UNCHANGED: "is already allowed",
    }
    result = with_storage(lambda storage: _allow(storage, number))
    typer.echo(f"{_name(number)} {sentences[result]}.")


@access_app.command(context_settings=MINUS_IS_NO_OPTION)
def limit(
    number: UserOrGroup,
    topics: Annotated[
        int | None, typer.Option(help="How many topics; -1: the usual limit.")
    ] = None,
    feeds: Annotated[
        int | None, typer.Option(help="How many feeds of its own; -1: the usual limit.")
    ] = None,
    alerts: Annotated[
        int | None, typer.Option(help="How many alerts a day; 0: no limit, -1: the usual limit.")
    ] = None,
) -> None:
    """Set the limits of one chat and its topic threads.

    Example: dateline access limit 12345 --topics 200
    """
    options = {"topics": topics, "feeds": feeds, "alerts": alerts}
    limits = {kind: value for kind, value in options.items() if value is not None}
    if not limits:
        fail("Say what to limit: --topics, --feeds or --alerts.")
    if not with_storage(lambda storage: _limit(storage, number, limits)):
        fail(f"There is no chat {number}.")
    typer.echo(f"{number}: {', '.join(f'{kind} {value}' for kind, value in limits.items())}")


def _name(number: int) -> str:
    return f"{'User' if number > 0 else 'Group'} {number}"


def _access() -> Access:
    """Return the access rules of the settings."""
    from bot.app.resources import access_of
    from bot.settings import load_settings

    return access_of(load_settings())


async def _access_rows(storage: Storage) -> list[dict[str, object]]:
    from bot.subscribers.access import bans_and_admissions

    bans, admissions, requests = await bans_and_admissions(storage)
    rows: list[dict[str, object]] = [
        {"id": ban.telegram_id, "is": "banned", "since": ban.since} for ban in bans
    ]
    for admission in admissions:
        inviter = f"invitation {admission.invite_id}" if admission.invite_id else "an admin"
        row = {"id": admission.user_id, "is": f"allowed by {inviter}", "since": admission.since}
        rows.append(row)
    rows += [{"id": one.user_id, "is": "asks for access", "since": one.made_at} for one in requests]
    return rows


async def _allow(storage: Storage, number: int) -> AllowResult:
    from bot.rendering.i18n import ENGLISH
    from bot.rendering.renderer import Renderers
    from bot.subscribers.access import allow_user

    renderer = Renderers().of(ENGLISH.code)
    allowed = await allow_user(storage, number, access=_access(), renderer=renderer)
    return allowed.result


async def _limit(storage: Storage, number: int, limits: dict[str, int]) -> bool:
    """Set the limits of a chat; return whether it exists."""
    from bot.subscribers.errors import NotANumber
    from bot.subscribers.limits import Limited, set_limits
    from storage.chats import chats_of

    async with storage.reading() as tx:
        chats = [chat.id for chat in await chats_of(tx, number)]
    for chat_id in chats:
        for kind, value in limits.items():
            try:
                most = None if value == USUAL else value
                await set_limits(storage, chat_id, Limited(kind), most)
            except NotANumber as error:
                fail(f"--{kind}: from {error.least} to {error.most}, or {USUAL}.")
    return bool(chats)


# Invitations


@invites_app.callback(
    invoke_without_command=True,
    help="Create and revoke invitations. Alone, it shows the open ones.",
)
@invites_app.command("list")
def invites(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Show the open invitations; with ACCESS=invite, new users need one."""
    from storage.access import invites_made

    if context.invoked_subcommand is None:
        columns = {
            "ID": attrgetter("id"),
            "Code": attrgetter("code"),
            "Used": attrgetter("used"),
            "Of": attrgetter("uses"),
            "Last day (UTC)": attrgetter("last_day"),
        }
        empty = "There are no invitations."
        invites = with_transaction(lambda tx: invites_made(tx, offset=0, limit=1000))
        show(invites, columns, as_json=as_json, empty=empty)


@invites_app.command("add")
def add_invite(
    uses: Annotated[int, typer.Option(min=1, max=10_000, help="How many users may use it.")] = 1,
    until: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="Its last day, in UTC; by default seven days from now."
        ),
    ] = None,
) -> None:
    """Create an invitation. Users send its code to the bot, or open it as a link.

    Example: dateline invites add --uses 20 --until 2026-12-31
    """
    from bot.subscribers.errors import NotADate
    from bot.subscribers.invites import create_invite, create_invite_for

    try:
        invite = with_storage(
            lambda storage: (
                create_invite(storage, uses, until.date())
                if until
                else create_invite_for(storage, uses, INVITE_DAYS)
            )
        )
    except NotADate:
        fail("--until: name a day from today on, within a year.")
    typer.echo(invite.code)
    typer.echo(f"https://t.me/<your bot>?start=invite_{invite.code}", err=True)


@invites_app.command("remove")
def remove_invite(invite_id: InviteId) -> None:
    """Revoke an invitation. Users who came by it stay allowed."""
    from bot.subscribers.invites import revoke_invite

    if not with_storage(lambda storage: revoke_invite(storage, invite_id)):
        fail(f"There is no invitation {invite_id}.")
    typer.echo(f"Revoked invitation {invite_id}.")


# The catalogue


@catalogue_app.callback(
    invoke_without_command=True,
    help="Change the topics that everybody may choose from. Alone, it shows them.",
)
@catalogue_app.command("list")
def catalogue(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Show the topics that everybody may choose from, in their order."""
    from storage.subscriptions import catalogue_listed

    if context.invoked_subcommand:
        return
    columns = {
        "ID": attrgetter("id"),
        "Name": attrgetter("name"),
        "Query": attrgetter("typed"),
        "Link": attrgetter("slug"),
        "Chats": attrgetter("subscribers"),
    }
    empty = "The catalogue is empty; the first start fills it."
    show(with_transaction(catalogue_listed), columns, as_json=as_json, empty=empty)


@catalogue_app.command("add", context_settings=MINUS_IS_NO_OPTION)
def add_topic(name: Name, query: Query) -> None:
    """Add a topic at the end.

    Example: dateline catalogue add Taiwan 'Taiwan OR Taipei'
    """
    from bot.subscribers import catalogue

    parse_query(query)
    number = _in_catalogue(lambda storage: catalogue.add_topic(storage, name, query))
    typer.echo(f"Added {name} as {number}.")


@catalogue_app.command("rename")
def rename_topic(topic_id: TopicId, name: Name) -> None:
    """Rename a topic, for all its subscribers."""
    from bot.subscribers import catalogue

    _in_catalogue(lambda storage: catalogue.rename_topic(storage, topic_id, name))
    typer.echo(f"Renamed {topic_id}.")


@catalogue_app.command("query", context_settings=MINUS_IS_NO_OPTION)
def change_query(topic_id: TopicId, query: Query) -> None:
    """Change the query of a topic, for all its subscribers."""
    from bot.subscribers import catalogue

    parse_query(query)
    _in_catalogue(lambda storage: catalogue.change_query(storage, topic_id, query))
    typer.echo(f"Changed {topic_id}.")


@catalogue_app.command("move", context_settings=MINUS_IS_NO_OPTION)
def move_topic(
    topic_id: TopicId,
    places: Annotated[int, typer.Argument(help="How many places down; -1 is one up.")],
) -> None:
    """Move a topic up or down in the catalogue."""
    from bot.subscribers import catalogue

    _in_catalogue(lambda storage: catalogue.move_topic(storage, topic_id, places))
    typer.echo(f"Moved {topic_id}.")


@catalogue_app.command("retire")
def retire_topic(topic_id: TopicId) -> None:
    """Remove a topic from the catalogue. Its subscribers keep it as a topic of their own."""
    from bot.subscribers import catalogue

    _in_catalogue(lambda storage: catalogue.remove_topic(storage, topic_id))
    typer.echo(f"Retired {topic_id}.")


def _in_catalogue(work: Callable[[Storage], Awaitable[Result]]) -> Result:
    from bot.subscribers.errors import NoSuchTopic, NotAName

    try:
        return with_storage(work)
    except NoSuchTopic:
        fail("The catalogue has no such topic.")
    except NotAName:
        fail("A name needs at least one visible character.")


# The activity log


def audit(
    *,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, newest first.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Show the activity log: what admins did in the chat, and what was done on the command line."""
    from bot.subscribers.audit import newest_events

    columns: dict[str, Callable[[AuditEvent], object]] = {
        "When (UTC)": attrgetter("at"),
        "User": _user,
        "Action": attrgetter("action"),
        "Subject": attrgetter("subject"),
        "Details": _details,
    }
    events = with_storage(lambda storage: newest_events(storage, limit))
    show(events, columns, as_json=as_json, empty="The activity log is empty.")


def _user(event: AuditEvent) -> str:
    return "command line" if event.user_id is None else str(event.user_id or "—")


def _details(event: AuditEvent) -> str:
    return ", ".join(f"{name}: {value}" for name, value in event.details.items())
