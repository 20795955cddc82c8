"""A small local newsroom: invented outlets with feeds and pages, a week of back issues, fresh news.

Back issues lie in `archive/`, what is still to be published in `live/`; one TOML table an article.
"""

from bot.playground.newsroom.desk import Newsroom, UnknownArticleError, UnknownOutletError

__all__ = ["Newsroom", "UnknownArticleError", "UnknownOutletError"]
