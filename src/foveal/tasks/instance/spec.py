"""What is known of instance segmentation without data or a model."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, ClassVar

from foveal.tasks.detect.spec import BoxSpec
from foveal.tasks.instance.config import SHAPE, InstanceConfig
from foveal.types.categories import Categories

if TYPE_CHECKING:
    from foveal.data.catalog.catalog import Catalog
    from foveal.tasks.instance.mask_rcnn import MaskRcnn  # noqa: F401
    from foveal.tasks.instance.model import MaskDetector  # noqa: F401
    from foveal.tasks.instance.output import InstanceOutput
    from foveal.tasks.instance.task import Instance


class InstanceSpec(BoxSpec[InstanceConfig, "InstanceOutput", "MaskDetector | MaskRcnn"]):
    """Instance segmentation: detection, and a mask for each object."""

    name = "instance"
    settings = InstanceConfig
    needs: ClassVar[Mapping[str, tuple[str, tuple[str, ...]]]] = {
        "prototypes": ("architecture", ("prototypes",)),
        "proposals": ("architecture", ("mask_rcnn",)),
        "proposal_samples": ("architecture", ("mask_rcnn",)),
        "box_features": ("architecture", ("mask_rcnn",)),
        "mask_depth": ("architecture", ("mask_rcnn",)),
    }
    unused: ClassVar[Collection[str]] = tuple(name for name in BoxSpec.unused if name != "augment.copy_paste")
    shape_settings = SHAPE
    tuned: ClassVar[Mapping[str, tuple[float, float]]] = {"box_weight": (0.5, 5.0), "mask_weight": (0.3, 3.0)}

    def begin(self, own: InstanceConfig, catalog: "Catalog") -> "InstanceOutput":
        """Postprocessing options, as configured."""
        options = {**self.initial_options(own), "mask_form": "prototypes", "mask_threshold": own.mask_threshold}
        if own.architecture == "mask_rcnn":
            options |= {"mask_form": "boxes", "candidates": own.num_proposals}
        return self.open(catalog.categories, options)

    def open(self, categories: Categories, options: Mapping[str, object]) -> "InstanceOutput":
        """The output of a trained model."""
        from foveal.tasks.instance.decode import InstanceOptions
        from foveal.tasks.instance.output import InstanceOutput

        return InstanceOutput(categories, InstanceOptions.model_validate(dict(options)))

    def task(self, own: InstanceConfig, output: "InstanceOutput") -> "Instance":
        """Network, loss and augmentation."""
        from foveal.tasks.instance.task import Instance

        return Instance(own, output)


SPEC = InstanceSpec()
