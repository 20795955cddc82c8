"""The Mini App: one page that Telegram opens from the menu button, and its API.

`routes` puts it together, `authentication` identifies the user, `actions` changes the chat, and
`views` returns what the page shows. Every sentence is rendered here; the scripts hold none.
"""
