"""Messages that read as in English in all languages or in one: names, and loanwords."""

# Examples in input fields may stay untranslated.
EVERYWHERE = frozenset(
    {
        "Telegram",
        "Dateline",
        "%(topic)s · Dateline",
        "Taiwan OR &quot;consul-general&quot;",
        "me@example.org",
        "User-Agent",
        "User-Agent: %(name)s",
        "proxy",
        "proxy: %(address)s",
        "cookie",
        "token",
        "login",
        "newsletter %(id)s",
        "%(minutes)s min",
        "/search <i>Taiwan</i>",
    }
)
IN: dict[str, frozenset[str]] = {
    "de": frozenset(
        {
            "Pause ▸",
            "Pause",
            "Name",
            "Normal",
            "Ukraine",
            "Chats",
            "‹ Chats",
            "‹ Chat",
            "%(count)s chat",
            "%(count)s chats",
        }
    ),
    "es": frozenset(
        {
            "No",
            "Normal",
            "General",
            "%(count)s chat",
            "%(count)s chats",
            "%(count)s feed",
            "%(count)s feeds",
        }
    ),
    "fr": frozenset(
        {
            "Pause ▸",
            "‹ Source",
            "E-mail",
            "Introduction",
            "Normal",
            "Pause",
            "Ukraine",
            "‹ Sources",
            "%(total)s, %(count)s minute",
            "%(total)s, %(count)s minutes",
            "%(count)s chat",
            "%(count)s chats",
            "%(count)s source",
            "%(count)s sources",
        }
    ),
    "id": frozenset({"Normal"}),
    "it": frozenset({"E-mail", "No"}),
    "pt": frozenset({"E-mail", "Normal", "%(count)s feed", "%(count)s feeds"}),
}
