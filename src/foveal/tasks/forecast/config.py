"""Settings of a network that learns a series."""

from typing import Annotated

from pydantic import Field

from foveal.models.recurrent.config import RecurrentConfig


class ForecastConfig(RecurrentConfig):
    """A recurrent network that predicts the next values of a series of numbers."""

    hidden: Annotated[int, Field(ge=1, le=8192)] = 64
    """Features of a cell's state."""
    window: Annotated[int, Field(ge=2, le=65536)] = 32
    """Steps that gradients go back; the state is carried further, from window to window."""
    horizon: Annotated[int, Field(ge=1, le=1024)] = 1
    """Steps that are predicted at once."""
    season: Annotated[int, Field(ge=0)] | None = None
    """Steps of a season, for the seasonal baseline; 0: none; default: found in the training values."""
    time: str = ""
    """Name of the column of times; empty: the first."""
    columns: tuple[str, ...] = ()
    """Names of the columns of values; empty: all but the times."""
