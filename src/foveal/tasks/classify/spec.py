"""What is known of classification without data or a model."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from foveal.errors import ConfigError
from foveal.tasks.classify.choose import choose
from foveal.tasks.classify.config import POOLING, ClassifyConfig
from foveal.tasks.contract import Choice, Situation, TaskSpec
from foveal.types.categories import Categories

if TYPE_CHECKING:
    from foveal.data.catalog.catalog import Annotation, Catalog
    from foveal.tasks.classify.model import Classifier  # noqa: F401
    from foveal.tasks.classify.output import ClassifyOutput
    from foveal.tasks.classify.task import Classify


class ClassifySpec(TaskSpec[ClassifyConfig, "ClassifyOutput", "Classifier"]):
    """Image classification, with one label per image or several."""

    name = "classify"
    settings = ClassifyConfig
    # Boxes and masks imply the classes in an image, too.
    annotations: ClassVar[Sequence["Annotation"]] = ("labels", "boxes", "masks")
    unused = (
        "augment.scale_jitter",
        "augment.mosaic",
        "augment.box_mixup",
        "augment.rare_crops",
        "augment.copy_paste",
        "augment.min_visible",
    )
    needs: ClassVar[Mapping[str, tuple[str, tuple[str, ...]]]] = {
        "attention_heads": ("pooling", ("multihead",)),
        "attention_hidden": ("pooling", ("attention",)),
        "bilinear_dim": ("pooling", ("bilinear",)),
        "effective_beta": ("class_weights", ("effective",)),
        "focal_gamma": ("loss", ("focal",)),
    }
    shape_settings = POOLING
    tuned: ClassVar[Mapping[str, tuple[float, float]]] = {"dropout": (0.0, 0.5), "label_smoothing": (0.0, 0.2)}

    def choose(self, situation: Situation) -> Choice:
        """By the number and the size of the images."""
        return choose(situation)

    def begin(self, own: ClassifyConfig, catalog: "Catalog") -> "ClassifyOutput":
        """An output for single-label or multi-label data."""
        if own.min_precision and not catalog.multi_label:
            raise ConfigError(
                "--classify.min-precision is for images with several labels or none: here each has exactly one, and the"
                " most probable is predicted.",
                "Leave it out, or write the labels as one column of 0 and 1 per class in _classes.csv.",
            )
        return self.open(catalog.categories, {"multi_label": catalog.multi_label, "min_precision": own.min_precision})

    def open(self, categories: Categories, options: Mapping[str, object]) -> "ClassifyOutput":
        """The output of a trained classifier."""
        from foveal.tasks.classify.decode import ClassifyOptions
        from foveal.tasks.classify.output import ClassifyOutput

        return ClassifyOutput(categories, ClassifyOptions.model_validate(dict(options)))

    def task(self, own: ClassifyConfig, output: "ClassifyOutput") -> "Classify":
        """Network, loss, warm start and augmentation."""
        from foveal.tasks.classify.task import Classify

        return Classify(own, output)


SPEC = ClassifySpec()
