"""Renders templates: to Telegram messages, mails, web pages and feeds."""
