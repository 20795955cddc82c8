"""How far the numbers in a button may go: what a chat sends may be made by hand."""

from typing import Annotated

from pydantic import Field

RowId = Annotated[int, Field(ge=0, lt=2**63)]
ScheduleNumber = Annotated[int, Field(ge=0, lt=100)]
PageNumber = Annotated[int, Field(ge=0, lt=1_000_000)]
LinkNumber = Annotated[int, Field(ge=0, lt=100)]
