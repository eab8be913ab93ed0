"""How probabilities become a class map."""

from pydantic import model_validator

from foveal.types.settings import Settings


class SegmentOptions(Settings):
    """Each pixel takes the class with the largest score: its probability times a factor, less an offset."""

    factors: tuple[float, ...] = ()
    """(K,) of each class; empty: the likeliest class is taken."""
    offsets: tuple[float, ...] = ()
    """(K,) of each class."""

    @model_validator(mode="after")
    def _one_offset_per_factor(self) -> "SegmentOptions":
        if len(self.factors) != len(self.offsets):
            raise ValueError(f"{len(self.factors)} factors and {len(self.offsets)} offsets; give each class both")
        return self
