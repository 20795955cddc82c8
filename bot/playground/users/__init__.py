"""The actions of users, one function each, and the views of the chat page."""
