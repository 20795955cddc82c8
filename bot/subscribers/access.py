"""Who may use the bot, and who runs it."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Access:
    """*is_open*: everybody; else those *allowed*. *admins* are the operator's, by settings.

    *invites*: those who bring an invitation are let in too.
    """

    is_open: bool
    allowed: frozenset[int] = frozenset()
    admins: frozenset[int] = frozenset()
    invites: bool = False

    def may_use(self, user_id: int, appointed: Collection[int] = ()) -> bool:
        return self.is_open or user_id in self.allowed or self.may_run(user_id, appointed)

    def owns(self, user_id: int) -> bool:
        """Whether it is one of the operator's own, whom nobody shuts out."""
        return user_id in self.admins

    def may_run(self, user_id: int, appointed: Collection[int] = ()) -> bool:
        """*appointed* are the admins that the database names."""
        return user_id in self.admins or user_id in appointed
