"""The Mini App: one page that Telegram opens from the menu button, and what it may ask for.

`routes` puts it together, `entrance` finds out who asks, `acts` does what is wished, `showing` and
`previewing` say what the page shows. Every sentence is rendered here; the page's scripts hold none.
"""
