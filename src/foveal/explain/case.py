"""One image under explanation, and what a method is given and gives.

Shapes: S T height and width of the input, B batch, h w of a map.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from foveal.brief import brief
from foveal.errors import ConfigError
from foveal.inference.predictor import Predictor, Prepared
from foveal.types.arrays import RGB, Array, FloatArray
from foveal.types.predictions.subject import Subject


@dataclass(frozen=True)
class Effort:
    """How much work an explanation may take.

    Attributes:
        seed: Of all random numbers.
        budget_s: Seconds per image for methods that repeat passes; None: until they converge, or their usual number.
    """

    seed: int = 0
    budget_s: float | None = None

    __repr__ = brief

    def check(self, pass_s: float) -> None:
        """Refuse a budget that one forward pass exceeds.

        Raises:
            ConfigError: The message says how long one takes.
        """
        if self.budget_s is not None and self.budget_s < pass_s:
            raise ConfigError(
                f"--budget {self.budget_s:g}s is less than one forward pass, {pass_s:.2g}s on this machine.",
                f"Allow {max(1, round(200 * pass_s))}s or more, or leave out --budget.",
            )


@dataclass(frozen=True)
class Found:
    """What a method found for one subject.

    Attributes:
        grid: (h, w) raw values, their mean the total.
        converged: Whether more passes would hardly change it.
        passes: Forward passes for all subjects of the image.
        covers: (width, height) in input pixels that the map covers from the upper left corner; None: the input.
        part: Which part of the model it is of, such as ``head 2``; empty: all of it.
    """

    grid: FloatArray
    converged: bool = True
    passes: int = 1
    covers: tuple[int, int] | None = None
    part: str = ""

    __repr__ = brief


@dataclass(frozen=True)
class Case:
    """One image under explanation.

    Attributes:
        predictor: The model.
        prepared: Its pixels (S, T, 3), and where they come from.
    """

    predictor: Predictor
    prepared: Prepared

    __repr__ = brief

    @property
    def pixels(self) -> RGB:
        """(S, T, 3), as the network gets them."""
        return self.prepared.pixels

    @property
    def batch(self) -> RGB:
        """(1, S, T, 3), a copy that may be written to."""
        return np.stack([self.pixels])

    @cached_property
    def arrays(self) -> dict[str, Array]:
        """The activated outputs for it, each (1, ...)."""
        return self.predictor.backend.run(self.batch)

    def support(self, images: RGB, subjects: Sequence[Subject]) -> FloatArray:
        """(subjects, B) how much changed versions (B, S, T, 3) of the image speak for each subject."""
        arrays, output = self.predictor.backend.run(images), self.predictor.output
        return np.stack([output.support(arrays, subject, self.prepared.geometry) for subject in subjects])


Method = Callable[[Case, Sequence[Subject], Effort], list[tuple[Subject, Found]]]
"""Maps of the subjects, in their order; of a subject there may be several parts, or none where one map is all's."""
