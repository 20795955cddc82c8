"""Messages that read as in English in all languages or in one: names, and loanwords."""

# Examples in input fields may stay untranslated.
EVERYWHERE = frozenset(
    {
        "Telegram",
        "Dateline",
        "%(topic)s · Dateline",
        "Taiwan OR &quot;consul-general&quot;",
        "me@example.org",
        "/search <i>Taiwan</i>",
    }
)
IN: dict[str, frozenset[str]] = {
    "de": frozenset(
        {
            "Pause",
            "Name",
            "Ukraine",
            "Chats",
            "‹ Chats",
            "‹ Chat",
            "%(count)s chat",
            "%(count)s chats",
        }
    ),
    "es": frozenset(
        {"No", "General", "%(count)s chat", "%(count)s chats", "%(count)s feed", "%(count)s feeds"}
    ),
    "fr": frozenset(
        {
            "E-mail",
            "Pause",
            "Ukraine",
            "‹ Sources",
            "%(count)s chat",
            "%(count)s chats",
            "%(count)s source",
            "%(count)s sources",
        }
    ),
    "it": frozenset({"E-mail", "No"}),
    "pt": frozenset({"E-mail", "%(count)s feed", "%(count)s feeds"}),
}
