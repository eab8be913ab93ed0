"""Masks of a data set, read on access, so that memory does not grow with their number."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from foveal.brief import brief
from foveal.data.catalog.catalog import Catalog
from foveal.data.catalog.class_maps import read_mask
from foveal.types.predictions.masks import MapTruth


@dataclass(frozen=True)
class LazyMasks(Sequence[MapTruth]):
    """Masks of some images."""

    catalog: Catalog
    indices: Sequence[int]

    __repr__ = brief

    def __len__(self) -> int:
        """How many images."""
        return len(self.indices)

    @overload
    def __getitem__(self, place: int) -> MapTruth: ...
    @overload
    def __getitem__(self, place: slice) -> "LazyMasks": ...
    def __getitem__(self, place: int | slice) -> "MapTruth | LazyMasks":
        """One image's, or some."""
        if isinstance(place, slice):
            return LazyMasks(self.catalog, self.indices[place])
        return MapTruth(read_mask(self.catalog, int(self.indices[place])))

    def __iter__(self) -> Iterator[MapTruth]:
        """In order."""
        return (self[i] for i in range(len(self)))
