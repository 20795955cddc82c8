"""Permissions in a group: a new command or button must be added to these tables."""

from types import SimpleNamespace

import pytest

from bot.chat.callbacks import CancelQuestion, Question, SetStyle
from bot.chat.commands import CHAT_COMMANDS
from bot.chat.permissions import Permission
from storage.enums import Style
from tests.chat.registrations import (
    buttons_of,
    commands_of,
    handlers_of,
    kinds_of,
    real_dispatcher,
)
from tests.checklists import checklist

READING = """
AddName AsPhrase AskForAccess CancelQuestion CataloguePage DigestNow ExplainLink FindFeeds
ListStories MutesPage OpenAlert OpenPublisher OpenTopic OwnSourcesPage ReadLink SavedPage
SendSettings SendTopics ShowAll ShowCard ShowHelp ShowIntent ShowLanguages ShowNames ShowPublishers
ShowQuery ShowRecent ShowSettings ShowTopicMenu ShowTrend SiblingTopicsPage TopicsPage TrendsPage
TryChoice TryWords TurnSearch TurnStories Widen
"""
CHANGING = """
AddList AddTime Ask AskLocation AskToErase AskTopicField AskWords CancelQuestion Dismiss Erase
FollowLink FollowPosts ImportFile KeepData KeepOriginal KeepZone MoveHere MoveSubscription
MutePublisher MuteStory MuteTopic OnAlert OnStory Pause PauseFor RemoveSaved
RemoveScheduleTime RemoveWords
Resume SaveWords SetAlertRate SetDays SetDetail SetEmptyDay SetHashtags SetHeadlines SetLanguage
SetLayout SetMode SetModel SetMostCovered SetOnlyTime SetPicture SetPinning SetQuiet SetRhythm
SetScheduleTime SetSound SetStyle SetTime SetTimes SetZone ShareTopic ShowAlertRate ShowDays
ShowLayout ShowMoreTimes ShowOrder ShowQuiet ShowScheduleTime ShowTimes ShowTopicMenu ShowWords
ShowZone SubscribeQuery SubscribeTopic UndoImport UndoMute UndoQuery UndoSetting UndoSilence
UndoSubscribe UndoUnsubscribe UndoWords Unfollow Unmute UnmutePublisher UnmuteStory UnmuteTopic
Unsubscribe UseQuery
"""
CONFIDENTIAL = """
AcceptSender CloseFeeds ConfirmCloseFeeds ConfirmRemoveAddress ConfirmRenewFeeds ExportChat
FeedsPage FollowAgain FollowNewsletter OpenOwnSource OwnSourcesPage RefuseSender RemoveAddress
RenewFeeds SetMailAlerts SetReach ShowEmail UndoSetting UnsubscribeNewsletter
"""
IN_PRIVATE = """
AskPosts AskToStopPosts ChannelsPage Manage OpenChannel ReadPosts RenewChannelLink RevokeReader
ShareChannel ShowChannels StopManaging StopPosts
"""


@pytest.fixture(scope="module")
def dispatcher():
    return real_dispatcher()


def test_each_handler_is_registered_with_a_permission(dispatcher):
    missing = [
        handler.callback.__name__
        for handler in handlers_of(dispatcher)
        if not isinstance(handler.flags.get("permission"), Permission)
    ]

    assert missing == [], "register these with flags=Permission.….flags"


def test_only_handlers_without_a_current_user_are_for_users_without_access(dispatcher):
    *others, users = dispatcher.sub_routers
    unchecked = Permission.WITHOUT_ACCESS

    found = [[handler.flags["permission"] for handler in handlers_of(one)] for one in others]

    assert {permission for permissions in found for permission in permissions} == {unchecked}
    assert unchecked not in {handler.flags["permission"] for handler in handlers_of(users)}


def test_each_command_of_the_table_has_a_handler(dispatcher):
    there_are = {row.name for row in CHAT_COMMANDS}
    assert set(commands_of(dispatcher)) == there_are, checklist("a command of the chat")


@pytest.mark.parametrize(
    ("permission", "expected"),
    [
        (Permission.EVERYBODY, f"{READING} OnAlert OnStory"),  # "More like this"
        (Permission.ADMINISTRATORS, CHANGING),
        (Permission.CONFIDENTIAL, CONFIDENTIAL),
        (Permission.PRIVATE, IN_PRIVATE),
    ],
    ids=["everybody", "administrators", "confidential", "private"],
)
def test_each_button_has_a_decided_permission(dispatcher, permission, expected):
    """A button that is missing here is for admins of the bot."""
    found = {kind.__name__ for kind in buttons_of(dispatcher, permission)}

    assert found == set(expected.split()), checklist("a button of the chat")


async def test_a_press_is_parsed_only_where_buttons_of_its_kind_are_taken(dispatcher):
    """Otherwise each press would be parsed once for each of hundreds of handlers."""
    routers = {router: kinds_of(router) for router in dispatcher.sub_routers[-1].sub_routers}
    press = SimpleNamespace(data=SetStyle(style=Style.BRIEF).pack())

    parsing = [
        kinds
        for router, kinds in routers.items()
        if kinds and (await router.callback_query.check_root_filters(press))[0]
    ]

    assert len([kinds for kinds in routers.values() if kinds]) > 10
    assert [SetStyle in kinds for kinds in parsing] == [True]


@pytest.mark.parametrize(
    "permission", [Permission.EVERYBODY, Permission.ADMINISTRATORS, Permission.CONFIDENTIAL]
)
async def test_commands_of_a_member_follow_their_permission(group, eve, permission):
    refused = "Only administrators can change"

    for name in (row.name for row in CHAT_COMMANDS if row.permission is permission):
        answer = await group.says(f"/{name}", from_id=eve.id)

        said = answer.get("text") or answer["caption"]
        assert said.startswith(refused) is (permission is not Permission.EVERYBODY), name


async def test_admin_commands_in_groups_are_ignored(group, ann, eve, playground):
    for name in (row.name for row in CHAT_COMMANDS if row.permission.is_private):
        for who in (ann.who, eve):
            playground.send(group.who, f"/{name} 12", from_id=who.id)
    answer = await group.says("/topics", from_id=ann.who.id)

    assert answer["text"].startswith("You haven't subscribed to anything yet.")


@pytest.mark.parametrize(
    "question",
    [
        Question.FEEDBACK_REPLY,
        Question.BROADCAST,
        Question.NEW_CATALOGUE_TOPIC,
        Question.CATALOGUE_NAME,
        Question.CATALOGUE_QUERY,
        Question.SOURCE_LOGIN,
        Question.SOURCE_HEADER,
    ],
)
async def test_an_admin_question_takes_no_answer_from_others(house, ann, question):
    asked = await house.show_button(ann, CancelQuestion(question=question).pack())

    answer = await ann.replies(asked, "hello")

    assert answer["text"].startswith("Only admins of this bot can do that.")
