"""Messages that are said alike in several languages, or in one: names, and words lent."""

EVERYWHERE = frozenset({"Telegram", "Dateline"})
IN: dict[str, frozenset[str]] = {}
