"""The query language: what a user types, as a tree, and the one canonical text of each query."""

from bot.matching.query.errors import QueryError, QueryErrorCode
from bot.matching.query.parser import ParsedQuery, is_readable, parse, parse_among

__all__ = ["ParsedQuery", "QueryError", "QueryErrorCode", "is_readable", "parse", "parse_among"]
