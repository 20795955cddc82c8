"""What a chat gets, and when."""
