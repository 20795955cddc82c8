"""Who may do what in a group: each command and each button is decided here, a new one too."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiogram import Router
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.filters import Command
from aiogram.filters.callback_data import CallbackQueryFilter

from bot.chat.commands import CHAT_COMMANDS, Permission
from bot.chat.dispatcher import make_dispatcher
from bot.rendering.renderer import Renderer
from bot.resources import Resources

pytestmark = pytest.mark.slow

READING = """
CataloguePage DigestNow FindFeeds MutesPage OpenOwnSource OpenPublisher OpenTopic OwnSourcesPage
SendSettings SendTopics ShowAll ShowCard ShowHelp ShowLanguages ShowPublishers ShowQuery
ShowRecent ShowSettings ShowTopicMenu ShowTrend SiblingTopicsPage TopicsPage TrendsPage TryWords
TurnSearch Widen
"""
CHANGING = """
AddList AddTime Ask AskLocation AskTopicField CancelQuestion ChannelsPage CloseFeeds Dismiss Erase
FeedsPage FollowAgain FollowLink KeepData Manage MoveHere MutePublisher MuteTopic OnAlert OpenSource
Pause PauseFor RemoveAddress RemoveScheduleTime RemoveSource RenewFeeds Resume SetAlertRate SetDays
SetEmptyDay SetLanguage SetLayout SetMailAlerts SetMode SetOnlyTime SetQuiet SetReach
SetScheduleTime SetStyle SetTime SetTimes SetZone ShareTopic ShowAlertRate ShowChannels ShowDays
ShowEmail ShowLayout ShowMoreTimes ShowQuiet ShowScheduleTime ShowTimes ShowZone SourcesPage
StopManaging SubscribeQuery SubscribeTopic UndoMute UndoUnsubscribe Unfollow Unmute
UnmutePublisher UnmuteTopic Unsubscribe UseQuery
"""


def routers(router: Router) -> Iterator[Router]:
    yield router
    for inner in router.sub_routers:
        yield from routers(inner)


def filters(handler: HandlerObject) -> Iterator[Any]:
    for one in handler.filters or ():
        alternatives = getattr(one.callback, "targets", None)
        yield from (each.callback for each in alternatives) if alternatives else (one.callback,)


@pytest.fixture(scope="module")
def public_routers():
    """Return the routers, without those of the admins."""
    resources = cast("Resources", SimpleNamespace(is_playground=False))
    found = [*routers(make_dispatcher(resources, Renderer()))]
    admin = next(one for one in found if one.name == "admin")
    return [one for one in found if one not in [*routers(admin)]]


def test_each_command_is_decided():
    resources = cast("Resources", SimpleNamespace(is_playground=False))
    named = {
        str(name)
        for router in routers(make_dispatcher(resources, Renderer()))
        for handler in router.message.handlers
        for one in filters(handler)
        if isinstance(one, Command)
        for name in one.commands
    }

    assert named == {each.name for each in CHAT_COMMANDS}


def test_each_button_is_decided(public_routers):
    reading: set[str] = set()
    changing: set[str] = set()
    for router in public_routers:
        for handler in router.callback_query.handlers:
            kinds = {
                one.callback_data.__name__
                for one in filters(handler)
                if isinstance(one, CallbackQueryFilter)
            }
            (reading if handler.flags.get("reads") else changing).update(kinds)

    assert changing - {"AnswerFeedback"} == set(CHANGING.split())
    assert reading - {"OnAlert"} == set(READING.split()), (
        "what more like an alert there is may all ask for"
    )


@pytest.mark.parametrize("audience", [Permission.EVERYBODY, Permission.ADMINISTRATORS])
async def test_what_a_member_may_do_by_command(group, eve, audience):
    refused = "Only administrators can change"

    for name in (each.name for each in CHAT_COMMANDS if each.audience is audience):
        answer = await group.says(f"/{name}", from_id=eve.id)

        said = answer.get("text") or answer["caption"]
        assert said.startswith(refused) is (audience is Permission.ADMINISTRATORS), name


async def test_what_is_the_operators_is_left_to_other_bots(group, ann, eve, playground):
    private = {Permission.BOT_ADMINS, Permission.PRIVATE}
    for name in (each.name for each in CHAT_COMMANDS if each.audience in private):
        for who in (ann.who, eve):
            playground.send(group.who, f"/{name} 12", from_id=who.id)
    answer = await group.says("/topics", from_id=ann.who.id)

    assert answer["text"].startswith("You haven't subscribed to anything yet.")
