"""What is read, and how far its articles have come."""

from enum import StrEnum


class SourceKind(StrEnum):
    FEED = "feed"
    PAGE = "page"
    SITEMAP = "sitemap"
    SEARCH = "search"  # a feed that a search service makes for a query


class SourceState(StrEnum):
    ACTIVE = "active"
    GONE = "gone"  # answered 410: read no more until a person says so
    RETIRED = "retired"  # a search for what nobody watches any more


class FullText(StrEnum):
    """Whether the page of each new entry is read for its text."""

    AUTO = "auto"  # where the source gives only a taste of it
    ALWAYS = "always"
    NEVER = "never"


class Stage(StrEnum):
    """How far an article has come; each step takes it one further.

    Its story is final once it is grouped, so what is to be matched again goes back to that stage.
    """

    STORED = "stored"
    GROUPED = "grouped"
    MATCHED = "matched"
    PUBLISHED = "published"


class Hint(StrEnum):
    """What there is anew for a step to work on."""

    QUERIES = "queries"
    ARTICLES = "articles"
    STORIES = "stories"  # articles that have found their story
    PAGES = "pages"
    MATCHES = "matches"
    DELIVERIES = "deliveries"
