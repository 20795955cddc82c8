"""What can go wrong between us and a source. The type of the error is the policy.

Each carries a sentence for people, which ends up in the source's health.
"""

from typing import ClassVar

from bot.sources.troubles import Trouble


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
