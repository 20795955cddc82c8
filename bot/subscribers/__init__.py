"""Services for users, chats and admins: one module a noun. They raise user errors."""
