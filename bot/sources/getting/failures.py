"""What can go wrong between us and a source. The type of the error is the policy.

Each carries a sentence for people, which ends up in the source's health.
"""

from datetime import timedelta
from typing import ClassVar

from bot.sources.getting.troubles import Trouble


class FetchError(Exception):
    """No answer that could be judged."""

    trouble: ClassVar[Trouble] = Trouble.UNREACHABLE


class AddressRefused(FetchError):  # noqa: N818 - they name what happened, as the health page does
    trouble = Trouble.REFUSED


class TooBig(FetchError):  # noqa: N818 - see above
    trouble = Trouble.TOO_BIG


class TimedOut(FetchError):  # noqa: N818 - see above
    trouble = Trouble.TIME_OUT


class CannotConnect(FetchError):  # noqa: N818 - see above
    trouble = Trouble.UNREACHABLE


class BadCertificate(FetchError):  # noqa: N818 - see above
    trouble = Trouble.CERTIFICATE


class TooManyRedirects(FetchError):  # noqa: N818 - see above
    trouble = Trouble.REDIRECTS


class HostWaits(FetchError):  # noqa: N818 - see above
    """The host said when to come back, and that is still *left* away: it was not asked."""

    trouble = Trouble.BUSY

    def __init__(self, left: timedelta) -> None:
        super().__init__("is on a host that asks us to wait")
        self.left = left
