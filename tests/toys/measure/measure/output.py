"""The half without torch."""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from foveal.data.catalog.catalog import Catalog
from foveal.errors import DataError
from foveal.imaging.draw import label
from foveal.tasks.output import Output
from foveal.types.arrays import RGB, Array
from foveal.types.geometry import Geometry
from foveal.types.goal import Goal
from foveal.types.settings import Settings
from measure.metric import MeanAbsoluteError
from measure.prediction import Number


class MeasureOptions(Settings):
    """How the network's number becomes the prediction."""

    scale: Annotated[float, Field(gt=0)] = 10.0
    """What it is multiplied with."""


class MeasureOutput(Output[float, Number]):
    """Numbers, their error and how they are shown."""

    options: MeasureOptions
    tolerances: ClassVar[Mapping[str, float]] = {"value": 1e-3}

    @property
    def goal(self) -> Goal:
        """The less the better."""
        return Goal("mae", maximize=False)

    def accept(self, catalog: Catalog) -> None:
        """Folders must be named by numbers."""
        for name in catalog.categories.names:
            try:
                float(name)
            except ValueError:
                raise DataError(f"{catalog.root}: the folder {name!r} is no number.", "Rename it.") from None

    def assemble(self, arrays: Mapping[str, Array], geometries: Sequence[Geometry]) -> list[Number]:
        """From ``value`` (B,)."""
        return [Number(float(v), g.source_size) for v, g in zip(arrays["value"], geometries, strict=True)]

    def truths(self, catalog: Catalog, indices: Sequence[int]) -> list[float]:
        """Names of the folders, as numbers."""
        return [float(catalog.categories.names[int(catalog.labels[i][0])]) for i in indices]

    def metric(self) -> MeanAbsoluteError:
        """Mean absolute error."""
        return MeanAbsoluteError()

    def draw(self, image: RGB, prediction: Number) -> RGB:
        """The number in the corner."""
        return label(image, [(f"{prediction.value:.2f}", (40, 120, 200))])

    def prediction_row(self, truth: float, prediction: Number) -> dict[str, str | float]:
        """Both numbers."""
        return {"truth": truth, "prediction": prediction.value}

    def differences(self, ours: Number, theirs: Number) -> dict[str, float]:
        """How far apart the two are."""
        return {"value": abs(ours.value - theirs.value)}

    def top_label(self, prediction: Number) -> str:
        """The nearest whole number."""
        return f"{prediction.value:.0f}"
