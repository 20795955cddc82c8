"""The query language: parses what a user types into a tree with one canonical text."""

from bot.matching.query.errors import QueryError, QueryErrorCode
from bot.matching.query.parser import ParsedQuery, is_readable, parse, parse_among

__all__ = ["ParsedQuery", "QueryError", "QueryErrorCode", "is_readable", "parse", "parse_among"]
