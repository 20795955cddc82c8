"""One article out of a web page: its title, its date, its text without boxes and end matter."""
