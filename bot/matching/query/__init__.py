"""The query language: what a user types, as a tree, and the one canonical text of each query."""

from bot.matching.query.errors import Code, QueryError
from bot.matching.query.parser import Query, is_readable, parse

__all__ = ["Code", "Query", "QueryError", "is_readable", "parse"]
