"""A model's prediction for one image, in that image's own pixels. Frozen NumPy; no torch.

Shapes: K classes.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from foveal.brief import brief
from foveal.errors import ConfigError, ShapeError
from foveal.types.arrays import FloatArray
from foveal.types.categories import Categories
from foveal.types.predictions.shown import Shown, line, pandas

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class ClassScore:
    """One class and its score in [0, 1]."""

    name: str
    score: float

    __repr__ = brief


@dataclass(frozen=True, repr=False)
class ClassScores(Shown):
    """The score of each class.

    Attributes:
        scores: (K,) float, each in [0, 1]; they sum to 1 unless ``multi_label``.
        categories: The class map, K names.
        size: (width, height) of the image in pixels.
        multi_label: Whether classes are independent of each other.
        threshold: Score from which a class counts as present, in [0, 1]; used where ``multi_label``.
        listed: Number of classes in tables and JSON; None: three in tables and all in JSON, or those present where
            ``multi_label``.
    """

    scores: FloatArray
    categories: Categories
    size: tuple[int, int]
    multi_label: bool = False
    threshold: float = 0.5
    listed: int | None = None

    def __post_init__(self) -> None:
        """Check the scores and lock them.

        Raises:
            ShapeError: Not one finite score in [0, 1] per class.
        """
        scores = np.asarray(self.scores)
        if scores.shape != (len(self.categories),):
            raise ShapeError(
                f"ClassScores got scores of shape {scores.shape} for {len(self.categories)} classes;"
                " pass one score for each class."
            )
        if not (np.isfinite(scores).all() and (scores >= 0).all() and (scores <= 1 + 1e-5).all()):
            raise ShapeError("ClassScores got scores outside [0, 1]; pass probabilities.")
        scores.setflags(write=False)
        object.__setattr__(self, "scores", scores)

    def __len__(self) -> int:
        """K, the number of classes."""
        return len(self.scores)

    @property
    def order(self) -> list[int]:
        """Class ids by falling score; equal scores keep the earlier class."""
        return [int(i) for i in np.argsort(-self.scores, kind="stable")]

    @property
    def name(self) -> str:
        """The class with the highest score."""
        return self.categories.names[self.order[0]]

    @property
    def score(self) -> float:
        """The highest score."""
        return float(self.scores[self.order[0]])

    def top(self, n: int = 5) -> list[ClassScore]:
        """The n best classes, by falling score."""
        return [ClassScore(self.categories.names[i], float(self.scores[i])) for i in self.order[:n]]

    def present(self) -> list[ClassScore]:
        """The predicted classes: the best one, or all above the threshold if ``multi_label``."""
        if not self.multi_label:
            return self.top(1)
        return [c for c in self.top(len(self)) if c.score >= self.threshold]

    def rows(self) -> list[dict[str, str | float]]:
        """Name and score of the three best classes, or of all present ones if ``multi_label``, best first."""
        return [{"name": c.name, "score": c.score} for c in self._best(3)]

    def __repr__(self) -> str:
        """One line: ``ClassScores(rose 93.1%, tulip 5.2%, daisy 1.1%; 640 x 480 px)``."""
        named = self.present() if self.multi_label else self.top(3)
        return line("ClassScores", [f"{c.name} {c.score:.1%}" for c in named], self.size)

    def to_pandas(self) -> "DataFrame":
        """A ``pandas.DataFrame`` with the ``name`` and ``score`` of every class, by falling score.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        return pandas().DataFrame([{"name": c.name, "score": c.score} for c in self.top(len(self))])

    def to_dict(self) -> dict[str, object]:
        """``size`` and ``classes`` (name and score, by falling score; present ones only where ``multi_label``)."""
        shown = self._best(len(self))
        return {"size": list(self.size), "classes": [{"name": c.name, "score": round(c.score, 6)} for c in shown]}

    def _best(self, usual: int) -> list[ClassScore]:
        """As many as are listed; by default the present ones if ``multi_label``, else the usual number."""
        if self.listed is not None:
            return self.top(self.listed)
        return self.present() if self.multi_label else self.top(usual)

    def to_coco(self, image_id: int | str) -> list[dict[str, object]]:  # noqa: ARG002
        """COCO's results format is for objects in an image.

        Raises:
            ConfigError: Always.
        """
        raise ConfigError("This model classifies images, so there are no COCO results.", "Use --json or --csv.")
