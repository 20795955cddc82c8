"""Further addresses of articles, besides the one under which each was stored."""

from sqlmodel import Field, SQLModel

from storage.articles import PUBLIC, ScopedUrl
from storage.columns import ROW_ID
from storage.engine import Unit
from storage.insert import insert_new


class ArticleAddress(SQLModel, table=True):
    url_hash: str = Field(primary_key=True, max_length=32)  # of the canonical URL
    scope_id: int = Field(  # within which it leads there; see `Article`
        default=PUBLIC, primary_key=True, sa_type=ROW_ID
    )
    article_id: int = Field(
        foreign_key="article.id", ondelete="CASCADE", sa_type=ROW_ID, index=True
    )


async def also_at(unit: Unit, article_id: int, url: ScopedUrl) -> None:
    """Find the article at this address too, unless another is there."""
    row = {**url._asdict(), "article_id": article_id}
    await insert_new(unit, ArticleAddress, [row], returning=ArticleAddress.url_hash)
