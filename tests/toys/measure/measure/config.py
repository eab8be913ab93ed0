"""Settings of the toy's own section."""

from typing import Annotated, Literal

from pydantic import Field

from foveal.types.settings import Settings


class MeasureConfig(Settings):
    """What a regressor is trained with."""

    loss: Literal["l1", "l2"] = "l1"
    """Absolute or squared error."""
    scale: Annotated[float, Field(gt=0)] = 10.0
    """The network predicts numbers divided by this."""
