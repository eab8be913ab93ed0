"""Instance segmentation without torch: the detector's boxes, and a mask for each.

Shapes: B images per batch, k candidates per image, N objects, P prototypes, h w of the prototypes, m side of a mask in
its box.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.segmentations import instance_masks
from foveal.errors import DataError
from foveal.metrics.contract import Metric
from foveal.metrics.detection.instance import InstanceMetric
from foveal.ops import view_masks
from foveal.ops.masks import areas, paired_iou, union
from foveal.tasks.detect.output import OBJECT_COLUMNS, BoxOutput, box_truths, of_classes, whole_pixels
from foveal.tasks.detect.parity import TOLERANCES, same_objects
from foveal.tasks.detect.tiles import join
from foveal.tasks.instance import kept
from foveal.tasks.instance.decode import InstanceOptions, instances, instances_of_full_views, with_masks
from foveal.tasks.instance.show import draw_instances, draw_truth_and_instances, instance_png
from foveal.types.arrays import RGB, Array
from foveal.types.geometry import Geometry
from foveal.types.goal import Goal
from foveal.types.predictions.columns import Columns, ListOf
from foveal.types.predictions.masks import Instances, InstanceTruth
from foveal.types.view import View


class InstanceOutput(BoxOutput[InstanceTruth, Instances]):
    """``tasks.output.Output`` for instance segmentation."""

    options: InstanceOptions
    tolerances: ClassVar[Mapping[str, float]] = {**TOLERANCES, "mask": 1e-3}
    table_columns: ClassVar[Columns] = {
        **OBJECT_COLUMNS,
        "objects": ListOf({"name": "text", "score": "number", "box": ListOf("number"), "mask": "rle"}),
    }

    @property
    def goal(self) -> Goal:
        """Mean average precision over mask IoU 0.5 to 0.95."""
        return Goal("mask_mAP")

    def accept(self, catalog: Catalog) -> None:
        """Check for objects with segmentations.

        Raises:
            DataError: The data set has no objects, or none with polygons or masks.
        """
        super().accept(catalog)
        assert catalog.objects is not None, "checked by super"
        if not len(catalog.objects.segmentations.text.values):
            raise DataError(
                f"{catalog.root}: the objects of this data set have boxes but no polygons or masks.",
                "Use a COCO or YOLO data set with polygons or masks, or train on the boxes with --task detect.",
            )

    def assemble(self, arrays: Mapping[str, Array], geometries: Sequence[Geometry]) -> list[Instances]:
        """B ``Instances``.

        Args:
            arrays: As for detection, and ``coefficients`` (B, k, P) with ``prototypes`` (B, P, h, w), or ``masks``
                (B, k, m, m) probabilities within the boxes.
            geometries: B.
        """
        arrays = self.wanted(arrays)
        return [
            instances({name: rows[i] for name, rows in arrays.items()}, geometry, self.categories, self.options)
            for i, geometry in enumerate(geometries)
        ]

    def merge(
        self,
        arrays: Sequence[Mapping[str, Array]],
        geometries: Sequence[Geometry],
        views: Sequence[View],
        size: tuple[int, int],
    ) -> Instances:
        """Boxes as for detection, each with its own mask; the masks of merged pieces are united."""
        arrays = [self.wanted(one) for one in arrays]
        if all(view.shows_all(size) for view in views):
            return instances_of_full_views(arrays, geometries, views, size, self.categories, self.options)
        each = [instances(a, g, self.categories, self.options) for a, g in zip(arrays, geometries, strict=True)]
        objects, made_of = join(each, views, size, self.options)
        parts = [(mask, view) for one, view in zip(each, views, strict=True) for mask in one.masks]
        masks = [union([view_masks.to_image(*parts[i], size) for i in places]) for places in made_of]
        return with_masks(objects, masks)

    def truths(self, catalog: Catalog, indices: Sequence[int]) -> list[InstanceTruth]:
        """The objects of some images with their masks."""
        truths = []
        for t, i in zip(box_truths(catalog, indices), indices, strict=True):
            masks = instance_masks(catalog, int(i))
            keep = np.flatnonzero(np.isin(t.labels, self.only)) if self.only else np.arange(len(t))
            own = of_classes(t, self.only)
            truths.append(InstanceTruth(own.boxes, own.labels, own.flags, own.areas, tuple(masks[k] for k in keep)))
        return truths

    def metric(self) -> Metric[InstanceTruth, Instances]:
        """COCO's metrics of masks and of boxes."""
        return InstanceMetric(self.categories)

    def to_kept(self, truth: InstanceTruth, prediction: Instances) -> dict[str, Any]:
        """All detections, those below the threshold too."""
        return kept.to_kept(truth, prediction)

    def from_kept(self, values: Mapping[str, Any]) -> tuple[InstanceTruth, Instances]:
        """See ``Keeps``."""
        return kept.from_kept(values, self.categories)

    def draw(self, image: RGB, prediction: Instances) -> RGB:
        """The image with the objects from the threshold on."""
        return draw_instances(image, prediction)

    def draw_evaluated(self, image: RGB, truth: InstanceTruth, prediction: Instances) -> RGB:
        """Ground truth, predictions, as ``key`` explains them, and where the topmost class differs."""
        return draw_truth_and_instances(image, truth, prediction)

    def cutouts(self, image: Callable[[], RGB], prediction: Instances) -> Iterator[tuple[int, Array]]:
        """The pixels within the box of each shown object, transparent outside its mask."""
        shown = prediction.shown()
        for (label, pixels), box, mask in zip(
            super().cutouts(image, prediction), shown.boxes, shown.masks, strict=True
        ):
            x1, y1, x2, y2 = whole_pixels(box, prediction.size)
            alpha = mask.mask()[y1:y2, x1:x2, None].astype(np.uint8) * 255
            yield label, np.concatenate([pixels, alpha], axis=2)

    def mask_png(self, prediction: Instances) -> Mapping[str, bytes]:
        """One PNG with object numbers as pixel values."""
        return {"": instance_png(prediction)}

    def prediction_row(self, truth: InstanceTruth, prediction: Instances) -> dict[str, str | float]:
        """As for detection, and the pixels of the predicted masks."""
        shown = prediction.shown()
        return {
            **super().prediction_row(truth, prediction),
            "mask_px": "; ".join(str(mask.area) for mask in shown.masks),
        }

    def differences(self, ours: Instances, theirs: Instances) -> dict[str, float]:
        """As for detection, and the fraction of mask pixels that differ, over the objects that both have."""
        pairs = np.array(same_objects(ours, theirs), np.int64).reshape(-1, 2)
        rows, columns = pairs[:, 0], pairs[:, 1]
        iou = paired_iou(ours.masks, theirs.masks, rows, columns)
        both = areas(ours.masks)[rows] + areas(theirs.masks)[columns]
        any_of = both / (1 + iou)
        apart = float((any_of * (1 - iou)).sum() / max(1.0, any_of.sum()))
        return {**super().differences(ours, theirs), "mask": apart}
