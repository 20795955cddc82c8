"""Why a wish is refused: one type for each reason; the sentences are templates."""

from bot.mail.codes import Limit


class Refusal(Exception):  # noqa: N818 - a wish that is refused is no error
    """The wish cannot be granted, and nothing has changed."""


class NoSuchChat(Refusal):
    """The chat was erased, or became another."""


class Banned(Refusal):
    """Whoever runs the bot wants nothing to do with them; *is_first*: they are still to be told."""

    def __init__(self, *, is_first: bool) -> None:
        super().__init__("banned")
        self.is_first = is_first


class CannotBan(Refusal):
    """It is one of the operator's own, or the one who asks."""


class NoSuchBroadcast(Refusal):
    """It was sent, stopped or discarded before."""


class NotOneMessage(Refusal):
    """It has no text, or more than fits one message."""


class NoSuchTopic(Refusal):
    """The topic is gone, or another chat's, which looks the same from outside."""


class UndoIsOver(Refusal):
    """What was deleted is gone for good."""


class AlreadyWatched(Refusal):
    """The chat watches the same query as another topic, by that *name*."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class NotAnExport(Refusal):
    """What came is no export of ours, or one of a later version."""


class NotAName(Refusal):
    """Nothing of it can be seen."""


class TooMuchFeedback(Refusal):
    def __init__(self, most: int) -> None:
        super().__init__(f"{most} a day")
        self.most = most


class NoSuchFeedback(Refusal):
    """Whoever wrote it has deleted everything."""


class NoSuchOutlet(Refusal):
    """It is gone, or tells the chat nothing."""


class NoSuchAlert(Refusal):
    """The chat was not alerted to that, or what it was told is gone."""


class NoSuchList(Refusal):
    """The list of feeds is another chat's, was added before, or has waited too long."""


class NoSuchSource(Refusal):
    """The chat does not follow it, or could have had it back only for a while."""


class TooManyFeeds(Refusal):
    def __init__(self, most: int) -> None:
        super().__init__(f"{most} feeds")
        self.most = most


class TooManyTopics(Refusal):
    def __init__(self, most: int) -> None:
        super().__init__(f"{most} topics")
        self.most = most


class TooManySlots(Refusal):
    def __init__(self, most: int) -> None:
        super().__init__(f"{most} times")
        self.most = most


class NoSuchSlot(Refusal):
    """Its button is older than the schedule."""


class NotAZone(Refusal):
    pass


class NotALanguage(Refusal):
    """None that is offered, any more."""


class NotATime(Refusal):
    pass


class NotADate(Refusal):
    """It is over, or too far away for anybody to mean it."""


class NotANumber(Refusal):
    def __init__(self, least: int, most: int) -> None:
        super().__init__(f"{least} to {most}")
        self.least, self.most = least, most


class NoMail(Refusal):
    """This bot sends none: no SMTP server is set."""


class NotAnAddress(Refusal):
    pass


class TooManyRequests(Refusal):
    """One more confirmation would be one too many, for the address, the chat or the day."""

    def __init__(self, limit: Limit) -> None:
        super().__init__(limit.name.lower())
        self.limit = limit


class NoMailbox(Refusal):
    """The chat has no address in the state that the wish needs."""


class CodeIsOver(Refusal):
    """The code is a day old, or was tried too often."""


class WrongCode(Refusal):
    def __init__(self, left: int) -> None:
        super().__init__(f"{left} tries left")
        self.left = left
