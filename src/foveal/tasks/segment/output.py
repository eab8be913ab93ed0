"""The half of semantic segmentation that needs no torch: from probabilities to a evaluated, drawn map of classes.

Shapes: B images, K classes, H W rows and columns of an image, h w of the network's map.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from foveal.data.catalog.catalog import Annotation, Catalog
from foveal.data.catalog.class_maps import read_mask
from foveal.errors import DataError
from foveal.imaging import draw, draw_masks
from foveal.metrics.contract import Metric
from foveal.metrics.segmentation.metric import SegmentationMetric
from foveal.ops.blend import Blend, to_pixels
from foveal.tasks.contract import Goal, View
from foveal.types.arrays import RGB, Array
from foveal.types.categories import Categories
from foveal.types.geometry import Geometry
from foveal.types.masks import ClassMap, MapTruth
from foveal.types.settings import Settings

SHOWN_SHARE = 0.001
"""Part of an image from which on a class is named in tables and legends."""


class SegmentDecode(Settings):
    """How probabilities become classes: the likeliest of each pixel."""


@dataclass(frozen=True)
class Truths(Sequence[MapTruth]):
    """Masks of some images, read when they are asked for."""

    catalog: Catalog
    indices: Sequence[int]

    def __len__(self) -> int:
        """How many images."""
        return len(self.indices)

    @overload
    def __getitem__(self, place: int) -> MapTruth: ...
    @overload
    def __getitem__(self, place: slice) -> "Truths": ...
    def __getitem__(self, place: int | slice) -> "MapTruth | Truths":
        """One image's, or some."""
        if isinstance(place, slice):
            return Truths(self.catalog, self.indices[place])
        return MapTruth(read_mask(self.catalog, int(self.indices[place])))

    def __iter__(self) -> Iterator[MapTruth]:
        """In order."""
        return (self[i] for i in range(len(self)))


class SegmentOutput:
    """``tasks.contract.Output`` for semantic segmentation."""

    name = "segment"
    preview_side = 320
    inference_scale = 1.5
    annotations: Sequence[Annotation] = ("masks", "boxes")
    whole_too = False
    tolerances: Mapping[str, float] = {"pixels": 1e-3}

    def goal(self, options: Settings) -> Goal:
        """Mean IoU."""
        return Goal("mIoU")

    def decode(self, values: Mapping[str, object]) -> SegmentDecode:
        """Check options read from a card."""
        return SegmentDecode.model_validate(dict(values))

    def assemble(
        self,
        arrays: Mapping[str, Array],
        geometries: Sequence[Geometry],
        categories: Categories,
        options: Settings,
    ) -> Iterator[ClassMap]:
        """One ``ClassMap`` an image, at its own size, from ``probabilities`` (B, K, h, w)."""
        for one, geometry in zip(arrays["probabilities"], geometries, strict=True):
            yield ClassMap.of(to_pixels(one, geometry).argmax(0), categories)

    def accept(self, catalog: Catalog, options: Settings) -> None:
        """There must be masks.

        Raises:
            DataError: The data set says nothing of pixels.
        """
        if catalog.annotation != "masks":
            raise DataError(
                f"{catalog.root}: this data set has no masks.",
                "Give a folder of images and masks, Pascal VOC's SegmentationClass, or COCO polygons.",
            )

    def truths(self, catalog: Catalog, indices: Sequence[int]) -> Truths:
        """The masks of some images."""
        return Truths(catalog, indices)

    def metric(self, categories: Categories, options: Settings) -> Metric:
        """The metric."""
        return SegmentationMetric(categories)

    def calibrate(
        self,
        arrays: Mapping[str, Array],
        geometries: Sequence[Geometry],
        truths: Sequence[MapTruth],
        categories: Categories,
        options: Settings,
    ) -> SegmentDecode:
        """Nothing is fitted."""
        return _decode(options)

    def merge(
        self,
        arrays: Sequence[Mapping[str, Array]],
        geometries: Sequence[Geometry],
        views: Sequence[View],
        size: tuple[int, int],
        categories: Categories,
        options: Settings,
    ) -> ClassMap:
        """The views' probabilities, blended smoothly where they overlap."""
        blend = Blend(size, len(categories))
        for one, geometry, view in zip(arrays, geometries, views, strict=True):
            blend.add(one["probabilities"], geometry, view)
        return ClassMap.of(blend.result().argmax(0), categories)

    def draw(self, image: RGB, prediction: ClassMap) -> RGB:
        """The image tinted by class, with a legend of those that are there."""
        ids = prediction.ids
        tinted = draw_masks.overlay(image, ids, _colors(prediction.categories))
        return draw_masks.legend(tinted, _named(ids, prediction.categories))

    def draw_evaluated(self, image: RGB, truth: MapTruth, prediction: ClassMap, categories: Categories) -> RGB:
        """What is there, what was found, and where the two differ, under one legend."""
        ids, colors = prediction.ids, _colors(categories)
        row = draw.row(
            [
                draw_masks.overlay(image, truth.ids, colors),
                draw_masks.overlay(image, ids, colors),
                draw_masks.error_map(image, truth.ids, ids),
            ],
            titles=("truth", "found", "wrong"),
        )
        return draw_masks.legend(row, _named(np.concatenate([truth.ids.ravel(), ids.ravel()]), categories))

    def rows(self, prediction: ClassMap) -> list[dict[str, str | float]]:
        """Name and share of the image (as ``score``) of each class, largest first."""
        return [{"name": name, "score": share} for name, share in _shares(prediction)]

    def record(self, truth: MapTruth, prediction: ClassMap) -> dict[str, str | float]:
        """Part of the known pixels that are right, and what was found."""
        known = truth.ids < len(prediction.categories)
        right = (truth.ids == prediction.ids)[known]
        return {
            "pixel_accuracy": round(float(right.mean()), 6) if right.size else "",
            "prediction": "; ".join(f"{name} {share:.3f}" for name, share in _shares(prediction)),
        }

    def mask_png(self, prediction: ClassMap) -> Mapping[str, bytes]:
        """One palette PNG whose indices are class ids."""
        return {"": draw_masks.palette_png(prediction.ids, _colors(prediction.categories))}

    def compared(self, options: Settings) -> Settings:
        """A prediction hides nothing."""
        return options

    def differences(self, ours: ClassMap, theirs: ClassMap) -> dict[str, float]:
        """Part of the pixels that two paths give another class."""
        return {"pixels": float((ours.ids != theirs.ids).mean())}

    def first_answer(self, prediction: ClassMap) -> str:
        """The class that covers most."""
        return prediction.categories.names[int(prediction.shares().argmax())]


def _shares(prediction: ClassMap) -> list[tuple[str, float]]:
    shares = prediction.shares()
    order = np.argsort(-shares, kind="stable")
    return [(prediction.categories.names[k], float(shares[k])) for k in order.tolist() if shares[k] >= SHOWN_SHARE]


def _named(ids: Array, categories: Categories) -> list[tuple[str, tuple[int, int, int]]]:
    """Names and colours of the classes that cover enough to be seen."""
    counts = np.bincount(ids.ravel(), minlength=len(categories))[: len(categories)]
    there = np.flatnonzero(counts >= SHOWN_SHARE * ids.size)
    return [(categories.names[k], categories.color(k)) for k in there.tolist()]


def _colors(categories: Categories) -> list[tuple[int, int, int]]:
    return [categories.color(k) for k in range(len(categories))]


def _decode(options: Settings) -> SegmentDecode:
    assert isinstance(options, SegmentDecode), "options of another task"
    return options
