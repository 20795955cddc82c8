"""The Mini App: one page that Telegram opens from the menu button, and what it may ask for.

`routes` puts it together, `authentication` identifies the user, `actions` changes the chat, and
`views` is what the page shows. Every sentence is rendered here; the page's scripts hold none.
"""
