"""The line in ``TASKS`` leads here."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from foveal.tasks.contract import Choice, Situation, TaskSpec
from foveal.types.categories import Categories
from foveal.types.size import Size
from measure.config import MeasureConfig

if TYPE_CHECKING:
    from foveal.data.catalog.catalog import Catalog
    from measure.model import Regressor  # noqa: F401
    from measure.output import MeasureOutput
    from measure.task import Measure


class MeasureSpec(TaskSpec[MeasureConfig, "MeasureOutput", "Regressor"]):
    """An image to one number."""

    name = "measure"
    settings = MeasureConfig
    annotations = ("labels",)
    defaults = {"augment": {"crop_scale": 1.0}}  # noqa: RUF012

    def choose(self, situation: Situation) -> Choice:
        """Small images, a few epochs."""
        size = situation.eval_size or Size.square(32)
        return Choice(size=size, eval_size=size, batch_size=8, epochs=10, lr=3e-3, patience=0)

    def begin(self, own: MeasureConfig, catalog: "Catalog") -> "MeasureOutput":
        """The scale is the settings' to say."""
        return self.open(catalog.categories, {"scale": own.scale})

    def open(self, categories: Categories, options: Mapping[str, object]) -> "MeasureOutput":
        """Without torch."""
        from measure.output import MeasureOptions, MeasureOutput

        return MeasureOutput(categories, MeasureOptions.model_validate(dict(options)))

    def task(self, own: MeasureConfig, output: "MeasureOutput") -> "Measure":
        """With torch."""
        from measure.task import Measure

        return Measure(own, output)


SPEC = MeasureSpec()
