"""Queries: one row for each distinct one, and the change number that lets every index follow."""

from sqlmodel import BigInteger, Field, SQLModel

from storage.columns import ROW_ID


class Query(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True, sa_type=ROW_ID)
    canonical: str
    canonical_hash: str = Field(max_length=32, unique=True)
    live: bool = True  # False: no topic asks for it any more
    changed: int = Field(sa_type=BigInteger, index=True)  # given by the `queries` counter, in order


class Counter(SQLModel, table=True):
    """A number given under its row's lock: a later one is never visible before an earlier."""

    name: str = Field(primary_key=True, max_length=32)
    value: int = Field(default=0, sa_type=BigInteger)
