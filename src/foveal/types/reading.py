"""How files of more than 8 bits or more than three bands become 8-bit RGB; saved in the model with its input."""

from dataclasses import dataclass

from foveal.brief import brief


@dataclass(frozen=True)
class Reading:
    """What a file does not say of itself; images of 8 bits and up to three bands need none of it.

    Attributes:
        black: Value of deep images that becomes 0; None: 0, or chosen with white.
        white: Value of deep images that becomes 255; None: guessed, for each image by itself.
        bands: Bands that are read as red, green and blue, or one as gray, counted from 1; empty: as the file says.
    """

    black: float | None = None
    white: float | None = None
    bands: tuple[int, ...] = ()

    __repr__ = brief


AS_STORED = Reading()
"""Nothing is known but the file."""
