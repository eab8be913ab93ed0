"""Semantic segmentation without torch: class maps from probabilities, their evaluation and drawing.

Shapes: B images per batch, K classes, H W height and width of an image, h w of the network's map.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from foveal.data.catalog.catalog import Catalog
from foveal.errors import DataError
from foveal.metrics.contract import Metric
from foveal.metrics.segmentation.metric import SegmentationMetric
from foveal.ops.blend import blend_bands, to_pixels
from foveal.tasks.output import Output, best_of
from foveal.tasks.segment import explained, kept
from foveal.tasks.segment.decide import Scoring, fit_scoring
from foveal.tasks.segment.decode import SegmentOptions
from foveal.tasks.segment.show import class_map_row, draw_class_map, draw_truth_and_class_map, palette_png
from foveal.tasks.segment.truths import LazyMasks
from foveal.types.arrays import RGB, Array, FloatArray
from foveal.types.geometry import Geometry
from foveal.types.goal import Goal
from foveal.types.predictions.columns import Columns, ListOf
from foveal.types.predictions.masks import IGNORE, ClassMap, MapTruth
from foveal.types.predictions.subject import Asked, Subject
from foveal.types.view import View


class SegmentOutput(Output[MapTruth, ClassMap]):
    """``tasks.output.Output`` for semantic segmentation."""

    options: SegmentOptions
    tolerances: ClassVar[Mapping[str, float]] = {"pixels": 1e-3}
    meanings: ClassVar[Mapping[str, str]] = {
        "probabilities": "(B, K, h, w) float32 over the input, at the network's resolution; sum to 1 over the classes"
        " and, times decode.factors less decode.offsets, are largest for the class that a pixel takes",
    }
    table_columns: ClassVar[Columns] = {
        "label": "text",
        "score": "number",
        "classes": ListOf({"name": "text", "share": "number", "mask": "rle"}),
    }

    @property
    def goal(self) -> Goal:
        """Mean IoU."""
        return Goal("mIoU")

    def accept(self, catalog: Catalog) -> None:
        """Check for masks.

        Raises:
            DataError: The data set has no masks.
        """
        if catalog.annotation != "masks":
            raise DataError(
                f"{catalog.root}: this data set has no masks.",
                "Use a folder of images and masks, Pascal VOC's SegmentationClass, or COCO polygons.",
            )

    def assemble(self, arrays: Mapping[str, Array], geometries: Sequence[Geometry]) -> Iterator[ClassMap]:
        """B class maps, each at its image's own size, from ``probabilities`` (B, K, h, w)."""
        for one, geometry in zip(arrays["probabilities"], geometries, strict=True):
            yield ClassMap.of(to_pixels(self._scores(one), geometry).argmax(0), self.categories)

    def merge(
        self,
        arrays: Sequence[Mapping[str, Array]],
        geometries: Sequence[Geometry],
        views: Sequence[View],
        size: tuple[int, int],
    ) -> ClassMap:
        """The views' scores, blended smoothly where they overlap."""
        maps = [self._scores(one["probabilities"]) for one in arrays]
        bands = [band.argmax(0).astype(np.uint8) for band in blend_bands(maps, geometries, views, size)]
        return ClassMap.of(np.concatenate(bands), self.categories)

    def _scores(self, probabilities: Array) -> Array:
        """(K, h, w), of which each pixel's largest wins."""
        factors, offsets = self.options.factors, self.options.offsets
        return Scoring(np.array(factors), np.array(offsets)).scores(probabilities) if factors else probabilities

    def truths(self, catalog: Catalog, indices: Sequence[int]) -> LazyMasks:
        """The masks of some images, read on access."""
        return LazyMasks(catalog, indices)

    def metric(self) -> Metric[MapTruth, ClassMap]:
        """IoU and related metrics."""
        return SegmentationMetric(self.categories)

    def calibrate(
        self, arrays: Mapping[str, Array], geometries: Sequence[Geometry], truths: Sequence[MapTruth]
    ) -> Self:
        """Factors and offsets for the greatest expected IoU, where they raise the mean IoU (``decide.fit_scoring``).

        Args:
            arrays: ``probabilities`` (N, K, S, T) at sampled places, and ``rows`` (N, S) and ``columns`` (N, T) of
                these as fractions of the input's height and width; empty: nothing is fitted.
            geometries: N.
            truths: N.
        """
        if not arrays:
            return self
        probabilities = arrays["probabilities"].reshape(*arrays["probabilities"].shape[:2], -1)
        places = zip(arrays["columns"], arrays["rows"], geometries, truths, strict=True)
        scoring = fit_scoring(probabilities, np.stack([_truth_at(*one).ravel() for one in places]))
        fitted = {} if scoring is None else {"factors": _rounded(scoring.factors), "offsets": _rounded(scoring.offsets)}
        return self.with_options(**fitted)

    def draw(self, image: RGB, prediction: ClassMap) -> RGB:
        """The image tinted by class, with a legend."""
        return draw_class_map(image, prediction)

    def draw_frame(self, image: RGB, prediction: ClassMap) -> RGB:
        """The image tinted by class, with a legend of all classes, so that it stays as it is from frame to frame."""
        return draw_class_map(image, prediction, all_classes=True)

    def draw_evaluated(self, image: RGB, truth: MapTruth, prediction: ClassMap) -> RGB:
        """Ground truth, prediction, and where the two differ, under one legend."""
        return draw_truth_and_class_map(image, truth, prediction)

    def mask_png(self, prediction: ClassMap) -> Mapping[str, bytes]:
        """One palette PNG whose indices are class ids."""
        return {"": palette_png(prediction)}

    def table_row(self, prediction: ClassMap) -> dict[str, object]:
        """The largest class and its share of the image, and share and mask of each class that occurs."""
        shares, masks = prediction.shares(), prediction.to_dict()["mask"]
        assert isinstance(masks, dict), "a mask for each class"
        classes = [
            {"name": name, "share": round(float(shares[self.categories.index(name)]), 6), "mask": mask}
            for name, mask in masks.items()
        ]
        return {**best_of(prediction), "classes": classes}

    def prediction_row(self, truth: MapTruth, prediction: ClassMap) -> dict[str, str | float]:
        """Pixel accuracy, and the predicted classes."""
        return class_map_row(truth, prediction)

    def to_kept(self, truth: MapTruth, prediction: ClassMap) -> dict[str, object]:
        """The class of every pixel."""
        return kept.to_kept(truth, prediction)

    def from_kept(self, values: Mapping[str, Any]) -> tuple[MapTruth, ClassMap]:
        """See ``Keeps``."""
        return kept.from_kept(values, self.categories)

    def in_words(self, truth: MapTruth, prediction: ClassMap) -> str:
        """The share of pixels that are right."""
        share = class_map_row(truth, prediction)["pixel_accuracy"]
        return f"{share:.1%} of the pixels right" if isinstance(share, float) else ""

    def differences(self, ours: ClassMap, theirs: ClassMap) -> dict[str, float]:
        """Fraction of the pixels with different classes."""
        return {"pixels": float((ours.ids != theirs.ids).mean())}

    def top_label(self, prediction: ClassMap) -> str:
        """The class that covers most pixels."""
        return prediction.categories.names[int(prediction.shares().argmax())]

    def subjects(self, prediction: ClassMap, asked: Asked) -> list[Subject]:
        """The regions of the asked classes, or the largest ones.

        Raises:
            ConfigError: The number of an object.
            CategoryError: An unknown class.
        """
        return explained.subjects(prediction, asked)

    def support(self, arrays: Mapping[str, Array], subject: Subject, geometry: Geometry) -> FloatArray:
        """The mean probability of the class in the region, less that of the rival's."""
        return explained.support(arrays, subject, geometry)

    def region(self, truth: MapTruth, subject: Subject, size: tuple[int, int]) -> NDArray[np.bool_] | None:
        """The pixels that are annotated as the class."""
        inside: NDArray[np.bool_] = truth.ids == subject.label
        return inside if inside.any() else None


def _truth_at(columns: Array, rows: Array, geometry: Geometry, truth: MapTruth) -> NDArray[np.uint8]:
    """(S, T) class ids at places of the input, given as fractions of its width and height; beside the image unknown."""
    width, height = geometry.input_size
    at, there = geometry.source_pixels(columns * width, rows * height)
    ids = np.full(there.shape, IGNORE, np.uint8)
    ids[there] = truth.ids[at[there, 1], at[there, 0]]
    return ids


def _rounded(values: FloatArray) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in values)
