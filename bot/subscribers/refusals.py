"""Why a wish is refused: one type for each reason; the sentences are templates."""


class Refusal(Exception):  # noqa: N818 - a wish that is refused is no error
    """The wish cannot be granted, and nothing has changed."""


class NoSuchChat(Refusal):
    """The chat was erased, or became another."""


class NoSuchTopic(Refusal):
    """The topic is gone, or another chat's, which looks the same from outside."""


class TooManyTopics(Refusal):
    def __init__(self, most: int) -> None:
        super().__init__(f"{most} topics")
        self.most = most


class NotAZone(Refusal):
    pass


class NotATime(Refusal):
    pass
