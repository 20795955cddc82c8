"""Every sentence that Dateline says to people, as Jinja templates."""
