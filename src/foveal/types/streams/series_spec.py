"""The input of a model on series or rows of named numbers."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from foveal.types.settings import Settings


class Column(Settings):
    """One named number and its statistics in the training split."""

    name: Annotated[str, Field(min_length=1)]
    """Name in the data set."""
    mean: float = 0.0
    """In the column's own unit."""
    std: Annotated[float, Field(gt=0)] = 1.0
    """In the column's own unit."""


class SeriesSpec(Settings):
    """Columns of numbers, in the order in which the network takes them; saved in the model."""

    kind: Literal["series"] = "series"
    """Discriminates the kinds of input."""
    columns: Annotated[tuple[Column, ...], Field(min_length=1)]
    """What each step of a series, or a row of a table, holds."""

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [column.name for column in self.columns]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"the column {name!r} is listed twice")
        return self
